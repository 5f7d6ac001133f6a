using Connect.LoadTests.Load;

namespace Connect.LoadTests.SelfTest;

/// <summary>One freeze, measured by both models at the same time.</summary>
/// <param name="Open">What people would have felt.</param>
/// <param name="Closed">What a loop of clients would have reported.</param>
public sealed record SelfTestResult(LoadResult Open, LoadResult Closed)
{
    /// <summary>
    /// A freeze of 2 s in a run of 5 s hits two fifths of those who come, evenly: the 90th percentile then lies 1.5 s into the freeze
    /// (the tenth of all arrivals that waited longest came in its first half second), the 75th 0.75 s, whatever the server does otherwise.
    /// </summary>
    public bool OpenSeesIt => Open.Void.Count == 0 && Open.Latency.P90 is > 1400 and < 2000 && Open.Latency.Max > 1900;

    /// <summary>The closed loop sends almost nothing while it waits: its 99th percentile shows no trace of the two seconds.</summary>
    public bool ClosedMissesIt => Closed.Latency.P99 < 300 && Closed.Latency.Max > 1500;

    public bool Passed => OpenSeesIt && ClosedMissesIt;
}

/// <summary>Does the tool see what it is there to see? Measures a server that freezes for two seconds in the middle of a run.</summary>
public static class SelfTestRun
{
    public static readonly TimeSpan Freeze = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Before = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan During = TimeSpan.FromSeconds(5);

    public static async Task<SelfTestResult> RunAsync(CancellationToken cancel = default)
    {
        await using var server = await FreezingServer.StartAsync();
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = 1000 }) { BaseAddress = new(server.Url) };
        Scenario Get(string name) => Scenario.Create(name, async _ => await http.GetStringAsync("/", cancel) == "here" ? Response.Ok() : Response.Wrong("body"));
        await LoadRunner.RunAsync(Get("warm-up").WithLoad(LoadSimulation.Inject(100, TimeSpan.FromSeconds(0.5))), cancel);
        server.FreezeAfter(Before, Freeze);
        var open = LoadRunner.RunAsync(Get("open").WithLoad(LoadSimulation.Inject(100, During)).WithMaxLateness(TimeSpan.FromMilliseconds(200)), cancel);
        var closed = LoadRunner.RunAsync(Get("closed").WithLoad(LoadSimulation.KeepConstant(2, During)), cancel);
        return new(await open, await closed);
    }
}
