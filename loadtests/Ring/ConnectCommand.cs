using System.Diagnostics;
using Connect.LoadTests.Load;
using Connect.LoadTests.Results;

namespace Connect.LoadTests.Ring;

/// <summary>Runs <c>./connect</c> as an operator would.</summary>
public static class ConnectCommand
{
    private static readonly Dictionary<string, string> None = [];

    /// <summary>Runs a verb and waits for its end.</summary>
    /// <returns>How long it took, ms.</returns>
    /// <exception cref="MeasurementException">It failed or took too long; the message has the end of its output.</exception>
    public static Task<double> RunAsync(TimeSpan patience, CancellationToken cancel, params string[] arguments) => RunAsync(patience, None, cancel, arguments);

    /// <inheritdoc cref="RunAsync(TimeSpan, CancellationToken, string[])"/>
    /// <param name="environment">On top of this program's own; what the verb starts inherits it.</param>
    public static async Task<double> RunAsync(TimeSpan patience, IReadOnlyDictionary<string, string> environment, CancellationToken cancel, params string[] arguments)
    {
        // Output goes to a file: what the verb leaves running must not keep a pipe open.
        var log = Path.GetTempFileName();
        var info = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, WorkingDirectory = Provenance.Repository };
        foreach (var argument in (string[])["-c", """log=$1; shift; exec ./connect "$@" >"$log" 2>&1 </dev/null""", "connect", log, .. arguments]) info.ArgumentList.Add(argument);
        foreach (var (name, value) in environment) info.Environment[name] = value;
        var began = Clock.Now;
        using var process = Process.Start(info)!;
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limited.CancelAfter(patience);
        try
        {
            await process.WaitForExitAsync(limited.Token);
            var took = Clock.Milliseconds(began, Clock.Now);
            if (process.ExitCode != 0)
                throw new MeasurementException($"./connect {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{await File.ReadAllTextAsync(log, cancel)}");
            return took;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: false);
            if (cancel.IsCancellationRequested) throw;
            throw new MeasurementException($"./connect {string.Join(' ', arguments)} took more than {patience.TotalSeconds:0} s:\n{await File.ReadAllTextAsync(log, CancellationToken.None)}");
        }
        finally
        {
            File.Delete(log);
        }
    }
}
