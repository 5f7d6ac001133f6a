using System.Diagnostics;
using System.Text;

namespace Connect.RingDaemon.Local;

/// <summary>Runs a program to its end and collects what it printed.</summary>
internal static class Tool
{
    /// <param name="ExitCode">0 if all went well.</param>
    /// <param name="Output">Standard output and error, as they came.</param>
    public sealed record Result(int ExitCode, string Output);

    /// <summary>Runs it; after <paramref name="deadline"/>, or when cancelled, it is killed with its children.</summary>
    /// <exception cref="LocalRingException">It could not be started, or took too long.</exception>
    public static async Task<Result> RunAsync(IReadOnlyList<string> command, TimeSpan deadline, CancellationToken cancel,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        var info = new ProcessStartInfo(command[0], command.Skip(1))
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) info.Environment[name] = value;
        using var process = Start(info);
        process.StandardInput.Close();
        var output = new StringBuilder();
        void Collect(object _, DataReceivedEventArgs line)
        {
            if (line.Data is null) return;
            lock (output) output.AppendLine(line.Data);
        }
        process.OutputDataReceived += Collect;
        process.ErrorDataReceived += Collect;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(deadline);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancel.ThrowIfCancellationRequested();
            throw new LocalRingException($"{command[0]} did not end within {deadline.TotalSeconds:0} s:\n{output}");
        }
        return new(process.ExitCode, output.ToString());
    }

    private static Process Start(ProcessStartInfo info)
    {
        try
        {
            return Process.Start(info)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new LocalRingException($"{info.FileName} cannot be run: {e.Message}", e);
        }
    }
}
