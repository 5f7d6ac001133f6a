using Connect.LoadTests.Load;
using Connect.LoadTests.Posting;
using Connect.LoadTests.Ring;
using Connect.Node.Database;

namespace Connect.LoadTests.Failover;

/// <summary>Everything a failover measurement found.</summary>
/// <param name="Engine">As the servers name themselves.</param>
/// <param name="RingNodes">Names of all nodes.</param>
/// <param name="Load">What the posting clients felt; null without load.</param>
/// <param name="Ledger">What became of acknowledged posts; null without load.</param>
/// <param name="Checksum">What a daemon answered when asked whether all copies are equal; null if it did not.</param>
/// <param name="Ended">Why the run ended early; empty if it did not.</param>
public sealed record FailoverNumbers(
    string Engine, IReadOnlyList<string> RingNodes, FailoverOptions Options, IReadOnlyList<Round> Rounds, LoadResult? Load, IReadOnlyList<FailureOffset> Failures, LedgerVerdict? Ledger,
    System.Text.Json.Nodes.JsonNode? Checksum, string Ended)
{
    /// <summary>Every node's copy was compared, and all are equal. A daemon also calls those equal that answered while another one is missing: that is not enough here.</summary>
    public bool ChecksumEqual => (bool?)Checksum?["equal"] == true
        && Checksum["tables"]?.AsArray() is { Count: > 0 } tables && tables.All(t => RingNodes.All(node => t?["digests"]?[node] is not null));
}

/// <summary>Kills every node in turn, again and again, while people post.</summary>
public sealed class FailoverRun(RingUnderTest ring, FailoverOptions options, TextWriter progress)
{
    private static readonly TimeSpan LedgerPatience = TimeSpan.FromSeconds(60);

    private readonly Random _random = new(options.Seed);

    public async Task<FailoverNumbers> RunAsync(CancellationToken cancel)
    {
        using var daemons = new DaemonApi(ring);
        using var http = PostingClient.Connect(ring.BoardUrl, ring.BoardToken);
        var state = await daemons.HealthyAsync(FailoverOptions.HealPatience, cancel);
        var probes = await BoardTopic.CreateAsync(http, "Probes", cancel);
        var topic = await BoardTopic.CreateAsync(http, "Posts while nodes die", cancel);
        await daemons.HealthyAsync(FailoverOptions.HealPatience, cancel); // the new topics are everywhere

        var ledger = new Ledger();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var posting = options.Load > 0 ? PostAsync(new(http, topic.Id, ledger), enough.Token) : Task.FromResult<LoadResult>(null!);
        var rounds = new List<Round>();
        var ended = await BreakAsync(daemons, probes, rounds, cancel);
        await enough.CancelAsync();
        LoadResult? load = await posting;

        LedgerVerdict? verdict = null;
        if (load is not null)
        {
            try
            {
                verdict = await LedgerCheck.RunAsync(ring, topic.Id, ledger, LedgerPatience, cancel);
            }
            catch (DatabaseUnavailableException e)
            {
                ended = $"{ended} The ledger could not be checked: {e.Message}".Trim();
            }
        }
        var checksum = await daemons.GetAsync(ring.Nodes[0], "/v1/checksum", TimeSpan.FromSeconds(60), cancel);
        return new(state.Nodes[0].Engine, [.. ring.Nodes.Select(n => n.Name)], options, rounds, load, [.. ledger.Failed.OrderBy(f => f.Ended).Select(f => FailureOffset.Of(f, rounds))], verdict, checksum, ended);
    }

    private Task<LoadResult> PostAsync(PostingClient client, CancellationToken stop) => LoadRunner.RunAsync(
        Scenario.Create("posts through the load balancer", _ => client.PostAsync(LedgerJudge.NewToken()))
            .WithWarmUp(TimeSpan.FromSeconds(3))
            .WithMaxInFlight(2000) // 30 s of patience at 50 posts a second, and some more
            .WithMaxLateness(TimeSpan.FromMilliseconds(50)) // the generator shares its cores with servers that start and die
            .WithLoad(LoadSimulation.Inject(options.Load, TimeSpan.FromHours(12))), stop);

    /// <returns>Why it ended early; empty if it did not.</returns>
    private async Task<string> BreakAsync(DaemonApi daemons, BoardTopic probes, List<Round> rounds, CancellationToken cancel)
    {
        var ids = new Uuid7(TimeProvider.System);
        var run = new RoundRun(ring, daemons, probes, ids, options);
        try
        {
            var state = await daemons.HealthyAsync(FailoverOptions.HealPatience, cancel);
            for (var number = 1; number <= options.Rounds; number++)
            {
                var victim = state.Ring.Order[(number - 1) % state.Ring.Order.Count];
                var round = await run.RunAsync(number, victim, state, TimeSpan.FromMilliseconds(_random.Next(1000)), cancel);
                rounds.Add(round);
                var began = Clock.Now;
                await ConnectCommand.RunAsync(FailoverOptions.HealPatience, cancel, "start", victim, "--data", ring.Folder);
                state = await daemons.HealthyAsync(FailoverOptions.HealPatience, cancel);
                rounds[^1] = round = round with { HealedSeconds = Clock.Milliseconds(began, Clock.Now) / 1000 };
                await progress.WriteLineAsync($"round {number}/{options.Rounds}: {victim}  flow {Shown(round.FlowMs)}  balancer {Shown(round.BalancerMs)}  result {Shown(round.ResultMs)} ms"
                    + $"  (detected {Shown(round.DetectedMs)}, re-point {Shown(round.RepointMs)}{(round.SourceProven ? "" : ", SOURCE NOT PROVEN")}; whole again after {round.HealedSeconds:0.0} s)");
            }
            return "";
        }
        catch (MeasurementException e)
        {
            await progress.WriteLineAsync(e.Message);
            return e.Message;
        }
    }

    private static string Shown(double? milliseconds) => milliseconds is { } ms ? ms.ToString("0") : "-";
}
