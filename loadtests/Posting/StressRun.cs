using Connect.LoadTests.Load;
using Connect.LoadTests.Results;
using Connect.LoadTests.Ring;

namespace Connect.LoadTests.Posting;

/// <summary>What a ring under posts did.</summary>
/// <param name="Failures">Requests that failed and were sent again.</param>
public sealed record StressNumbers(double Rate, LoadResult Load, LedgerVerdict Ledger, int Failures)
{
    public IReadOnlyList<Verdict> Verdicts =>
    [
        new("acknowledged posts lost", 0, Ledger.Lost.Count),
        new("posts doubled", 0, Ledger.Doubled.Count + Ledger.SharedIds),
        new("posts given up after 30 s", 0, Ledger.GivenUp),
        new("wrong answers", 0, Load.Outcomes[Outcome.Wrong]),
    ];

    public string Body() => $"{Rate:0.#} posts a second through the load balancer, nothing is broken.\n\n```\n{LoadText.Of(Load).TrimEnd()}\n```\n\n"
        + $"Acknowledged {Ledger.Acknowledged}, lost {Ledger.Lost.Count}, doubled {Ledger.Doubled.Count}, late {Ledger.Late}; failed requests {Failures}.\n";
}

/// <summary>People post, evenly, through the load balancer.</summary>
public static class StressRun
{
    public static async Task<StressNumbers> RunAsync(RingUnderTest ring, double rate, TimeSpan duration, CancellationToken cancel)
    {
        using var daemons = new DaemonApi(ring);
        using var http = PostingClient.Connect(ring.BoardUrl, ring.BoardToken);
        await daemons.HealthyAsync(TimeSpan.FromSeconds(60), cancel);
        var topic = await BoardTopic.CreateAsync(http, "Stress", cancel);
        await daemons.HealthyAsync(TimeSpan.FromSeconds(60), cancel);
        var ledger = new Ledger();
        var client = new PostingClient(http, topic.Id, ledger);
        var warmUp = TimeSpan.FromSeconds(5);
        var load = await LoadRunner.RunAsync(Scenario.Create("posts through the load balancer", _ => client.PostAsync(LedgerJudge.NewToken()))
            .WithWarmUp(warmUp).WithMaxLateness(TimeSpan.FromMilliseconds(50)).WithMaxInFlight(2000)
            .WithLoad(LoadSimulation.Inject(rate, warmUp + duration)), cancel);
        return new(rate, load, await LedgerCheck.RunAsync(ring, topic.Id, ledger, TimeSpan.FromSeconds(60), cancel), ledger.Failed.Count);
    }
}
