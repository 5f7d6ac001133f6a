using System.Text.Json;
using Connect.Node.Database;
using Connect.Node.Settings;
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
        var ports = ring.Local.Description.PortsOf(ring.Local.Description.Node(node));
        using var database = new Database(new("127.0.0.1", ports.Mysql), DatabaseAccounts.Load(ring.Local.Folder.Node(node).AccountsFile).Daemon, "connect", tls: false, maxThreads: 1);
        await database.RunAsync(c =>
        {
            c.Execute("SET SESSION sql_log_bin = 0");
            c.Execute("INSERT INTO post (id, node, topic_id, author_id, body) VALUES (UNHEX(@key), 1, UNHEX(@key), UNHEX(@key), @body)", new { key, body });
        }, TimeSpan.FromSeconds(10), Cancel);
    }
}
