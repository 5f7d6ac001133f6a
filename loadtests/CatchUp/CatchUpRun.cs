using System.Globalization;
using System.Text.Json.Nodes;
using Connect.LoadTests.Load;
using Connect.LoadTests.Nemesis;
using Connect.LoadTests.Posting;
using Connect.LoadTests.Ring;
using Connect.Node.Database;

namespace Connect.LoadTests.CatchUp;

/// <summary>Kills a node while people post, leaves it dead, brings it back while they go on, and watches it catch up.</summary>
public sealed class CatchUpRun(RingUnderTest ring, CatchUpOptions options, TextWriter progress)
{
    private static readonly TimeSpan Healthy = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan LedgerPatience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Reading = TimeSpan.FromMinutes(5);
    private static readonly string[] Parts = ["mysql", "web", "daemon"];

    public async Task<CatchUpNumbers> RunAsync(CancellationToken cancel)
    {
        using var daemons = new DaemonApi(ring);
        using var http = PostingClient.Connect(ring.BoardUrl, ring.BoardToken);
        var engine = (await daemons.HealthyAsync(Healthy, cancel)).Nodes[0].Engine;
        var topic = await BoardTopic.CreateAsync(http, "Posts while a node is away", cancel);
        await daemons.HealthyAsync(Healthy, cancel);
        var ledger = new Ledger();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var posting = PostAsync(new(http, topic.Id, ledger), enough.Token);
        var victim = ring[options.Victim];
        long killedAt, startedAt;
        List<Look> looks;
        double machineBefore, machineDuring;
        try
        {
            await Task.Delay(options.Before, cancel);
            var processes = Parts.Select(part => victim.Process(part) ?? throw new MeasurementException($"{part} of {victim.Name} does not run.")).ToArray();
            killedAt = Clock.Now;
            foreach (var process in processes) process.Send(KillSignal.Kill);
            await progress.WriteLineAsync($"{victim.Name} is killed; back in {options.Away.TotalMinutes:0.#} minutes");
            await AwayAsync(ledger, killedAt, cancel);
            machineBefore = LoadAverage();
            var starting = ConnectCommand.RunAsync(options.Patience, cancel, "start", victim.Name, "--no-wait", "--data", ring.Folder);
            startedAt = await DaemonStartAsync(victim, starting, cancel);
            looks = await WatchAsync(victim, daemons, topic, ledger, startedAt, cancel);
            await starting;
            machineDuring = LoadAverage();
        }
        finally
        {
            await enough.CancelAsync();
        }
        var load = await posting;
        await daemons.HealthyAsync(Healthy, cancel);

        double Seconds(long at) => Clock.Milliseconds(startedAt, at) / 1000;
        var acknowledged = ledger.Acknowledged.Select(a => Seconds(a.At)).Order().ToArray();
        var standings = CatchUpReading.Against(looks, acknowledged);
        var reading = CatchUpReading.Of(standings, acknowledged.Count(at => at <= 0));
        var verdict = await LedgerCheck.RunAsync(ring, topic.Id, ledger, LedgerPatience, cancel, Reading);
        var checksum = await daemons.GetAsync(ring.Nodes[0], "/v1/checksum", Reading, cancel);
        var copies = CopyCheck.Differences(await CopyCheck.ReadAsync(ring, cancel, Reading), [.. ring.Nodes.Select(n => n.Name)]);
        return new(engine, [.. ring.Nodes.Select(n => n.Name)], options, Seconds(killedAt) is var killed ? -killed : 0, acknowledged.Count(at => at > Seconds(killedAt) && at <= 0), reading, standings,
            await AuditAsync(daemons, victim, cancel), load.Outcomes, load.Overflow, load.Latency, load.Lateness, load.Failures, verdict, checksum, copies, machineBefore, machineDuring);
    }

    private Task<LoadResult> PostAsync(PostingClient client, CancellationToken stop) => LoadRunner.RunAsync(
        Scenario.Create("posts through the load balancer", _ => client.PostAsync(LedgerJudge.NewToken()))
            .WithMaxInFlight((int)(60 * options.Rate)) // twice the client's patience
            .WithLoad(LoadSimulation.Inject(options.Rate, TimeSpan.FromHours(24))), stop);

    private async Task AwayAsync(Ledger ledger, long killedAt, CancellationToken cancel)
    {
        var end = Clock.After(killedAt, options.Away);
        for (var minute = 1; Clock.Now < end; minute++)
        {
            var next = Math.Min(end, Clock.After(killedAt, TimeSpan.FromMinutes(minute)));
            // A delay may end a moment too early.
            while (Clock.Milliseconds(Clock.Now, next) is > 0 and var left) await Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(left)), cancel);
            await progress.WriteLineAsync($"away for {Clock.Milliseconds(killedAt, Clock.Now) / 60000:0.0} minutes: {ledger.Acknowledged.Count} posts acknowledged, {ledger.Failed.Count} requests failed, load average {LoadAverage():0.0}");
        }
    }

    /// <summary>When the kernel says that the daemon's process began: this thread may be late, the kernel is not.</summary>
    private static async Task<long> DaemonStartAsync(RingMember node, Task starting, CancellationToken cancel)
    {
        while (true)
        {
            if (node.Process("daemon") is { } process)
            {
                var (now, uptime) = (Clock.Now, double.Parse(File.ReadAllText("/proc/uptime").Split(' ')[0], CultureInfo.InvariantCulture));
                return Clock.After(now, -TimeSpan.FromSeconds(uptime - (double)process.StartTicks / ProcessUsage.TicksPerSecond));
            }
            if (starting.IsFaulted) await starting;
            await Task.Delay(10, cancel);
        }
    }

    /// <summary>Looks until the node is alive and level, and for a while after that.</summary>
    private async Task<List<Look>> WatchAsync(RingMember node, DaemonApi daemons, BoardTopic topic, Ledger ledger, long startedAt, CancellationToken cancel)
    {
        var looks = new List<Look>();
        var posts = new PostCount(topic);
        using var database = node.OpenDatabase();
        var deadline = Clock.After(startedAt, options.Patience);
        long? level = null;
        var told = 0.0;
        while (level is null || Clock.Now < Clock.After(level.Value, options.After))
        {
            if (Clock.Now > deadline) break;
            var began = Clock.Now;
            try
            {
                var acknowledged = ledger.Acknowledged.Count;
                var nearlyLevel = looks.Count > 0 && acknowledged - looks[^1].Held <= 10 * options.Rate;
                var held = await database.RunAsync(c => posts.Read(c, exactly: nearlyLevel), TimeSpan.FromSeconds(5), cancel);
                var counted = Clock.Now;
                var says = await daemons.GetAsync(node, "/v1/node?position=false", TimeSpan.FromSeconds(1), cancel);
                var look = new Look(Clock.Milliseconds(startedAt, counted) / 1000, held, (string?)says?["state"] ?? "", (bool?)says?["serving"] ?? false, (double?)says?["lagSeconds"]);
                looks.Add(look);
                // Roughly, to know when to stop; the reading is made afterwards.
                if (level is null && look.State == "alive" && acknowledged - held <= options.Rate / 2) level = counted;
                if (look.At - told >= 5)
                {
                    told = look.At;
                    await progress.WriteLineAsync($"{look.At,6:0.0} s: {(look.State.Length > 0 ? look.State : "no answer")}, {held} posts, {Math.Max(0, acknowledged - held)} behind");
                }
            }
            catch (Exception e) when (e is DatabaseUnavailableException or System.Data.Common.DbException)
            {
                // It does not answer yet.
            }
            if (Clock.Milliseconds(began, Clock.Now) is var took && took < CatchUpOptions.LookEvery.TotalMilliseconds)
                await Task.Delay(CatchUpOptions.LookEvery - TimeSpan.FromMilliseconds(took), cancel);
        }
        return looks;
    }

    private static async Task<JsonArray> AuditAsync(DaemonApi daemons, RingMember node, CancellationToken cancel)
    {
        var answer = await daemons.GetAsync(node, "/v1/audit?limit=20", TimeSpan.FromSeconds(5), cancel);
        return answer?["items"]?.DeepClone().AsArray() ?? [];
    }

    private static double LoadAverage() => double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture);
}
