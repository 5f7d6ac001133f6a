using System.Diagnostics;

namespace Connect.RingDaemon.Tests.Cluster;

internal static class Shell
{
    /// <returns>True if it ended with 0 within two minutes.</returns>
    public static async Task<bool> TryAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await Task.WhenAll(process.StandardOutput.ReadToEndAsync(deadline.Token), process.StandardError.ReadToEndAsync(deadline.Token), process.WaitForExitAsync(deadline.Token));
        return process.ExitCode == 0;
    }
}
