using System.Diagnostics;
using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Replication;
using Dapper;

namespace Connect.RingDaemon.Tests.Replication;

public sealed class MariaDbRingTests(TestServers servers, ITestOutputHelper output) : RingStories(servers, output, Engine.MariaDB, TimeSpan.FromMilliseconds(60));

public sealed class MySqlRingTests(TestServers servers, ITestOutputHelper output) : RingStories(servers, output, Engine.MySQL, TimeSpan.FromMilliseconds(100));

/// <summary>What a ring of three real servers does when somebody moves its links by hand.</summary>
public abstract class RingStories(TestServers servers, ITestOutputHelper output, Engine engine, TimeSpan fastRepoint)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Three_nodes_converge_lose_one_close_the_ring_and_take_it_back()
    {
        var ring = await servers.StartManyAsync(engine, 3);
        var (a, b, c) = (ring[0], ring[1], ring[2]);
        await Task.WhenAll(PointAsync(b, a), PointAsync(c, b), PointAsync(a, c));
        await RunningAsync(ring);
        foreach (var node in ring)
        {
            await node.WriteAsync(20);
            Assert.Empty(await node.Replication.CheckSettingsAsync());
        }
        await EqualAsync(ring);

        // Nothing loops: after everyone has everything, positions stand still.
        var positions = await Task.WhenAll(ring.Select(n => n.Replication.PositionAsync()));
        Assert.All(positions, p => Assert.Equal(60, p.Count));
        Assert.All(positions, p => Assert.Equal(positions[0], p));

        // The middle one dies; a closes the ring to b's place.
        await b.WriteAsync(5);
        b.Kill();
        await c.WriteAsync(5);
        var took = await TimeOfAsync(() => PointAsync(c, a));
        await RunningAsync(a, c);
        await a.WriteAsync(5);
        await EqualAsync(a, c);
        output.WriteLine($"{engine}: re-pointed in {took.TotalMilliseconds:0} ms after a kill");

        // It returns with what only it knew.
        await b.StartAsync();
        await PointAsync(b, a);
        await PointAsync(c, b);
        await RunningAsync(ring);
        await b.WriteAsync(5);
        await EqualAsync(ring);
        Assert.All(await Task.WhenAll(ring.Select(n => n.Replication.PositionAsync())), p => Assert.Equal(80, p.Count));

        // Moving a link back and forth under writes: nothing missing, nothing doubled, and quickly.
        var times = new List<double>();
        var writing = a.WriteAsync(300);
        for (var i = 0; i < 10; i++)
        {
            times.Add((await TimeOfAsync(() => PointAsync(c, i % 2 == 0 ? a : b))).TotalMilliseconds);
            await RunningAsync(c);
        }
        await writing;
        await EqualAsync(ring);
        times.Sort();
        output.WriteLine($"{engine}: re-point under writes, median {times[times.Count / 2]:0} ms, worst {times[^1]:0} ms");
        Assert.True(times[times.Count / 2] < 4 * fastRepoint.TotalMilliseconds, string.Join(' ', times)); // four times: the machine is shared

        await c.Replication.StopAsync();
        Assert.Equal(ReplicaStatus.None, await c.Replication.StatusAsync());
        Assert.Equal(await a.Replication.PositionAsync(), await c.Replication.PositionAsync());
        foreach (var node in ring) node.Dispose();
    }

    [Fact]
    public async Task A_frozen_source_is_left_quickly_whether_connected_or_still_connecting()
    {
        var trio = await servers.StartManyAsync(engine, 3);
        var (frozen, healthy, replica) = (trio[0], trio[1], trio[2]);
        await PointAsync(healthy, frozen);
        await PointAsync(replica, frozen);
        await RunningAsync(healthy, replica);
        await frozen.WriteAsync(10);
        await EqualAsync(trio);
        frozen.Freeze();
        try
        {
            await healthy.WriteAsync(1);
            var connected = await TimeOfAsync(() => PointAsync(replica, healthy));
            await EqualAsync(replica, healthy);
            await PointAsync(replica, frozen);
            await Eventually.IsTrueAsync(async () => (await replica.Replication.StatusAsync()).Connecting, Soon);
            var connecting = await TimeOfAsync(() => PointAsync(replica, healthy));
            await healthy.WriteAsync(1);
            await EqualAsync(replica, healthy);
            output.WriteLine($"{engine}: left a frozen source in {connected.TotalMilliseconds:0} ms, one it was connecting to in {connecting.TotalMilliseconds:0} ms");
        }
        finally
        {
            frozen.Thaw();
        }
        foreach (var server in trio) server.Dispose();
    }

    [Fact]
    public async Task A_source_that_dies_in_the_middle_of_a_transaction_holds_up_nobody()
    {
        var trio = await servers.StartManyAsync(engine, 3);
        var (dying, healthy, replica) = (trio[0], trio[1], trio[2]);
        await PointAsync(replica, dying);
        await RunningAsync(replica);
        await dying.WriteAsync(5);
        await EqualAsync(replica, dying);
        await PointAsync(healthy, replica);
        await EqualAsync(healthy, replica);

        await healthy.Replication.StopAsync();
        var before = replica.RelayLogBytes();
        var row = "INSERT INTO connect.post (id, node, topic_id, author_id, body) VALUES (UNHEX(LEFT(SHA2('{0}', 256), 32)), 1, 'x', 'x', REPEAT('x', 12000000));";
        var writing = dying.AdminAsync($"BEGIN; {string.Concat(Enumerable.Range(0, 5).Select(i => row.Replace("{0}", $"{i}", StringComparison.Ordinal)))} COMMIT");
        while (replica.RelayLogBytes() < before + 1_000_000) Assert.False(writing.IsFaulted);
        dying.Kill();
        await writing.ContinueWith(_ => { }, TaskScheduler.Default);

        var took = await TimeOfAsync(() => PointAsync(replica, healthy));
        output.WriteLine($"{engine}: left a source that died in the middle of 57 MiB in {took.TotalMilliseconds:0} ms");
        Assert.True(took < TimeSpan.FromSeconds(5));
        await RunningAsync(replica);
        await healthy.WriteAsync(1);
        await Eventually.IsTrueAsync(async () => (await replica.Replication.PositionAsync()).Contains(await healthy.Replication.PositionAsync()), Soon);
        foreach (var server in trio) server.Dispose();
    }

    /// <summary>A change that is applied before the row that it changes is there would be lost without a word (IDEMPOTENT), on every later server too.</summary>
    [Fact]
    public async Task Rows_that_are_changed_right_after_they_were_written_arrive_as_they_are_however_many_are_applied_at_a_time()
    {
        var trio = await servers.StartManyAsync(engine, 3);
        var (origin, replica, second) = (trio[0], trio[1], trio[2]);
        await origin.AdminAsync("CREATE USER keeper@'%' IDENTIFIED BY 'Aa1_keeper'; GRANT SELECT, INSERT, UPDATE ON connect.* TO keeper@'%'");
        using (var keeper = new Database(origin.Address, new("keeper", "Aa1_keeper"), TestServer.Schema, tls: false, maxThreads: 1))
        {
            await keeper.RunAsync(connection =>
            {
                var ids = new Uuid7(TimeProvider.System);
                for (var i = 0; i < 500; i++)
                {
                    var id = new { id = Uuid7.ToBytes(ids.Next()) };
                    connection.Execute("INSERT INTO post (id, node, topic_id, author_id, body) VALUES (@id, 1, @id, @id, 'as written')", id);
                    connection.Execute("UPDATE post SET body = 'as changed' WHERE id = @id", id);
                }
            }, TimeSpan.FromSeconds(30));
        }
        await PointAsync(replica, origin, lacking: MySqlReplication.Much); // everything is there already: as much at a time as the server can
        await RunningAsync(replica);
        await EqualAsync(origin, replica);
        Assert.Equal(engine == Engine.MySQL ? OptionFile.CatchUpAppliers : OptionFile.Appliers(engine), await AppliersAsync());
        // A MySQL that noted a file position with each transaction would write a row more for it.
        if (engine == Engine.MySQL) Assert.Equal(1, await replica.AdminAsync<int>("SELECT Gtid_only FROM mysql.slave_master_info"));
        await PointAsync(second, replica); // what the replica passes on is as safe
        await RunningAsync(second);
        await EqualAsync(trio);
        Assert.Equal(500, await second.AdminAsync<int>("SELECT COUNT(*) FROM connect.post WHERE body = 'as changed'"));
        await PointAsync(replica, origin); // who lacks little needs no more than always
        await RunningAsync(replica);
        Assert.Equal(OptionFile.Appliers(engine), await AppliersAsync());
        foreach (var server in trio) server.Dispose();

        Task<int> AppliersAsync() => replica.AdminAsync<int>($"SELECT @@GLOBAL.{(engine == Engine.MySQL ? "replica_parallel_workers" : "slave_parallel_threads")}");
    }

    /// <summary>What a kill -9 in the middle of a change of source may leave: the server's notes of what it receives, and from whom, are whole or half or gone.</summary>
    [Fact]
    public async Task A_server_whose_notes_of_its_source_are_torn_is_pointed_again()
    {
        var pair = await servers.StartManyAsync(engine, 2);
        var (source, replica) = (pair[0], pair[1]);
        await PointAsync(replica, source);
        await RunningAsync(replica);
        foreach (var note in Directory.EnumerateFiles(replica.DataFolder).Select(f => Path.GetFileName(f)!).Where(IsNoteOfSource).Order(StringComparer.Ordinal).ToArray())
        {
            foreach (var left in new[] { 0, 12 })
            {
                await source.WriteAsync(2);
                await EqualAsync(source, replica);
                replica.Kill();
                using (var file = File.OpenWrite($"{replica.DataFolder}/{note}")) file.SetLength(left);
                await replica.StartAsync();
                output.WriteLine($"{engine}: {note} cut off after {left} bytes; {await replica.Replication.StatusAsync()}");
                await PointAsync(replica, source);
                await RunningAsync(replica);
                await source.WriteAsync(2);
                await EqualAsync(source, replica);
            }
        }
        foreach (var server in pair) server.Dispose();
    }

    private static bool IsNoteOfSource(string file) => file is "master.info" or "multi-master.info" || file.StartsWith("relay", StringComparison.Ordinal);

    internal static Task PointAsync(TestServer node, TestServer source, long lacking = 0) =>
        node.Replication.PointAtAsync(source.Address, node.Accounts.Replication, tls: false, applyReceived: TimeSpan.FromSeconds(2), lacking);

    internal static async Task RunningAsync(params TestServer[] nodes)
    {
        foreach (var node in nodes)
        {
            await Eventually.IsTrueAsync(async () => (await node.Replication.StatusAsync()).Running, Soon,
                async () => $"{node.Port}: {await node.Replication.StatusAsync()}\n{await node.Log()}");
        }
    }

    internal static async Task EqualAsync(params TestServer[] nodes) =>
        await Eventually.IsTrueAsync(async () => (await Task.WhenAll(nodes.Select(n => n.DigestAsync()))).Distinct().Count() == 1
                && (await Task.WhenAll(nodes.Select(n => n.Replication.PositionAsync()))).Distinct().Count() == 1, Soon,
            async () => string.Join('\n', await Task.WhenAll(nodes.Select(async n => $"{n.Port}: {await n.DigestAsync()} {await n.Replication.PositionAsync()} {await n.Replication.StatusAsync()}"))));

    private static async Task<TimeSpan> TimeOfAsync(Func<Task> work)
    {
        var since = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(since);
    }
}
