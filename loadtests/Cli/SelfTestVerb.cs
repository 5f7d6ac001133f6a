using System.CommandLine;
using Connect.LoadTests.Load;
using Connect.LoadTests.SelfTest;

namespace Connect.LoadTests.Cli;

internal static class SelfTestVerb
{
    public static Command Create()
    {
        var verb = new Command("self-test", "Measures a server that freezes for 2 s, and fails if the freeze is not in the percentiles.");
        verb.Aliases.Add("--self-test");
        verb.SetAction(async (_, cancel) =>
        {
            var result = await SelfTestRun.RunAsync(cancel);
            Console.Write(LoadText.Of(result.Open));
            Console.Write(LoadText.Of(result.Closed));
            Console.WriteLine($"{(result.OpenSeesIt ? "pass" : "FAIL")}  the open model sees the freeze (p90 {result.Open.Latency.P90:0} ms)");
            Console.WriteLine($"{(result.ClosedMissesIt ? "pass" : "FAIL")}  the closed model would have missed it (p99 {result.Closed.Latency.P99:0} ms)");
            return result.Passed ? 0 : 1;
        });
        return verb;
    }
}
