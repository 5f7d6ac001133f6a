using System.Data.Common;
using System.Diagnostics;
using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Replication;
using Connect.RingDaemon.Replication.Acknowledgement;
using Dapper;
using Level = Connect.Node.Settings.Acknowledgement;

namespace Connect.RingDaemon.Tests.Replication;

public sealed class MariaDbServerTests(TestServers servers) : ServerStories(servers, Engine.MariaDB);

public sealed class MySqlServerTests(TestServers servers) : ServerStories(servers, Engine.MySQL);

/// <summary>One or two real servers: positions, purged logs, lost tails, silence, privileges, settings.</summary>
public abstract class ServerStories(TestServers servers, Engine engine)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_position_counts_own_writes_survives_a_restart_and_tells_what_was_purged()
    {
        var server = await servers.StartAsync(engine);
        var origin = (await server.Replication.IdentityAsync()).Origin;
        Assert.True((await server.Replication.PositionAsync()).IsEmpty); // schema and accounts stay out of the binary log
        Assert.True((await server.Replication.LogsAsync()).Purged.IsEmpty);

        await server.WriteAsync(3);
        var position = await server.Replication.PositionAsync();
        Assert.Equal([new GtidSet.Range(1, 3)], position[origin]);
        server.Kill();
        await server.StartAsync();
        Assert.Equal(position, await server.Replication.PositionAsync());
        Assert.True(await server.Replication.WaitForAsync(position, TimeSpan.FromSeconds(1)));
        Assert.False(await server.Replication.WaitForAsync(OneMore(position), TimeSpan.FromMilliseconds(300)));

        await PurgeAllAsync(server);
        await server.WriteAsync(1);
        Assert.Equal(position, (await server.Replication.LogsAsync()).Purged);
        using var peer = Peer(server);
        var seen = await peer.PositionAsync(Soon);
        Assert.Equal(position, seen.Purged);
        Assert.Equal(await server.Replication.PositionAsync(), seen.Executed);
        Assert.Equal(await server.Replication.IdentityAsync(), seen.Identity);

        var newcomer = await servers.StartAsync(engine);
        var judgement = SourceCheck.Judge(await newcomer.Replication.IdentityAsync(), await newcomer.Replication.PositionAsync(), seen);
        Assert.Equal((SourceFitness.NeedsPurgedLogs, position), (judgement.Fitness, judgement.Missing));
        await RingStories.PointAsync(newcomer, server);
        await Eventually.IsTrueAsync(async () => (await newcomer.Replication.StatusAsync()).LastErrorNumber is 1236 or 13114, Soon,
            async () => $"{await newcomer.Replication.StatusAsync()}"); // the server agrees
        server.Dispose();
        newcomer.Dispose();
    }

    [Fact]
    public async Task A_peer_that_lost_its_tail_is_recognised()
    {
        var pair = await servers.StartManyAsync(engine, 2);
        var (source, replica) = (pair[0], pair[1]);
        await RingStories.PointAsync(replica, source);
        await source.WriteAsync(4);
        await RingStories.EqualAsync(pair);
        var origin = (await source.Replication.IdentityAsync()).Origin;
        var held = await replica.Replication.PositionAsync();

        // As after a crash without sync_binlog, or after a restored backup: the log is shorter than what was already sent.
        await replica.Replication.StopAsync();
        await source.AdminAsync(engine == Engine.MariaDB ? "RESET MASTER" : "RESET BINARY LOGS AND GTIDS");
        await source.WriteAsync(1);
        using var peer = Peer(source);
        var judgement = SourceCheck.Judge(await replica.Replication.IdentityAsync(), held, await peer.PositionAsync(Soon));
        Assert.Equal(SourceFitness.LostItsTail, judgement.Fitness);
        Assert.Equal([new GtidSet.Range(2, 4)], judgement.Missing[origin]);
        foreach (var server in pair) server.Dispose();
    }

    [Fact]
    public async Task A_frozen_server_holds_nobody_beyond_the_deadline_and_is_used_again_when_it_thaws()
    {
        var server = await servers.StartAsync(engine);
        var position = await server.Replication.PositionAsync();
        using var peer = Peer(server);
        await peer.PositionAsync(Soon);
        server.Freeze();
        try
        {
            var calls = new (string Name, Func<Task> Call)[]
            {
                ("identity", () => server.Replication.IdentityAsync()),
                ("position", () => server.Replication.PositionAsync()),
                ("purged", () => server.Replication.LogsAsync()),
                ("status", () => server.Replication.StatusAsync()),
                ("settings", () => server.Replication.CheckSettingsAsync()),
                ("wait", () => server.Replication.WaitForAsync(position, TimeSpan.FromSeconds(1))),
                ("point", () => server.Replication.PointAtAsync(server, server.Accounts.Replication, false, TimeSpan.FromMilliseconds(100))),
                ("peer", () => peer.PositionAsync(TimeSpan.FromMilliseconds(300))),
                ("peer wait", () => peer.WaitForAsync(OneMore(position), TimeSpan.FromMilliseconds(300))),
            };
            await Task.WhenAll(calls.Select(async c =>
            {
                var since = Stopwatch.GetTimestamp();
                await Assert.ThrowsAsync<DatabaseUnavailableException>(c.Call);
                var limit = TimeSpan.FromSeconds(2) + (c.Name == "point" ? OwnServer.ChangeDeadline : OwnServer.Deadline);
                Assert.True(Stopwatch.GetElapsedTime(since) < limit, c.Name);
            }));
        }
        finally
        {
            server.Thaw();
        }
        await Eventually.IsTrueAsync(async () =>
        {
            try
            {
                return (await server.Replication.PositionAsync()).Equals(position) && (await peer.PositionAsync(Soon)).Executed.Equals(position);
            }
            catch (DatabaseUnavailableException)
            {
                return false;
            }
        }, Soon);
        server.Dispose();
    }

    [Fact]
    public async Task Copies_are_acknowledged_and_a_frozen_peer_costs_only_itself()
    {
        var trio = await servers.StartManyAsync(engine, 3);
        var (writer, near, far) = (trio[0], trio[1], trio[2]);
        await RingStories.PointAsync(near, writer);
        await RingStories.PointAsync(far, writer);
        await RingStories.RunningAsync(near, far);
        await using var acknowledgements = new Acknowledgements(engine, peer => new PeerServer(engine, peer.Server, writer.Accounts.Peer, TestServer.Schema, tls: false));
        var peers = new[] { new AckPeer("near", near, "1"), new AckPeer("far", far, "2") };
        acknowledgements.SetAlive(peers, alone: false);

        await writer.WriteAsync(1);
        var all = await acknowledgements.WaitAsync(await writer.Replication.PositionAsync(), Level.All, Soon);
        Assert.Equal((true, 2, 2), (all.Satisfied, all.Copies, all.Wanted));
        Assert.Equal(["far", "near"], all.Holders);

        far.Freeze();
        try
        {
            for (var i = 0; i < 20; i++)
            {
                await writer.WriteAsync(1);
                var since = Stopwatch.GetTimestamp();
                var one = await acknowledgements.WaitAsync(await writer.Replication.PositionAsync(), Level.One, Soon);
                Assert.True(one.Satisfied);
                Assert.Equal(["near"], one.Holders);
                Assert.True(Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(1));
            }
            var position = await writer.Replication.PositionAsync();
            var pending = await acknowledgements.WaitAsync(position, Level.All, TimeSpan.FromMilliseconds(300));
            Assert.Equal((false, 1, 2), (pending.Satisfied, pending.Copies, pending.Wanted));

            var waiting = acknowledgements.WaitAsync(position, Level.All, Soon);
            acknowledgements.SetAlive([peers[0]], alone: false); // gossip finds the frozen one dead: the wait goes on without it
            Assert.Equal((true, 1, 1), (await waiting) switch { var r => (r.Satisfied, r.Copies, r.Wanted) });
        }
        finally
        {
            far.Thaw();
        }
        foreach (var server in trio) server.Dispose();
    }

    [Fact]
    public async Task Accounts_can_do_their_work_and_nothing_else()
    {
        var server = await servers.StartAsync(engine);
        await server.WriteAsync(1);
        var purge = "PURGE BINARY LOGS BEFORE NOW()";
        var accounts = server.Accounts;
        var forbidden = new (Account Account, string[] Statements)[]
        {
            (accounts.Board, ["UPDATE connect.post SET body = ''", "DELETE FROM connect.post", "DROP TABLE connect.post", "CREATE TABLE connect.x (id INT)", "SET GLOBAL read_only = 1", "SELECT * FROM mysql.user", "SET SESSION sql_log_bin = 0", "SHOW BINARY LOGS"]),
            (accounts.Daemon, ["DELETE FROM connect.post", "DROP TABLE connect.post", "CREATE USER x", "SELECT * FROM mysql.user", "SHUTDOWN /* Dapper takes a single word for a procedure */"]),
            (accounts.Replication, ["SELECT * FROM connect.post", "SHOW DATABASES LIKE 'connect'", "STOP " + (engine == Engine.MariaDB ? "SLAVE" : "REPLICA"), "SET GLOBAL read_only = 1"]),
            (accounts.Peer, ["SELECT * FROM connect.post", "SHOW BINARY LOGS", "SHOW BINLOG EVENTS", "SET GLOBAL read_only = 1", purge]),
            (accounts.Seed, ["INSERT INTO connect.ring VALUES ('', 1, '')", "DELETE FROM connect.post", "SET GLOBAL read_only = 1", purge]),
        };
        foreach (var (account, statements) in forbidden)
        {
            using var database = new Database(server, account, null, tls: false, maxThreads: 1);
            foreach (var statement in statements)
            {
                if (statement.StartsWith("SHOW DATABASES", StringComparison.Ordinal))
                {
                    Assert.Null(await database.RunAsync(c => c.ExecuteScalar<string>(statement), Soon));
                    continue;
                }
                try
                {
                    await database.RunAsync(c => { c.Execute(statement); }, Soon);
                    Assert.Fail($"{account} may: {statement}");
                }
                catch (DbException e)
                {
                    Assert.True(Database.ErrorNumber(e) is 1142 or 1227 or 1044 or 1045 or 1370, $"{account}: {statement}: {e.Message}");
                }
            }
        }
        foreach (var user in new[] { "root", "" })
        {
            using var stranger = new Database(server, new Account(user, ""), null, tls: false, maxThreads: 1);
            await Assert.ThrowsAsync<DatabaseUnavailableException>(() => stranger.RunAsync(c => c.ExecuteScalar<int>("SELECT 1"), Soon));
        }
        Assert.Equal(0, await server.AdminAsync<int>("SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'test'"));
        server.Dispose();
    }

    [Fact]
    public async Task Each_wrong_setting_is_named()
    {
        var maria = engine == Engine.MariaDB;
        var wrong = new Dictionary<string, string>
        {
            ["sync_binlog"] = "0",
            ["innodb_flush_log_at_trx_commit"] = "2",
            ["relay_log_recovery"] = "OFF",
            ["binlog_row_image"] = "MINIMAL",
            [maria ? "slave_exec_mode" : "replica_exec_mode"] = "STRICT",
            [maria ? "log_slave_updates" : "log_replica_updates"] = "OFF",
            [maria ? "slave_net_timeout" : "replica_net_timeout"] = "60",
            [maria ? "gtid_ignore_duplicates" : "replica_preserve_commit_order"] = "OFF",
        };
        if (maria) (wrong["gtid_domain_id"], wrong["gtid_strict_mode"], wrong["binlog_format"]) = ("7", "ON", "MIXED");
        var server = await servers.StartAsync(engine, [.. wrong.Select(w => $"{w.Key} = {w.Value}")]);
        var faults = await server.Replication.CheckSettingsAsync();
        Assert.Equal(wrong.Keys.Order(), faults.Select(f => f.Variable).Order());
        Assert.All(faults, f => Assert.Equal(wrong[f.Variable], f.Found));
        server.Dispose();
    }

    internal static async Task PurgeAllAsync(TestServer server)
    {
        await server.AdminAsync("FLUSH BINARY LOGS");
        var newest = await server.NewestLogAsync();
        await server.AdminAsync($"PURGE BINARY LOGS TO '{newest}'");
    }

    private PeerServer Peer(TestServer server) => new(engine, server, server.Accounts.Peer, TestServer.Schema, tls: false);

    private GtidSet OneMore(GtidSet position) => position.Union(engine == Engine.MariaDB
        ? GtidSet.Parse(engine, "4000000-4000000-1") : GtidSet.Parse(engine, "ffffffff-0000-0000-0000-000000000001:1"));
}
