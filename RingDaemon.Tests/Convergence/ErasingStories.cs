using System.Text;
using System.Text.Json;
using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Convergence;
using Connect.RingDaemon.Tests.Replication;
using Dapper;

namespace Connect.RingDaemon.Tests.Convergence;

public sealed class MariaDbErasingTests(TestServers servers) : ErasingStories(servers, Engine.MariaDB);

public sealed class MySqlErasingTests(TestServers servers) : ErasingStories(servers, Engine.MySQL);

/// <summary>What is erased on one of two real servers, and everything that could bring it back.</summary>
public abstract class ErasingStories(TestServers servers, Engine engine)
{
    private const string Secret = "where Ann lives";

    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(20);

    private readonly Uuid7 _ids = new(TimeProvider.System);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_erased_on_one_node_loses_its_text_on_both_and_they_are_equal_afterwards()
    {
        var pair = await PairAsync();
        using var left = new ReplicaOf(pair[0]);
        using var right = new ReplicaOf(pair[1]);
        var (post, other) = (await WritePostAsync(pair[0], Secret), await WritePostAsync(pair[0], "stays"));
        var file = await WriteFileAsync(pair[0]);
        await WriteAsync(pair[0], "INSERT INTO post_revision (id, node, post_id, author_id, kind, body, reason) VALUES (@id, 1, @post, @post, 'edit', @secret, @secret), (@id2, 1, @post, @post, 'delete', NULL, @secret), (@id3, 1, @post, @post, 'erase', NULL, 'a law')", post);
        await WriteAsync(pair[0], "INSERT INTO report (id, node, post_id, author_id, reason) VALUES (@id, 1, @post, @post, @secret)", post);
        await WriteAsync(pair[0], "INSERT INTO mention (id, node, text_id, post_id, topic_id, account_id, author_id, kind, named) VALUES (@id, 1, @post, @post, @post, @post, @post, 'mention', @secret)", post);
        // The same request, answered by another node as well: the same text once more.
        var twin = await WritePostAsync(pair[0], Secret, keyOf: post);
        var (topic, opening) = await WriteTopicAsync(pair[0], null);
        var (_, openingTwin) = await WriteTopicAsync(pair[0], topic);
        Assert.Empty(await left.Erasing.RunAsync(Cancel));
        foreach (var subject in new[] { post, file, opening }) await EraseAsync(pair[0], subject);
        await ArrivedAsync(pair[1], 3);
        var before = await pair[0].Replication.PositionAsync(Cancel);

        var changed = await left.Erasing.RunAsync(Cancel);
        Assert.Equal((4, 2, 1, 1, 1, 2), (changed["post"], changed["post_revision"], changed["mention"], changed["report"], changed["file"], changed["file_part"]));
        Assert.Empty(await left.Erasing.RunAsync(Cancel)); // once is enough
        Assert.True(before.Contains(await pair[0].Replication.PositionAsync(Cancel)), "an update was logged");
        // The other node is behind with it; whoever compares has it done first.
        var report = await new Checksum(() => [left.Replica, right.Replica], TimeProvider.System).CompareAsync(whole: false, Cancel);
        Assert.True(report.Equal, JsonSerializer.Serialize(report));
        foreach (var server in pair)
        {
            foreach (var gone in new[] { post, twin, opening, openingTwin }) Assert.Equal("", await BodyAsync(server, gone));
            Assert.Equal("stays", await BodyAsync(server, other));
            Assert.Equal("a law", await server.AdminAsync<string>("SELECT GROUP_CONCAT(reason SEPARATOR '') FROM connect.post_revision"));
            await SilentAsync(server);
        }
        foreach (var server in pair) server.Dispose();
    }

    [Fact]
    public async Task An_old_row_that_comes_back_by_a_repair_a_backup_or_an_old_transaction_is_erased_again()
    {
        var pair = await PairAsync();
        var old = await servers.StartAsync(engine); // was away, and has an old backup
        using var left = new ReplicaOf(pair[0]);
        using var right = new ReplicaOf(pair[1]);
        using var back = new ReplicaOf(old);
        var post = await WritePostAsync(pair[0], Secret);
        var key = Convert.ToHexString(post).ToLowerInvariant();
        var rows = await left.Rows.ReadAsync("post", [key], Cancel);
        Assert.Equal(1, await back.Rows.AddAsync("post", rows, logged: false, Cancel));
        await EraseAsync(pair[0], post);
        await ArrivedAsync(pair[1], 1);
        Assert.Single(await left.Erasing.RunAsync(Cancel));

        // The one with the old backup unites its rows with the others'.
        var (added, conflicts) = (new Dictionary<string, int>(), new List<string>());
        Assert.Equal(Secret, await BodyAsync(old, post));
        Assert.True(await new RangeUnion(back.Replica, back.Rows).FromAsync(left.Replica, async (table, keys) => await left.Rows.ReadAsync(table, keys, Cancel), dryRun: false, added, conflicts, Cancel));
        Assert.Empty(conflicts);
        Assert.Equal("", await BodyAsync(old, post));

        // A repair that fetches an old row from a node that was not through yet, over one that is missing here.
        await right.Erasing.RunAsync(Cancel);
        await ByHandAsync(pair[1], $"DELETE FROM connect.post WHERE id = UNHEX('{key}')");
        Assert.Equal(1, await right.Rows.AddAsync("post", rows, logged: false, Cancel));
        Assert.Equal(Secret, await BodyAsync(pair[1], post));
        var report = await new Checksum(() => [left.Replica, right.Replica], TimeProvider.System).CompareAsync(whole: false, Cancel);
        Assert.True(report.Equal, JsonSerializer.Serialize(report));
        Assert.Equal("", await BodyAsync(pair[1], post));

        // A transaction that is applied again: replicas put its row in the place of the one that is there.
        await ByHandAsync(pair[0], $"DELETE FROM connect.post WHERE id = UNHEX('{key}')");
        await left.Rows.AddAsync("post", rows, logged: true, Cancel);
        await Eventually.IsTrueAsync(async () => await BodyAsync(pair[1], post) == Secret, Wait);
        foreach (var one in new[] { left, right }) Assert.Single(await one.Erasing.RunAsync(Cancel));
        // A decision whose post has not arrived waits for it.
        var later = Uuid7.ToBytes(_ids.Next());
        await EraseAsync(pair[0], later);
        await ArrivedAsync(pair[1], 2);
        Assert.Empty(await right.Erasing.RunAsync(Cancel));
        await WritePostAsync(pair[0], Secret, id: later);
        await Eventually.IsTrueAsync(async () => await BodyAsync(pair[1], later) == Secret, Wait);
        Assert.Single(await right.Erasing.RunAsync(Cancel));
        await SilentAsync(pair[1]);
        foreach (var server in pair) server.Dispose();
        old.Dispose();
    }

    private async Task<byte[]> WritePostAsync(TestServer server, string body, byte[]? id = null, byte[]? keyOf = null)
    {
        id ??= Uuid7.ToBytes(_ids.Next());
        await server.Board.RunAsync(c => c.Execute("INSERT INTO post (id, node, topic_id, author_id, body, request_key) VALUES (@id, 1, @id, @id, @body, @key)",
            new { id, body, key = (byte[])[.. keyOf ?? id, .. keyOf ?? id] }), Wait, Cancel);
        return id;
    }

    private async Task<(byte[] Topic, byte[] Post)> WriteTopicAsync(TestServer server, byte[]? keyOf)
    {
        var (topic, post) = (Uuid7.ToBytes(_ids.Next()), Uuid7.ToBytes(_ids.Next()));
        await server.Board.RunAsync(c =>
        {
            c.Execute("INSERT INTO topic (id, node, channel_id, author_id, title, request_key) VALUES (@topic, 1, @topic, @topic, 'A title', @key)", new { topic, key = (byte[])[.. keyOf ?? topic, .. keyOf ?? topic] });
            c.Execute("INSERT INTO post (id, node, topic_id, author_id, body) VALUES (@post, 1, @topic, @topic, @Secret)", new { post, topic, Secret });
        }, Wait, Cancel);
        return (topic, post);
    }

    private async Task<byte[]> WriteFileAsync(TestServer server)
    {
        var (file, whole, shown) = (Uuid7.ToBytes(_ids.Next()), Uuid7.ToBytes(_ids.Next()), Uuid7.ToBytes(_ids.Next()));
        await server.Board.RunAsync(c =>
        {
            foreach (var content in new[] { whole, shown })
                c.Execute("INSERT INTO file_part (id, node, content_id, number, bytes) VALUES (@id, 1, @content, 0, @bytes)", new { id = Uuid7.ToBytes(_ids.Next()), content, bytes = Encoding.UTF8.GetBytes(Secret) });
            c.Execute("INSERT INTO file VALUES (@file, 1, @file, @Secret, 'image/png', @hash, @whole, 10, 1, 1, @shown, 10, 1, 1)", new { file, Secret, hash = new byte[32].Select(_ => (byte)7).ToArray(), whole, shown });
        }, Wait, Cancel);
        return file;
    }

    private Task<int> WriteAsync(TestServer server, string sql, byte[] post) => server.Board.RunAsync(c => c.Execute(sql,
        new { post, secret = Secret, id = Uuid7.ToBytes(_ids.Next()), id2 = Uuid7.ToBytes(_ids.Next()), id3 = Uuid7.ToBytes(_ids.Next()) }), Wait, Cancel);

    /// <summary>As the board writes it.</summary>
    private Task<int> EraseAsync(TestServer server, byte[] subject) => server.Board.RunAsync(c => c.Execute(
        "INSERT INTO decision (id, node, subject_id, property, value, author_id, reason) VALUES (@id, 1, @subject, 'erased', '', @subject, '')", new { id = Uuid7.ToBytes(_ids.Next()), subject }), Wait, Cancel);

    private static async Task ArrivedAsync(TestServer server, int decisions) =>
        await Eventually.IsTrueAsync(async () => await server.AdminAsync<long>("SELECT COUNT(*) FROM connect.decision") == decisions, Wait);

    private static async Task<string?> BodyAsync(TestServer server, byte[] post) => await server.AdminAsync<string>($"SELECT body FROM connect.post WHERE id = UNHEX('{Convert.ToHexString(post)}')");

    /// <summary>No column of any row has it.</summary>
    private static async Task SilentAsync(TestServer server)
    {
        var columns = await server.Board.RunAsync(c => c.Query<(string Table, string Column)>("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'connect'").ToList(), Wait, Cancel);
        foreach (var (table, column) in columns)
            Assert.Equal(0, await server.AdminAsync<long>($"SELECT COUNT(*) FROM connect.`{table}` WHERE LOCATE('{Convert.ToHexString(Encoding.UTF8.GetBytes(Secret))}', HEX(`{column}`)) > 0"));
    }

    private static Task ByHandAsync(TestServer server, string sql) => server.AdminAsync($"SET SESSION sql_log_bin = 0; {sql}; SET SESSION sql_log_bin = 1");

    /// <summary>A source and its replica.</summary>
    private async Task<TestServer[]> PairAsync()
    {
        var pair = await servers.StartManyAsync(engine, 2);
        await pair[1].Replication.PointAtAsync(pair[0], pair[0].Accounts.Replication, tls: false, TimeSpan.FromSeconds(1), cancel: Cancel);
        await Eventually.IsTrueAsync(async () => (await pair[1].Replication.StatusAsync(Cancel)).Running, Wait);
        return pair;
    }
}
