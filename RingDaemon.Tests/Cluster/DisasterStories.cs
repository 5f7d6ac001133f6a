using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Api;
using Connect.RingDaemon.Daemon;
using Connect.RingDaemon.Local;
using Dapper;
using Xunit;

namespace Connect.RingDaemon.Tests.Cluster;

[Collection("cluster")]
public sealed class MariaDbDisasterStories(MariaDbRing ring) : DisasterStories(ring), IClassFixture<MariaDbRing>;

[Collection("cluster")]
public sealed class MySqlDisasterStories(MySqlRing ring) : DisasterStories(ring), IClassFixture<MySqlRing>;

/// <summary>What happens to a single node's data, on real servers: nothing acknowledged is lost, no number is used twice, and the node is put right by itself.</summary>
public abstract class DisasterStories(TestRing ring)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_old_backup_under_its_old_identity_is_recognised_united_with_the_others_and_renamed()
    {
        await ring.BeginAsync();
        await ring.PostAsync(ring.BoardOf("n2"), $"before the backup {Guid.NewGuid()}");
        await InsertAsync("n2", "only-on-n2"); // never replicated, and in the backup
        var backup = await BackupAsync("n2");
        for (var i = 0; i < 5; i++) await ring.PostAsync(ring.BoardOf("n2"), $"after the backup {Guid.NewGuid()}");

        var retired = ring.Local.Description.Node("n2").ServerId;
        await ring.KillAsync("n2");
        Restore("n2", backup);
        await ring.StartAsync("n2");

        await WellAsync();
        Assert.NotEqual(retired, ring.Local.Description.Node("n2").ServerId);
        Assert.Contains(await AuditAsync("n2"), e => e.Action == "mend this server" && e.Outcome.Contains("1 rows only it had are saved", StringComparison.Ordinal));
        foreach (var node in ring.Names) Assert.True(await HasChannelAsync(node, "only-on-n2"), $"{node} lacks the row that only n2 had");
    }

    [Fact]
    public async Task An_old_backup_put_in_while_the_daemon_lives_follows_nobody_before_it_is_put_right()
    {
        await ring.BeginAsync();
        await ring.PostAsync(ring.BoardOf("n1"), $"before the backup {Guid.NewGuid()}");
        var backup = await BackupAsync("n1");
        for (var i = 0; i < 5; i++) await ring.PostAsync(ring.BoardOf("n1"), $"after the backup {Guid.NewGuid()}");
        await ring.KillAsync("n1", Target.Mysql);
        Restore("n1", backup);
        await ring.StartAsync("n1");
        await WellAsync();
        var audit = await AuditAsync("n1");
        var mended = audit.ToList().FindIndex(e => e.Action == "mend this server"); // newest first
        Assert.DoesNotContain(audit.Skip(mended).TakeWhile(e => e.Action != "become joining"), e => e.Action.StartsWith("point at", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_node_that_needs_logs_which_everybody_has_purged_is_brought_up_to_date_by_rows()
    {
        await ring.BeginAsync();
        await ring.KillAsync("n2");
        await ring.RingOfAsync("n1", "n3");
        for (var i = 0; i < 5; i++) await ring.PostAsync(ring.Balancer, $"while n2 is away {Guid.NewGuid()}");
        foreach (var node in (string[])["n1", "n3"]) await PurgeAsync(node);
        await ring.StartAsync("n2");
        await WellAsync();
        Assert.Contains(await AuditAsync("n2"), e => e.Action == "mend this server" && e.Evidence.Contains("purged", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_source_that_has_purged_what_a_node_lacks_is_passed_over_without_an_attempt()
    {
        await ring.BeginAsync();
        // Where n1 was put right in an earlier story, it counts n3's absence from where it stood before that until it has looked once more (every ten seconds).
        Assert.True(await Eventually.TrueAsync(async _ => !(await AuditAsync("n1")).Any(e => e.Action == "mend this server" && e.At > DateTimeOffset.UtcNow - TimeSpan.FromSeconds(15)),
            TimeSpan.FromSeconds(30), TimeSpan.FromMilliseconds(500), Cancel));
        await ring.KillAsync("n3");
        await ring.RingOfAsync("n1", "n2");
        for (var i = 0; i < 5; i++) await ring.PostAsync(ring.Balancer, $"while n3 is away {Guid.NewGuid()}");
        await ring.EverywhereAsync("n1", "n2");
        var executed = await PositionAsync("n2");
        await PurgeAsync("n2");
        // Everybody is told of it, and n3 will be when it comes.
        Assert.True(await Eventually.TrueAsync(async _ => (await ring.AskDaemonAsync<MembersReport>(HttpMethod.Get, "n1", "/v1/members")).Members.Single(m => m.Name == "n2").Floor is { } floor
            && GtidSet.Parse(ring.Engine, floor).Contains(executed), TimeSpan.FromSeconds(20), TimeSpan.FromMilliseconds(100), Cancel), "n1 does not know what n2 has purged");
        var away = (await ring.UntilAsync(s => s.Nodes.Single(n => n.Name == "n3").Logs is { AwaySince: not null }, "n1 counts how long n3 is away", from: "n1")).Nodes.Single(n => n.Name == "n3").Logs!;
        Assert.Equal(LogsLeft.Enough, away.Left);
        Assert.InRange(away.SecondsLeft ?? 0, 600_000, 604_800);

        var began = DateTimeOffset.UtcNow;
        await ring.StartAsync("n3");
        await WellAsync();
        await ring.UntilAsync(s => s.Nodes.Single(n => n.Name == "n3") is { Source: "n2", Replication: "running" }, "n3 is back at n2", from: "n3");
        var since = (await AuditAsync("n3")).Where(e => e.At >= began).Reverse().ToArray();
        var first = since.First(e => e.Action.StartsWith("point at", StringComparison.Ordinal));
        Assert.Equal("point at n1", first.Action);
        Assert.Contains("n2 is passed over: its logs no longer hold", first.Evidence, StringComparison.Ordinal);
        Assert.DoesNotContain(since, e => e.Outcome.StartsWith("not done", StringComparison.Ordinal) || e.Outcome.StartsWith("failed", StringComparison.Ordinal));
        Assert.DoesNotContain(since, e => e.Action == "mend this server");
        await ring.UntilAsync(s => s.Nodes.Single(n => n.Name == "n3").Logs is { AwaySince: null }, "n1 counts n3 as there", from: "n1");
    }

    /// <summary>At the step, or as soon after it as a signal comes through; the moments between two things done are in MendingTests.</summary>
    [Theory]
    [InlineData(MendingStep.Save, "n3")] // one node each: whoever fails again and again is held down for longer than a story waits
    [InlineData(MendingStep.Renew, "n2")]
    [InlineData(MendingStep.Stand, "n1")]
    public async Task A_daemon_that_is_killed_while_it_mends_begins_anew_and_ends_right(MendingStep step, string node)
    {
        await ring.BeginAsync();
        var backup = await BackupAsync(node);
        for (var i = 0; i < 3; i++) await ring.PostAsync(ring.BoardOf(node), $"lost by {node} {Guid.NewGuid()}");
        await ring.KillAsync(node);
        Restore(node, backup);
        await ring.Local.StartAsync(node, SilentProgress.Instance, patience: null, Cancel);
        var note = Path.Combine(ring.Local.Folder.Node(node).State, MendingNote.File);
        var begun = false;
        Assert.True(await Eventually.TrueAsync(_ =>
        {
            var now = Step();
            begun |= now is not null;
            return Task.FromResult(now >= step || (begun && now is null));
        }, TimeSpan.FromSeconds(30), TimeSpan.FromMilliseconds(1), Cancel), $"{node} did not come to {step}");
        await ring.KillAsync(node, Target.Daemon);
        // Standing at a position takes a few milliseconds: there it may have been quicker than the signal.
        if (step < MendingStep.Stand) Assert.True(Step() >= step, "it was done before it could be killed");
        await ring.StartAsync(node);
        await WellAsync();
        Assert.False(File.Exists(note));

        MendingStep? Step()
        {
            try
            {
                return new MendingNote(ring.Local.Folder.Node(node).State).Current?.At;
            }
            catch (IOException)
            {
                return null; // it went while it was read
            }
        }
    }

    /// <summary>The program outlives a daemon that is killed, and waits for its turn.</summary>
    [Fact]
    public async Task A_renewal_that_comes_to_its_turn_after_another_one_leaves_the_server_alone()
    {
        await ring.BeginAsync();
        var id = ring.Local.Description.Node("n1").ServerId;
        Assert.Equal(id, await new NodeRenewal(ring.Local.Folder, SilentProgress.Instance).RunAsync("n1", retired: id + 1000, offered: null, Cancel));
        Assert.Equal(id, ring.Local.Description.Node("n1").ServerId);
        await ring.HealthyAsync();
    }

    [Fact]
    public async Task A_server_that_starts_with_another_ones_identity_becomes_somebody_else()
    {
        await ring.BeginAsync();
        await ring.KillAsync("n3");
        await ring.RingOfAsync("n1", "n2");
        await ring.PostAsync(ring.BoardOf("n2"), $"written by the true owner {Guid.NewGuid()}");
        var options = ring.Local.Folder.Node("n3").OptionFile;
        var (mine, theirs) = (ring.Local.Description.Node("n3").ServerId, ring.Local.Description.Node("n2").ServerId);
        await File.WriteAllTextAsync(options, (await File.ReadAllTextAsync(options, Cancel))
            .Replace($"server_id = {mine}\n", $"server_id = {theirs}\n", StringComparison.Ordinal).Replace($"gtid_domain_id = {mine}\n", $"gtid_domain_id = {theirs}\n", StringComparison.Ordinal), Cancel);
        await ring.StartAsync("n3");
        await WellAsync();
        Assert.DoesNotContain(ring.Local.Description.Node("n3").ServerId, (uint[])[mine, theirs]);
        await ring.PostAsync(ring.BoardOf("n2"), $"written by the true owner again {Guid.NewGuid()}");
        await WellAsync();
    }

    [Fact]
    public async Task A_server_that_comes_back_takes_no_writes_before_its_daemon_has_looked_at_it()
    {
        await ring.BeginAsync();
        await ring.PostAsync(ring.BoardOf("n2"), $"before it ended {Guid.NewGuid()}");
        await ring.KillAsync("n2", Target.Mysql);
        await ring.KillAsync("n2", Target.Daemon);
        await ring.Local.StartAsync("n2", SilentProgress.Instance, patience: null, Cancel);
        await ring.KillAsync("n2", Target.Daemon);
        using var board = Server("n2", a => a.Board);
        var refusal = await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(async () =>
        {
            while (true)
            {
                try
                {
                    await board.RunAsync(c => c.Execute("INSERT INTO channel (id, node, author_id, slug, title) VALUES (UNHEX(REPLACE(UUID(), '-', '')), 2, '', 'x', 'x')"), TimeSpan.FromSeconds(5), Cancel);
                    Assert.Fail("it took a write");
                }
                catch (DatabaseUnavailableException)
                {
                    await Task.Delay(50, Cancel); // it is still starting
                }
            }
        });
        Assert.Contains("read-only", refusal.Message, StringComparison.OrdinalIgnoreCase);
        await ring.StartAsync("n2");
        await WellAsync();
    }

    private async Task WellAsync()
    {
        await ring.HealthyAsync();
        await ring.EverywhereAsync();
        await ring.EqualAsync();
    }

    /// <summary>A copy of the data of a server that was stopped in an orderly way, as an operator makes one. The node goes on afterwards.</summary>
    private async Task<string> BackupAsync(string node)
    {
        await ring.KillAsync(node, Target.Mysql, Signal.Term);
        var backup = Path.Combine(ring.Local.Folder.Path, $"{node}.backup");
        Copy(ring.Local.Folder.Node(node).Data, backup);
        await ring.StartAsync(node);
        return backup;
    }

    private void Restore(string node, string backup)
    {
        Directory.Delete(ring.Local.Folder.Node(node).Data, recursive: true);
        Directory.Move(backup, ring.Local.Folder.Node(node).Data);
    }

    private static void Copy(string from, string to)
    {
        if (Directory.Exists(to)) Directory.Delete(to, recursive: true);
        foreach (var folder in Directory.EnumerateDirectories(from, "*", SearchOption.AllDirectories).Prepend(from)) Directory.CreateDirectory(to + folder[from.Length..]);
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories).Where(f => new FileInfo(f).UnixFileMode != 0 && !f.EndsWith(".sock", StringComparison.Ordinal)))
            File.Copy(file, to + file[from.Length..]);
    }

    private async Task<IReadOnlyList<AuditEntry>> AuditAsync(string node) => (await ring.AskDaemonAsync<Trail>(HttpMethod.Get, node, "/v1/audit?limit=200")).Items;

    /// <summary>Everything that is in a log now goes. Logs that a replica still reads stay, and on MySQL those that are not a second old; so this is done until they are gone.</summary>
    private async Task PurgeAsync(string node)
    {
        using var server = Server(node, a => a.Daemon);
        string[] Logs(System.Data.Common.DbConnection c) => [.. c.Query("SHOW BINARY LOGS").Cast<IDictionary<string, object>>().Select(log => (string)log["Log_name"])];
        var newest = (await server.RunAsync(Logs, TimeSpan.FromSeconds(5), Cancel))[^1];
        await server.RunAsync(c => c.Execute("SET GLOBAL binlog_expire_logs_seconds = 1"), TimeSpan.FromSeconds(5), Cancel);
        Assert.True(await Eventually.TrueAsync(async cancel =>
        {
            return await server.RunAsync(c =>
            {
                c.Execute("FLUSH BINARY LOGS");
                if (ring.Engine == Engine.MariaDB) c.Execute("PURGE BINARY LOGS TO @last", new { last = Logs(c)[^1] });
                return string.CompareOrdinal(Logs(c)[0], newest) > 0;
            }, TimeSpan.FromSeconds(5), cancel);
        }, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(1.5), Cancel), $"{node} kept its logs");
        await server.RunAsync(c => c.Execute("SET GLOBAL binlog_expire_logs_seconds = 604800"), TimeSpan.FromSeconds(5), Cancel);
    }

    private async Task<GtidSet> PositionAsync(string node) => GtidSet.Parse(ring.Engine, (await ring.AskDaemonAsync<NodeReport>(HttpMethod.Get, node, "/v1/node")).Position);

    private async Task InsertAsync(string node, string slug)
    {
        using var server = Server(node, a => a.Daemon);
        await server.RunAsync(c => c.Execute("SET SESSION sql_log_bin = 0; INSERT INTO channel (id, node, author_id, slug, title) VALUES (@id, 1, @id, @slug, @slug); SET SESSION sql_log_bin = 1",
            new { id = Guid.CreateVersion7().ToByteArray(bigEndian: true), slug }), TimeSpan.FromSeconds(5), Cancel);
    }

    private async Task<bool> HasChannelAsync(string node, string slug)
    {
        using var server = Server(node, a => a.Daemon);
        return await server.RunAsync(c => c.ExecuteScalar<long>("SELECT COUNT(*) FROM channel WHERE slug = @slug", new { slug }) == 1, TimeSpan.FromSeconds(5), Cancel);
    }

    private Database Server(string node, Func<DatabaseAccounts, Account> account) => new(
        new ServerAddress("127.0.0.1", ring.Local.Description.PortsOf(ring.Local.Description.Node(node)).Mysql), account(DatabaseAccounts.Load(ring.Local.Folder.Node(node).AccountsFile)),
        new DatabaseSettings().Schema, tls: false, maxThreads: 1, driverSeconds: 5);

    private sealed record Trail(IReadOnlyList<AuditEntry> Items);
}
