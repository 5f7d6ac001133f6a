using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Cli;
using Connect.RingDaemon.Convergence;
using Connect.RingDaemon.Local;
using Dapper;
using Xunit;

namespace Connect.RingDaemon.Tests.Cluster;

public sealed class MariaDbConvergenceRing() : TestRing(Engine.MariaDB, port: 26080);

public sealed class MySqlConvergenceRing() : TestRing(Engine.MySQL, port: 26180);

[Collection("cluster")]
public sealed class MariaDbConvergenceStories(MariaDbConvergenceRing ring) : ConvergenceStories(ring), IClassFixture<MariaDbConvergenceRing>;

[Collection("cluster")]
public sealed class MySqlConvergenceStories(MySqlConvergenceRing ring) : ConvergenceStories(ring), IClassFixture<MySqlConvergenceRing>;

/// <summary>Rows that somebody put in by hand, outside every log, in a whole ring that people post to.</summary>
public abstract class ConvergenceStories(TestRing ring)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_row_that_only_one_node_has_is_named_and_brought_to_the_others_while_posts_go_on()
    {
        await ring.BeginAsync();
        await using (new SteadyPosts(ring, postsPerSecond: 20)) await NamedAndBroughtAsync();
        await ring.EverywhereAsync();

        // The same key with another content: named by everybody, touched by nobody.
        var other = Guid.CreateVersion7(DateTimeOffset.UtcNow.AddDays(-41)).ToString("N");
        await ByHandAsync("n1", other, "one");
        await ByHandAsync("n2", other, "two");
        await ring.AskDaemonAsync<RepairReport>(HttpMethod.Post, "n1", "/v1/repair", new { dryRun = false });
        var conflict = Assert.Single((await ring.AskDaemonAsync<ChecksumReport>(HttpMethod.Get, "n1", "/v1/checksum")).Differences);
        Assert.Equal((other, true), (conflict.Key, conflict.Conflict));
        Assert.Empty(conflict.Missing); // n3 has got one of them
        Assert.NotEqual(conflict.Contents["n1"], conflict.Contents["n2"]);
        await SettledAsync(other);
    }

    /// <summary>Imported rows keep the ids and times they had, and are nobody's: whoever writes them, they are the same.</summary>
    [Fact]
    public async Task Two_nodes_that_import_the_same_mails_at_once_make_the_same_rows_on_every_node()
    {
        await ring.BeginAsync();
        var file = Path.Combine(ring.Folder, "list.mbox");
        await File.WriteAllTextAsync(file, string.Concat(Enumerable.Range(0, 1200).Select(i => $"From a@list.example Mon Jan  5 10:00:00 2004\nFrom: P{i % 20} <p{i % 20}@list.example>\nMessage-ID: <{i}@list.example>\n"
            + $"Date: {new DateTimeOffset(2004, 1, 5, 10, 0, 0, TimeSpan.Zero).AddMinutes(i * 11):R}\n{(i % 5 == 0 ? "" : $"References: <{i - (i % 5)}@list.example>\n")}Subject: Thread {i / 5}\n\nText {i}\n\n")), Cancel);
        Assert.Equal(ExitCodes.Done, await ImportAsync("n1", "--channel", "list"));
        foreach (var node in ring.Names) await HasAsync(node);
        // The same once more from a new list, by two nodes side by side, while people post.
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file, Cancel)).Replace("@list.example", "@other.example", StringComparison.Ordinal), Cancel);
        await using (new SteadyPosts(ring, postsPerSecond: 10))
            Assert.All(await Task.WhenAll(ImportAsync("n1", "--channel", "list"), ImportAsync("n2", "--channel", "list")), code => Assert.Equal(ExitCodes.Done, code));
        foreach (var node in ring.Names) await HasAsync(node, times: 2);
        await ring.EverywhereAsync();
        await ring.EqualAsync();

        Task<int> ImportAsync(string node, params string[] options) =>
            CommandLine.RunAsync(["import", file, "--board", ring.BoardOf(node), "--token-file", ring.Local.Folder.TokenFile, .. options], TextWriter.Null, TextWriter.Null);

        async Task HasAsync(string node, int times = 1)
        {
            using var database = Server(node);
            (long, long) found = default;
            await Eventually.TrueAsync(async _ => (found = await database.RunAsync(c => c.QuerySingle<(long, long)>(
                "SELECT (SELECT COUNT(*) FROM post WHERE node = 0), (SELECT COUNT(*) FROM topic WHERE node = 0)"), TimeSpan.FromSeconds(10), Cancel)) == (times * 1200, times * 240), TimeSpan.FromSeconds(30), TimeSpan.FromMilliseconds(200), Cancel);
            Assert.Equal((times * 1200L, times * 240L), found);
        }
    }

    [Fact]
    public async Task A_post_that_is_erased_while_a_node_is_away_is_gone_there_too_when_it_returns()
    {
        await ring.BeginAsync();
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
        http.DefaultRequestHeaders.Authorization = new("Bearer", (await File.ReadAllTextAsync(ring.Local.Folder.TokenFile, Cancel)).Trim());
        var made = (await (await http.PostAsJsonAsync($"{ring.BoardOf("n1")}/api/v1/channels/general/topics", new { title = "To be erased", body = "a secret" }, Cancel)).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonNode>(Cancel))!;
        var key = Guid.Parse((string)made["postId"]!).ToString("N");
        foreach (var node in ring.Names) Assert.True(await Eventually.TrueAsync(async _ => await BodyAsync(node, key) == "a secret", TimeSpan.FromSeconds(20), TimeSpan.FromMilliseconds(200), Cancel), node);
        await ring.KillAsync("n2");
        await ring.RingOfAsync("n1", "n3");
        (await http.PostAsJsonAsync($"{ring.BoardOf("n3")}/api/v1/posts/{made["postId"]}/erase", new { reason = "asked for" }, Cancel)).EnsureSuccessStatusCode();
        foreach (var node in new[] { "n1", "n3" }) await GoneAsync(node);
        await ring.StartAsync("n2");
        await ring.HealthyAsync();
        await GoneAsync("n2");
        await ring.EqualAsync();
        Assert.Contains((await ring.AskDaemonAsync<JsonNode>(HttpMethod.Get, "n2", "/v1/audit?limit=50"))["items"]!.AsArray(), e => (string?)e!["action"] == "erase");

        async Task GoneAsync(string node) =>
            Assert.True(await Eventually.TrueAsync(async _ => await BodyAsync(node, key) == "", TimeSpan.FromSeconds(20), TimeSpan.FromMilliseconds(200), Cancel), $"{node} still has it");
    }

    /// <summary>An operator says that n2 is right.</summary>
    private async Task SettledAsync(string key)
    {
        Task<TrustReport> TrustAsync(string node, bool dryRun, params string[] keys) =>
            ring.AskDaemonAsync<TrustReport>(HttpMethod.Post, "n3", "/v1/repair/trust", new { node, table = "post", keys, dryRun });
        Assert.Equal(HttpStatusCode.BadRequest, (await Assert.ThrowsAsync<HttpRequestException>(() => TrustAsync("n9", dryRun: false))).StatusCode);

        var would = await TrustAsync("n2", dryRun: true);
        Assert.Contains(would.Nodes, n => n.Node == "n1" && n.Replaced.Single().Key == key);
        Assert.All(would.Nodes, n => Assert.Null(n.Saved));
        Assert.Equal("one", await BodyAsync("n1", key));

        var before = await PositionsAsync();
        var done = await TrustAsync("n2", dryRun: false, key);
        Assert.True(done.Done, JsonSerializer.Serialize(done));
        Assert.DoesNotContain(done.Nodes, n => n.Node == "n2");
        foreach (var node in ring.Names) Assert.Equal("two", await BodyAsync(node, key));
        Assert.Equal(before, await PositionsAsync()); // nothing of it is in a log
        await ring.EqualAsync();

        var saved = done.Nodes.Single(n => n.Node == "n1").Saved!;
        Assert.StartsWith(ring.Local.Folder.Node("n1").State, saved, StringComparison.Ordinal);
        var old = JsonNode.Parse(Assert.Single(await File.ReadAllLinesAsync(saved, Cancel)))!["columns"]!;
        Assert.Equal((key, "one"), (((string)old["id"]!).ToLowerInvariant(), Encoding.UTF8.GetString(Convert.FromHexString((string)old["body"]!))));
        var audit = await ring.AskDaemonAsync<JsonNode>(HttpMethod.Get, "n1", "/v1/audit?limit=20");
        Assert.Contains(audit["items"]!.AsArray(), e => (string?)e!["action"] == "replace rows" && ((string)e["outcome"]!).Contains(key, StringComparison.Ordinal));

        var again = await TrustAsync("n2", dryRun: false);
        Assert.True(again.Done);
        Assert.Empty(again.Nodes);
    }

    private async Task<string> PositionsAsync()
    {
        var nodes = await Task.WhenAll(ring.Names.Select(n => ring.AskDaemonAsync<JsonNode>(HttpMethod.Get, n, "/v1/node")));
        return string.Join("; ", nodes.Select(n => (string?)n["position"]));
    }

    private async Task<string?> BodyAsync(string node, string key)
    {
        using var database = Server(node);
        return await database.RunAsync(c => c.ExecuteScalar<string?>("SELECT body FROM post WHERE id = UNHEX(@key)", new { key }), TimeSpan.FromSeconds(10), Cancel);
    }

    private async Task NamedAndBroughtAsync()
    {
        var already = ring.AcknowledgedPosts;
        Assert.True(await Eventually.TrueAsync(() => ring.AcknowledgedPosts > already + 20, TimeSpan.FromSeconds(20), Cancel));
        for (var i = 0; i < 3; i++) await ring.EqualAsync();

        var key = Guid.CreateVersion7(DateTimeOffset.UtcNow.AddDays(-40)).ToString("N");
        await ByHandAsync("n2", key, "only here");
        var report = await ring.AskDaemonAsync<ChecksumReport>(HttpMethod.Get, "n3", "/v1/checksum");
        Assert.False(report.Equal);
        var difference = Assert.Single(report.Differences);
        Assert.Equal(("post", key), (difference.Table, difference.Key));
        Assert.Equal(["n1", "n3"], difference.Missing);
        Assert.Null(report.AgreedAt);
        var distance = await ring.AskDaemonAsync<DistanceReport>(HttpMethod.Get, "n1", "/v1/distance");
        Assert.True(distance.Nodes.Single(n => n.Node == "n1").Rows >= 1, JsonSerializer.Serialize(distance));

        var wouldAdd = await ring.AskDaemonAsync<RepairReport>(HttpMethod.Post, "n3", "/v1/repair", new { dryRun = true });
        Assert.True(wouldAdd.Nodes.Single(n => n.Node == "n1").Added["post"] >= 1);
        Assert.False((await ring.AskDaemonAsync<ChecksumReport>(HttpMethod.Get, "n1", "/v1/checksum")).Equal);

        var repaired = await ring.AskDaemonAsync<RepairReport>(HttpMethod.Post, "n3", "/v1/repair", new { dryRun = false });
        Assert.Empty(repaired.Unheard);
        Assert.All(repaired.Nodes, n => Assert.Empty(n.Conflicts));
        foreach (var node in difference.Missing) Assert.True(repaired.Nodes.Single(n => n.Node == node).Added["post"] >= 1, node);
        await ring.EqualAsync();
    }

    /// <summary>With the account of the node's daemon, which may insert and leave the log.</summary>
    private async Task ByHandAsync(string node, string key, string body)
    {
        using var database = Server(node);
        await database.RunAsync(c =>
        {
            c.Execute("SET SESSION sql_log_bin = 0");
            c.Execute("INSERT INTO post (id, node, topic_id, author_id, body) VALUES (UNHEX(@key), 1, UNHEX(@key), UNHEX(@key), @body)", new { key, body });
        }, TimeSpan.FromSeconds(10), Cancel);
    }

    private Database Server(string node) => new(new("127.0.0.1", ring.Local.Description.PortsOf(ring.Local.Description.Node(node)).Mysql),
        DatabaseAccounts.Load(ring.Local.Folder.Node(node).AccountsFile).Daemon, "connect", tls: false, maxThreads: 1);
}
