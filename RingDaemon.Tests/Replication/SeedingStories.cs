using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Tests.Replication;

public sealed class MariaDbSeedingTests(TestServers servers, ITestOutputHelper output) : SeedingStories(servers, output, Engine.MariaDB);

public sealed class MySqlSeedingTests(TestServers servers, ITestOutputHelper output) : SeedingStories(servers, output, Engine.MySQL);

/// <summary>A newcomer copies a member that goes on being written to.</summary>
public abstract class SeedingStories(TestServers servers, ITestOutputHelper output, Engine engine)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_newcomer_copies_a_busy_donor_and_misses_and_doubles_nothing()
    {
        var donor = await servers.StartAsync(engine);
        var newcomer = await servers.StartAsync(engine);
        await donor.AdminAsync("INSERT INTO connect.ring VALUES (UNHEX('0190000000007000800000000000000A'), 1, 'test')");
        await FillAsync(donor, rows: 3000);
        await ServerStories.PurgeAllAsync(donor); // what was written so far can come by seed only

        using var stop = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            var ids = new Uuid7(TimeProvider.System);
            using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(50)); // steady, not as fast as it can: convergence is not what is tested
            while (!stop.IsCancellationRequested && await pace.WaitForNextTickAsync()) await donor.WriteAsync(10, ids);
        });
        var before = await donor.Replication.PositionAsync();
        var since = System.Diagnostics.Stopwatch.GetTimestamp();
        var result = await SeedAsync(newcomer, donor);
        output.WriteLine($"{engine}: seeded in {System.Diagnostics.Stopwatch.GetElapsedTime(since).TotalSeconds:0.0} s");
        var seeded = await newcomer.Replication.PositionAsync();
        output.WriteLine($"{engine}: seeded {result.Rows} rows; donor stood at {before}, the copy at {seeded}");
        Assert.True(seeded.Contains(before));
        Assert.Equal(seeded, (await newcomer.Replication.LogsAsync()).Purged); // it has them, and cannot send one of them
        Assert.Equal(ReplicaStatus.None, await newcomer.Replication.StatusAsync());

        await RingStories.PointAsync(newcomer, donor);
        await RingStories.PointAsync(donor, newcomer);
        await RingStories.RunningAsync(newcomer, donor);
        await newcomer.WriteAsync(10);
        await stop.CancelAsync();
        output.WriteLine($"{engine}: both run after {System.Diagnostics.Stopwatch.GetElapsedTime(since).TotalSeconds:0.0} s");
        await writing;
        await RingStories.EqualAsync(donor, newcomer);

        output.WriteLine($"{engine}: equal after {System.Diagnostics.Stopwatch.GetElapsedTime(since).TotalSeconds:0.0} s");
        // The newcomer's own accounts work again, and it belongs to the ring now.
        using var seeding = Seeding.For(newcomer.Settings, newcomer.Accounts);
        Assert.Equal((Ownership.Ring, "test"), await seeding.BelongingAsync() switch { var b => (b.Ownership, b.Ring) });
        Assert.Empty(await newcomer.Replication.CheckSettingsAsync());
        Assert.NotEqual(await donor.Replication.IdentityAsync(), await newcomer.Replication.IdentityAsync());

        // A third that knows nothing is refused with the reason, by us and by the server; one that is seeded from the newcomer follows it.
        var third = await servers.StartAsync(engine);
        using var peer = new PeerServer(engine, newcomer, newcomer.Accounts.Peer, TestServer.Schema, tls: false);
        var position = await peer.PositionAsync(Soon);
        var judgement = SourceCheck.Judge(await third.Replication.IdentityAsync(), await third.Replication.PositionAsync(), position);
        Assert.Equal(SourceFitness.NeedsPurgedLogs, judgement.Fitness);
        Assert.Equal(seeded, judgement.Missing);
        await RingStories.PointAsync(third, newcomer);
        await Eventually.IsTrueAsync(async () => (await third.Replication.StatusAsync()).LastErrorNumber is 1236 or 13114, Soon, async () => $"{await third.Replication.StatusAsync()}");
        await third.Replication.StopAsync();
        await SeedAsync(third, newcomer);
        Assert.True(SourceCheck.Judge(await third.Replication.IdentityAsync(), await third.Replication.PositionAsync(), position).IsFit);
        await RingStories.PointAsync(third, newcomer);
        await donor.WriteAsync(5);
        await newcomer.WriteAsync(5);
        await RingStories.EqualAsync(donor, newcomer, third);
        foreach (var server in new[] { donor, newcomer, third }) server.Dispose();
    }

    [Fact]
    public async Task Whose_data_a_server_holds_is_told_and_a_foreign_one_is_not_overwritten()
    {
        var server = await servers.StartAsync(engine);
        using var seeding = Seeding.For(server.Settings, server.Accounts);
        Assert.Equal(Ownership.Empty, (await seeding.BelongingAsync()).Ownership);

        await server.WriteAsync(1);
        var rows = await seeding.BelongingAsync();
        Assert.Equal(Ownership.Foreign, rows.Ownership);
        Assert.Contains("post", rows.What, StringComparison.Ordinal);
        await Assert.ThrowsAsync<InvalidOperationException>(() => seeding.SeedAsync(server, server.Accounts.Seed, Soon));

        var id = new Uuid7(TimeProvider.System).Next();
        await server.AdminAsync($"INSERT INTO connect.ring VALUES (0x{Convert.ToHexString(Uuid7.ToBytes(id))}, 1, 'mine')");
        Assert.Equal(new Belonging(Ownership.Ring, "mine", id, "it belongs to the ring mine."), await seeding.BelongingAsync());

        await server.AdminAsync("CREATE DATABASE shop");
        var foreign = await seeding.BelongingAsync();
        Assert.Equal(Ownership.Foreign, foreign.Ownership);
        Assert.Contains("shop", foreign.What, StringComparison.Ordinal);
        server.Dispose();
    }

    [Fact]
    public async Task A_server_that_is_being_founded_is_empty_or_the_rings_and_never_a_strangers()
    {
        var server = await servers.StartAsync(engine);
        using var seeding = Seeding.For(server.Settings, server.Accounts);
        var ids = new Uuid7(TimeProvider.System);
        string Hex() => $"0x{Convert.ToHexString(Uuid7.ToBytes(ids.Next()))}";
        for (var round = 0; round < 20; round++)
        {
            // The rows of account come long before the ring's own; both are one transaction's.
            var founding = server.AdminAsync(
                $"START TRANSACTION; INSERT INTO connect.account VALUES ({Hex()}, 1, 'a{round}', 'a{round}'); INSERT INTO connect.ring VALUES ({Hex()}, 1, 'mine'); COMMIT");
            Belonging seen;
            do
            {
                seen = await seeding.BelongingAsync();
                Assert.NotEqual(Ownership.Foreign, seen.Ownership);
            }
            while (seen.Ownership != Ownership.Ring);
            await founding;
            await server.AdminAsync("DELETE FROM connect.ring; DELETE FROM connect.account");
        }
        server.Dispose();
    }

    private static async Task<SeedResult> SeedAsync(TestServer newcomer, TestServer donor)
    {
        using var seeding = Seeding.For(newcomer.Settings, newcomer.Accounts);
        var result = await seeding.SeedAsync(donor, donor.Accounts.Seed, Soon);
        if (result.Outcome == SeedOutcome.RestartServer)
        {
            await newcomer.ExitedAsync(Soon);
            await newcomer.StartAsync();
        }
        var position = await seeding.AfterRestartAsync();
        return result with { Position = position };
    }

    /// <summary>Many rows in few transactions, as the board's batches are, with every kind of value.</summary>
    private static Task FillAsync(TestServer donor, int rows) => donor.AdminAsync(
        $"""
        USE connect; INSERT INTO connect.post (id, node, topic_id, author_id, in_reply_to, body, request_key)
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000), m (j) AS (SELECT 1 UNION ALL SELECT j + 1 FROM m WHERE j < {rows / 1000})
        SELECT UNHEX(LEFT(SHA2(CONCAT(i, '-', j), 256), 32)), {donor.ServerId}, UNHEX(LEFT(SHA2(i, 256), 32)), UNHEX(LEFT(SHA2(j, 256), 32)), IF(i % 2, NULL, UNHEX(LEFT(SHA2(i, 256), 32))),
          CONCAT('Grüße 🌍 \'quoted\' \\ @name ', REPEAT('x', i % 50)), IF(i % 3, NULL, UNHEX(SHA2(i, 256))) FROM n, m
        """);
}
