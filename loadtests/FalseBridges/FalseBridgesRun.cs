using System.Globalization;
using Connect.LoadTests.Load;
using Connect.LoadTests.Nemesis;
using Connect.LoadTests.Posting;
using Connect.LoadTests.Ring;

namespace Connect.LoadTests.FalseBridges;

/// <summary>Keeps the machine busy, then pauses nodes and parts of them, and counts who changes its source because of that.</summary>
public sealed class FalseBridgesRun(RingUnderTest ring, FalseBridgesOptions options, TextWriter progress)
{
    private static readonly TimeSpan Healthy = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan LedgerPatience = TimeSpan.FromMinutes(1);
    private static readonly string[] Kinds = ["node", "mysql", "daemon"];

    private readonly Random _random = new(options.Seed);

    public async Task<FalseBridgesNumbers> RunAsync(CancellationToken cancel)
    {
        using var daemons = new DaemonApi(ring);
        using var http = PostingClient.Connect(ring.BoardUrl, ring.BoardToken);
        var engine = (await daemons.HealthyAsync(Healthy, cancel)).Nodes[0].Engine;
        var topic = await BoardTopic.CreateAsync(http, "Posts while nodes are slow", cancel);
        await daemons.HealthyAsync(Healthy, cancel);
        var ledger = new Ledger();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var client = new PostingClient(http, topic.Id, ledger);
        var posting = LoadRunner.RunAsync(Scenario.Create("posts through the load balancer", _ => client.PostAsync(LedgerJudge.NewToken()))
            .WithMaxInFlight(2000).WithLoad(LoadSimulation.Inject(options.Rate, TimeSpan.FromHours(24))), enough.Token);
        using var balancer = new BalancerLog(new(ring.BalancerSocket));
        SaturatedPart saturated;
        var pauses = new List<Pause>();
        var ended = "";
        try
        {
            saturated = await SaturateAsync(balancer, cancel);
            try
            {
                await daemons.HealthyAsync(FalseBridgesOptions.ToHeal, cancel);
                await PauseAsync(options.ShortPauses, FalseBridgesOptions.Shortest, FalseBridgesOptions.Unnoticed, daemons, heal: false, pauses, cancel);
                await daemons.HealthyAsync(FalseBridgesOptions.ToHeal, cancel);
                await PauseAsync(options.LongPauses, FalseBridgesOptions.FromSeconds, FalseBridgesOptions.ToSeconds, daemons, heal: true, pauses, cancel);
            }
            catch (MeasurementException e)
            {
                ended = e.Message;
                await progress.WriteLineAsync(ended);
            }
        }
        finally
        {
            await enough.CancelAsync();
        }
        var load = await posting;
        var verdict = await LedgerCheck.RunAsync(ring, topic.Id, ledger, LedgerPatience, cancel);
        return new(engine, options, saturated, pauses, balancer.Changes, load.Outcomes, load.Latency, verdict, ended);
    }

    private async Task<SaturatedPart> SaturateAsync(BalancerLog balancer, CancellationToken cancel)
    {
        var from = DateTimeOffset.UtcNow;
        var use = new ProcessorUse();
        var averages = new List<double>();
        var fewest = options.Busy;
        await using var observer = new Observer(ring, Clock.Now);
        using (var busy = new BusyProcesses(options.Busy, options.Saturated + TimeSpan.FromMinutes(2)))
        {
            var end = Clock.After(Clock.Now, options.Saturated);
            for (var told = 0; Clock.Now < end; told++)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Clamp(Clock.Milliseconds(Clock.Now, end), 1, 10_000)), cancel);
                averages.Add(double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture));
                fewest = Math.Min(fewest, busy.Running);
                if (told % 6 == 5) await progress.WriteLineAsync($"saturated for {Clock.Milliseconds(end, Clock.Now) / 60000 + options.Saturated.TotalMinutes:0} minutes: {ChangesSince(from).Count} changes of source, load average {averages[^1]:0.0}");
            }
        }
        var until = DateTimeOffset.UtcNow;
        var seen = observer.Moments;
        return new(from, until, use.Share(), fewest, averages, ChangesSince(from), [.. balancer.Changes.Where(c => c.At >= from && c.At <= until)], SourcesSeen(seen), seen.Count, AuditFiles.Since(ring, from));
    }

    private async Task PauseAsync(int each, TimeSpan from, TimeSpan to, DaemonApi daemons, bool heal, List<Pause> pauses, CancellationToken cancel)
    {
        for (var i = 0; i < each * Kinds.Length; i++)
        {
            var (what, node) = (Kinds[i % Kinds.Length], ring.Nodes[i / Kinds.Length % ring.Nodes.Count]);
            string[] parts = what == "node" ? ["mysql", "web", "daemon"] : [what];
            var processes = parts.Select(p => node.Process(p) ?? throw new MeasurementException($"{p} of {node.Name} does not run.")).ToArray();
            var length = from + (to - from) * _random.NextDouble();
            // Not in step with anybody's timers.
            await Task.Delay(TimeSpan.FromMilliseconds(_random.Next(1000)), cancel);
            var at = DateTimeOffset.UtcNow;
            long stopped, woken;
            DateTimeOffset wokenAt;
            try
            {
                foreach (var process in processes) process.Send(KillSignal.Stop);
                stopped = Clock.Now;
                // Less a little: a late timer must not make a second more than one.
                await Task.Delay(length - TimeSpan.FromMilliseconds(5), cancel);
            }
            finally
            {
                (woken, wokenAt) = (Clock.Now, DateTimeOffset.UtcNow);
                foreach (var process in processes) process.Send(KillSignal.Continue);
            }
            double? healed = null;
            if (heal)
            {
                await daemons.HealthyAsync(FalseBridgesOptions.ToHeal, cancel);
                healed = Clock.Milliseconds(woken, Clock.Now) / 1000;
            }
            await Task.Delay(FalseBridgesOptions.Aftermath, cancel);
            var pause = new Pause(pauses.Count + 1, what, node.Name, length.TotalMilliseconds, Clock.Milliseconds(stopped, woken), at, wokenAt, healed, ChangesSince(at));
            pauses.Add(pause);
            await progress.WriteLineAsync($"pause {pause.Number}: {what} of {node.Name} for {pause.Lasted / 1000:0.00} s; others changed {pause.AwayByOthers} times meanwhile, {pause.BackByOthers} afterwards{(healed is { } s ? $"; whole after {s:0.0} s" : "")}");
            foreach (var change in pause.IsShort ? pause.Changes : []) await progress.WriteLineAsync($"  {change.DecidedAt:HH:mm:ss.fff} {change.Node}: {change.Action} · {change.Evidence} · {change.Outcome}");
        }
    }

    private IReadOnlyList<SourceChange> ChangesSince(DateTimeOffset at) => [.. AuditFiles.Changes(ring).Where(c => c.DecidedAt >= at)];

    /// <summary>How often a source was another one than at the look before, in what the daemons said of their servers: a second witness beside the audit logs.</summary>
    private static int SourcesSeen(IReadOnlyList<Moment> moments)
    {
        var changes = 0;
        var last = new Dictionary<int, string>();
        foreach (var moment in moments)
        {
            for (var i = 0; i < moment.Sources.Count; i++)
            {
                if (moment.Sources[i] is not { } source) continue;
                if (last.TryGetValue(i, out var before) && before != source) changes++;
                last[i] = source;
            }
        }
        return changes;
    }
}
