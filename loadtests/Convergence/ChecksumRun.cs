using System.Text;
using System.Text.Json.Nodes;
using Connect.LoadTests.Load;
using Connect.LoadTests.Results;
using Connect.LoadTests.Ring;
using Connect.Node.Database;
using Connect.Node.Settings;
using Dapper;

namespace Connect.LoadTests.Convergence;

/// <summary>One comparison or repair, as an operator's command would ask for it.</summary>
/// <param name="Milliseconds">From asking a daemon to its answer, each time it was done.</param>
/// <param name="Equal">What the last one said.</param>
/// <param name="Differences">Rows it named.</param>
public sealed record ChecksumStep(string What, IReadOnlyList<double> Milliseconds, bool? Equal, int Differences)
{
    /// <summary>Of the worst time, not of the usual one.</summary>
    public double Worst => Milliseconds.Max();
}

/// <summary>Private memory of each daemon, MB (10^6 bytes).</summary>
public sealed record DaemonMemory(string Node, double Before, double After);

public sealed record ChecksumNumbers(int Posts, double LoadSeconds, IReadOnlyList<ChecksumStep> Steps, IReadOnlyList<DaemonMemory> Daemons)
{
    public IReadOnlyList<Verdict> Verdicts =>
    [
        .. Steps.Where(s => s.What is ChecksumRun.Unchanged or ChecksumRun.NewPosts or ChecksumRun.ByHand).Select(s => new Verdict($"checksum, {s.What}, ms (the worst of {s.Milliseconds.Count})", 1000, s.Worst)),
        new("steps with a wrong verdict", 0, Steps.Count(s => s.Equal is { } equal && equal != (s.What != ChecksumRun.ByHand) || s.Differences != (s.What == ChecksumRun.ByHand ? 1 : 0))),
    ];

    public string Body()
    {
        var page = new StringBuilder($"{Posts:n0} posts of 33 to 528 bytes, brought in {LoadSeconds:0} s past the board, in transactions of 10,000.\n\n");
        page.Append("| step | ms | equal | rows named |\n| --- | ---: | --- | ---: |\n");
        foreach (var s in Steps) page.Append($"| {s.What} | {string.Join(", ", s.Milliseconds.Select(m => $"{m:0}"))} | {(s.Equal is { } equal ? equal ? "yes" : "no" : "-")} | {s.Differences} |\n");
        page.Append("\n| daemon | MB private before the first reading | at the end |\n| --- | ---: | ---: |\n");
        foreach (var d in Daemons) page.Append($"| {d.Node} | {d.Before:0.0} | {d.After:0.0} |\n");
        return page.ToString();
    }
}

/// <summary>Fills a ring and asks it whether its replicas are equal, after nothing, little, and something forbidden has changed.</summary>
public static class ChecksumRun
{
    public const string Unchanged = "nothing changed";
    public const string NewPosts = "after 1,000 new posts";
    public const string ByHand = "after one row was changed by hand";

    private const int PerTransaction = 10_000;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static async Task<ChecksumNumbers> RunAsync(RingUnderTest ring, int posts, CancellationToken cancel)
    {
        using var daemons = new DaemonApi(ring);
        await daemons.HealthyAsync(TimeSpan.FromSeconds(60), cancel);
        var before = ring.Nodes.Select(Memory).ToArray();
        var began = Clock.Now;
        await FillAsync(ring.Nodes[0], posts, DateTimeOffset.UtcNow.AddDays(-30), TimeSpan.FromDays(29) / posts, cancel);
        await ArrivedAsync(ring, posts, cancel);
        var loaded = Clock.Milliseconds(began, Clock.Now) / 1000;

        var steps = new List<ChecksumStep> { await StepAsync("first reading of everything", 1, "/v1/checksum?whole=true") };
        // The servers' own statistics follow a load of this size; until they have, counters prove nothing.
        await StepAsync("", 1, "/v1/checksum");
        steps.Add(await StepAsync(Unchanged, 5, "/v1/checksum"));
        await FillAsync(ring.Nodes[0], 1000, DateTimeOffset.UtcNow.AddSeconds(-1), TimeSpan.FromMilliseconds(1), cancel);
        await ArrivedAsync(ring, posts + 1000, cancel);
        steps.Add(await StepAsync(NewPosts, 1, "/v1/checksum"));
        await TamperAsync(ring, cancel);
        steps.Add(await StepAsync(ByHand, 1, "/v1/checksum"));
        var repaired = await PostAsync("/v1/repair", new JsonObject { ["dryRun"] = false });
        steps.Add(new("repair of it", [repaired.Milliseconds], null, 0));
        steps.Add(await StepAsync("after the repair", 1, "/v1/checksum"));
        return new(posts, loaded, steps, [.. ring.Nodes.Select((n, i) => new DaemonMemory(n.Name, before[i], Memory(n)))]);

        async Task<ChecksumStep> StepAsync(string what, int times, string path)
        {
            var took = new List<double>();
            JsonNode? answer = null;
            for (var i = 0; i < times; i++)
            {
                var since = Clock.Now;
                answer = await daemons.GetAsync(ring.Nodes[0], path, Patience, cancel) ?? throw new MeasurementException($"The daemon of {ring.Nodes[0].Name} did not answer {path}.");
                took.Add(Clock.Milliseconds(since, Clock.Now));
            }
            Console.WriteLine($"{what}: {string.Join(", ", took.Select(t => $"{t:0} ms"))}: equal {answer!["equal"]}, {answer["differences"]!.AsArray().Count} named, note '{answer["note"]}'");
            return new(what, took, (bool)answer["equal"]!, answer["differences"]!.AsArray().Count);
        }

        async Task<(double Milliseconds, JsonNode Answer)> PostAsync(string path, JsonObject body)
        {
            var since = Clock.Now;
            var answer = await daemons.PostAsync(ring.Nodes[0], path, body, Patience, cancel) ?? throw new MeasurementException($"The daemon of {ring.Nodes[0].Name} did not answer {path}.");
            return (Clock.Milliseconds(since, Clock.Now), answer);
        }
    }

    /// <summary>Inserts posts past the board, with the board's account; they reach the other nodes by replication.</summary>
    private static async Task FillAsync(RingMember node, int posts, DateTimeOffset from, TimeSpan apart, CancellationToken cancel)
    {
        using var database = node.OpenDatabase(driverSeconds: 60);
        var random = new Random(1);
        for (var made = 0; made < posts; made += PerTransaction)
        {
            var rows = Enumerable.Range(made, Math.Min(PerTransaction, posts - made)).Select(n =>
            {
                var id = BulkRows.Id((from + n * apart).ToUnixTimeMilliseconds(), n % 4096, random);
                return $"(x'{id:N}',{node.Settings.Place + 1},x'{n % 1000:x32}',x'{n % 300:x32}',REPEAT('{random.NextInt64():x16}{random.NextInt64():x16} ', {1 + n % 16}))";
            });
            await BulkRows.InsertAsync(database, "post (id, node, topic_id, author_id, body)", rows, cancel);
        }
    }

    private static async Task ArrivedAsync(RingUnderTest ring, int posts, CancellationToken cancel)
    {
        var deadline = Clock.After(Clock.Now, Patience);
        foreach (var node in ring.Nodes)
        {
            using var database = node.OpenDatabase(driverSeconds: 30);
            while (await database.RunAsync(c => c.ExecuteScalar<long>("SELECT COUNT(*) FROM post"), TimeSpan.FromSeconds(30), cancel) < posts)
            {
                if (Clock.Now > deadline) throw new MeasurementException($"{node.Name} had not all posts after {Patience.TotalMinutes:0} minutes.");
                await Task.Delay(TimeSpan.FromMilliseconds(200), cancel);
            }
        }
    }

    /// <summary>
    /// Behind the ring's back, outside every log: on MariaDB a row in the middle is deleted on the second node, by its superuser. MySQL's superuser is locked, so there a row
    /// is added on the first node, with the daemon's account.
    /// </summary>
    private static async Task TamperAsync(RingUnderTest ring, CancellationToken cancel)
    {
        if (ring.Nodes[0].Settings.Database.Engine == Engine.MySQL)
        {
            using var database = ring.Nodes[0].OpenDatabase(accounts => accounts.Daemon);
            await database.RunAsync(c =>
            {
                c.Execute("SET SESSION sql_log_bin = 0; INSERT INTO post (id, node, topic_id, author_id, body) VALUES (x'0190000000007000800000000000000f', 1, x'00', x'00', 'by hand'); SET SESSION sql_log_bin = 1");
            }, TimeSpan.FromSeconds(10), cancel);
            return;
        }
        var folder = ring.Nodes[1].Settings.Database.DataFolder is { } data ? ring.Nodes[1].Settings.Resolve(data) : throw new MeasurementException("The node's data folder is not known.");
        var schema = ring.Nodes[1].Settings.Database.Schema;
        var info = new System.Diagnostics.ProcessStartInfo("mariadb") { WorkingDirectory = folder };
        foreach (var argument in (string[])["--no-defaults", "--socket=server.sock", "--user=root", "--execute",
            $"SET SESSION sql_log_bin = 0; DELETE FROM {schema}.post WHERE id = (SELECT id FROM (SELECT id FROM {schema}.post ORDER BY id LIMIT 1 OFFSET 500) AS one)"]) info.ArgumentList.Add(argument);
        using var client = System.Diagnostics.Process.Start(info)!;
        await client.WaitForExitAsync(cancel).WaitAsync(TimeSpan.FromSeconds(20), cancel);
        if (client.ExitCode != 0) throw new MeasurementException("The row could not be deleted by hand.");
    }

    private static double Memory(RingMember node) => node.Process("daemon") is { } process
        ? (ProcessUsage.KilobytesOf(process.Pid, "smaps_rollup", "Private_Clean") + ProcessUsage.KilobytesOf(process.Pid, "smaps_rollup", "Private_Dirty")) * 1024 / 1e6 : 0;
}
