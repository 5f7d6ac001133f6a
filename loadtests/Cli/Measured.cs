using Connect.LoadTests.Results;
using Connect.LoadTests.Ring;

namespace Connect.LoadTests.Cli;

/// <summary>What every measuring verb does around its measurement.</summary>
internal static class Measured
{
    private const int CouldNotMeasure = 3;

    /// <summary>Takes a ring up if the folder has none that runs, measures, and takes it down again if it was taken up here.</summary>
    public static async Task<int> OnRingAsync(string folder, string engine, int size, int port, Func<RingUnderTest, Task<int>> measure, CancellationToken cancel)
    {
        var started = false;
        try
        {
            if (!IsRunning(folder))
            {
                Console.WriteLine($"Taking up {size} nodes on {engine} in {folder}");
                started = true;
                await ConnectCommand.RunAsync(TimeSpan.FromMinutes(6), cancel, "up", "--engine", engine, "--nodes", $"{size}", "--data", Path.GetFullPath(folder), "--port", $"{port}", "--detach");
            }
            return await measure(RingUnderTest.Open(folder));
        }
        catch (MeasurementException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return CouldNotMeasure;
        }
        finally
        {
            if (started) await TakeDownAsync(folder);
        }
    }

    /// <summary>Stores and prints a result.</summary>
    /// <returns>The exit code.</returns>
    public static int Store(StoredResult result, string folder, string body)
    {
        result.Save(folder, body);
        foreach (var reason in result.Void) Console.WriteLine($"VOID  {reason}");
        foreach (var v in result.Verdicts) Console.WriteLine($"{(v.Passed ? "pass" : "FAIL")}  {v.Target}: {(v.Measured is { } m ? m.ToString("0.##") : "none")} (at most {v.Limit:0.##})");
        Console.WriteLine($"Stored {Path.Combine(folder, result.Name)}.md and .json");
        return result.ExitCode;
    }

    private static bool IsRunning(string folder) =>
        File.Exists(Path.Combine(folder, "ring.json")) && RingUnderTest.Open(folder).Nodes.Any(n => n.Process("daemon") is not null || n.Process("mysql") is not null);

    private static async Task TakeDownAsync(string folder)
    {
        try
        {
            await ConnectCommand.RunAsync(TimeSpan.FromMinutes(2), CancellationToken.None, "down", "--wipe", "--data", Path.GetFullPath(folder));
        }
        catch (MeasurementException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
        }
    }
}
