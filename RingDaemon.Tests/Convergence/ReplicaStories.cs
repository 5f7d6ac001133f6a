using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Convergence;
using Connect.RingDaemon.Tests.Replication;
using Dapper;

namespace Connect.RingDaemon.Tests.Convergence;

public sealed class MariaDbReplicaTests(TestServers servers, ITestOutputHelper output) : ReplicaStories(servers, output, Engine.MariaDB);

public sealed class MySqlReplicaTests(TestServers servers, ITestOutputHelper output) : ReplicaStories(servers, output, Engine.MySQL);

/// <summary>What checksum says of two real servers, beside what other tools say of the same data.</summary>
public abstract class ReplicaStories(TestServers servers, ITestOutputHelper output, Engine engine)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Bodies in which a digest could be wrong.</summary>
    private static readonly string[] Bodies = ["", "a", "Grüße 🌍", "-", "a#b", "\0", "\\'\"`", new('x', 32 << 10), "ÿ", "é", "e\u0301"];

    [Fact]
    public async Task Every_verdict_is_that_of_CHECKSUM_TABLE_and_of_a_dump()
    {
        var pair = await PairAsync();
        var (a, b) = (pair[0], pair[1]);
        using var left = new ReplicaOf(a);
        using var right = new ReplicaOf(b);
        var checksum = new Checksum(() => [left.Replica, right.Replica], TimeProvider.System);
        await EqualAsync("both empty");

        var ids = Enumerable.Range(0, 3000).Select(i => Key(i)).ToArray();
        await a.Board.RunAsync(c =>
        {
            foreach (var page in ids.Select((id, i) => (id, i)).Chunk(200))
            {
                c.Execute($"INSERT INTO post (id, node, topic_id, author_id, in_reply_to, body, request_key) VALUES {string.Join(",", page.Select(p =>
                    $"(UNHEX('{p.id}'), {p.i % 3}, UNHEX('{p.id}'), UNHEX('{p.id}'), {(p.i % 2 == 0 ? "NULL" : $"UNHEX('{p.id}')")}, CONVERT(UNHEX('{Convert.ToHexString(Encoding.UTF8.GetBytes(Bodies[p.i % Bodies.Length]))}') USING utf8mb4), NULL)"))}");
            }
        }, TimeSpan.FromSeconds(20), Cancel);
        await Eventually.IsTrueAsync(async () => await b.AdminAsync<long>("SELECT COUNT(*) FROM connect.post") == ids.Length, TimeSpan.FromSeconds(30));
        await EqualAsync("3000 rows on both");

        // One change after the other by hand, outside every log; then it is taken back.
        await DiffersAsync("one missing row", b, $"DELETE FROM connect.post WHERE id = UNHEX('{ids[1234]}')", ids[1234], missing: [right.Replica.Name]);
        await CopyBackAsync(ids[1234]);
        await EqualAsync("the row is back");
        await DiffersAsync("one changed byte", b, $"UPDATE connect.post SET body = 'b' WHERE id = UNHEX('{ids[1]}')", ids[1], missing: []);
        await ByHandAsync(b, $"UPDATE connect.post SET body = 'a' WHERE id = UNHEX('{ids[1]}')");
        await EqualAsync("the byte is back");
        await DiffersAsync("NULL and empty", b, $"UPDATE connect.post SET in_reply_to = REPEAT(CHAR(0), 16) WHERE id = UNHEX('{ids[0]}')", ids[0], missing: []);
        await ByHandAsync(b, $"UPDATE connect.post SET in_reply_to = NULL WHERE id = UNHEX('{ids[0]}')");
        await EqualAsync("NULL again");
        await DiffersAsync("another form of the same letter", b, $"UPDATE connect.post SET body = CONVERT(UNHEX('65CC81') USING utf8mb4) WHERE id = UNHEX('{ids[9]}')", ids[9], missing: []);
        await ByHandAsync(b, $"UPDATE connect.post SET body = CONVERT(UNHEX('C3A9') USING utf8mb4) WHERE id = UNHEX('{ids[9]}')");
        await EqualAsync("the first form again");
        await DiffersAsync("the last byte of 32 KB", b, $"UPDATE connect.post SET body = CONCAT(REPEAT('x', 32767), 'y') WHERE id = UNHEX('{ids[7]}')", ids[7], missing: []);
        await ByHandAsync(b, $"UPDATE connect.post SET body = REPEAT('x', 32768) WHERE id = UNHEX('{ids[7]}')");
        await EqualAsync("32 KB as they were");
        await DiffersAsync("one extra row", a, "INSERT INTO connect.post VALUES (UNHEX('00'), 1, '', '', NULL, '🌍', NULL)", new string('0', 32), missing: [right.Replica.Name]);
        await ByHandAsync(a, "DELETE FROM connect.post WHERE id = UNHEX('00000000000000000000000000000000')");
        await EqualAsync("without it");
        await DiffersAsync("two rows that changed places", b,
            $"UPDATE connect.post SET topic_id = IF(id = UNHEX('{ids[5]}'), UNHEX('{ids[6]}'), UNHEX('{ids[5]}')) WHERE id IN (UNHEX('{ids[5]}'), UNHEX('{ids[6]}'))", ids[5], missing: [], rows: 2);
        foreach (var server in pair) server.Dispose();

        async Task EqualAsync(string what)
        {
            var report = await checksum.CompareAsync(whole: false, Cancel);
            Assert.True(report.Equal, $"{what}: {System.Text.Json.JsonSerializer.Serialize(report)}");
            Assert.Empty(report.Differences);
            await ToolsAsync(what, equal: true);
        }

        async Task DiffersAsync(string what, TestServer server, string sql, string key, string[] missing, int rows = 1)
        {
            await ByHandAsync(server, sql);
            var since = Stopwatch.GetTimestamp();
            var report = await checksum.CompareAsync(whole: false, Cancel);
            output.WriteLine($"{engine}: {what}: found in {Stopwatch.GetElapsedTime(since).TotalMilliseconds:0} ms");
            Assert.False(report.Equal, what);
            Assert.Equal(rows, report.Differences.Count);
            var difference = report.Differences.Single(d => d.Key.Equals(key, StringComparison.OrdinalIgnoreCase));
            Assert.Equal(("post", missing.Length == 0), (difference.Table, difference.Conflict));
            Assert.Equal(missing, difference.Missing);
            Assert.Equal(["post"], report.Tables.Where(t => !t.Equal).Select(t => t.Table));
            await ToolsAsync(what, equal: false);
        }

        async Task ToolsAsync(string what, bool equal)
        {
            var tables = await Task.WhenAll(pair.Select(s => s.Board.RunAsync(c => c.QuerySingle<(string, long)>("CHECKSUM TABLE connect.post EXTENDED").Item2, TimeSpan.FromSeconds(20), Cancel)));
            Assert.True(equal == (tables[0] == tables[1]), $"CHECKSUM TABLE, {what}");
            var dumps = await Task.WhenAll(pair.Select(DumpAsync));
            Assert.True(equal == (dumps[0] == dumps[1]), $"a dump, {what}");
        }

        async Task CopyBackAsync(string key)
        {
            var row = await new TableRows(a.Board, a.Settings).ReadAsync("post", [key], Cancel);
            Assert.Equal(1, await right.Rows.AddAsync("post", row, logged: false, Cancel));
        }
    }

    [Fact]
    public async Task Rows_on_their_way_are_no_differences_and_rows_that_will_never_come_are()
    {
        var pair = await PairAsync();
        var (source, replica) = (pair[0], pair[1]);
        using var left = new ReplicaOf(source);
        using var right = new ReplicaOf(replica);
        var checksum = new Checksum(() => [left.Replica, right.Replica], TimeProvider.System);
        var ids = new Uuid7(TimeProvider.System);
        await source.WriteAsync(200, ids);
        using var stop = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
            while (!stop.IsCancellationRequested && await pace.WaitForNextTickAsync(Cancel)) await source.WriteAsync(5, ids);
        }, Cancel);
        for (var i = 0; i < 5; i++)
        {
            var report = await checksum.CompareAsync(whole: false, Cancel);
            Assert.True(report.Equal, System.Text.Json.JsonSerializer.Serialize(report));
        }

        // While posts go on, one is deleted on the replica by hand.
        var gone = (await source.WriteAsync(1, ids))[0];
        var key = Convert.ToHexString(Uuid7.ToBytes(gone)).ToLowerInvariant();
        await Eventually.IsTrueAsync(async () => await replica.AdminAsync<long>($"SELECT COUNT(*) FROM connect.post WHERE id = UNHEX('{key}')") == 1, TimeSpan.FromSeconds(20));
        await ByHandAsync(replica, $"DELETE FROM connect.post WHERE id = UNHEX('{key}')");
        var found = await checksum.CompareAsync(whole: false, Cancel);
        Assert.False(found.Equal);
        Assert.Equal([key], found.Differences.Select(d => d.Key));
        Assert.Equal([right.Replica.Name], found.Differences[0].Missing);
        await stop.CancelAsync();
        await writing;
        foreach (var server in pair) server.Dispose();
    }

    /// <summary>A source and its replica.</summary>
    private async Task<TestServer[]> PairAsync()
    {
        var pair = await servers.StartManyAsync(engine, 2);
        await pair[1].Replication.PointAtAsync(pair[0], pair[0].Accounts.Replication, tls: false, TimeSpan.FromSeconds(1), cancel: Cancel);
        await Eventually.IsTrueAsync(async () => (await pair[1].Replication.StatusAsync(Cancel)).Running, TimeSpan.FromSeconds(20));
        return pair;
    }

    private static Task ByHandAsync(TestServer server, string sql) => server.AdminAsync($"SET SESSION sql_log_bin = 0; {sql}; SET SESSION sql_log_bin = 1");

    private static async Task<string> DumpAsync(TestServer server)
    {
        var rows = await server.Board.RunAsync(c => c.Query<string>(
            "SELECT CONCAT_WS('|', HEX(id), node, HEX(topic_id), HEX(author_id), IFNULL(HEX(in_reply_to), 'NULL'), HEX(body), IFNULL(HEX(request_key), 'NULL')) FROM connect.post ORDER BY id").ToList(),
            TimeSpan.FromSeconds(20), Cancel);
        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', rows))));
    }

    private static string Key(int i) => ((UInt128)(ulong)(1_795_000_000_000 + i * 500L) << 80 | (UInt128)0x7000 << 64 | 0x8000_0000_0000_0000UL | (UInt128)(ulong)i).ToString("x32");
}
