using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Connect.BoardWeb.Metrics;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Tests.Stage;
using Connect.BoardWeb.Writes;
using Connect.Node.Database;
using Connect.Node.Settings;
using Dapper;
using Xunit;

namespace Connect.BoardWeb.Tests;

public sealed class WritingTests(MariaDbStage ring, MySqlStage mysql)
{
    [Fact]
    public async Task A_hundred_posts_at_once_are_few_transactions_with_rising_ids()
    {
        var topic = await ring.TopicAsync();
        using var http = ring.Admin(ring.A);
        var before = await Transactions();
        var posts = await Task.WhenAll(Enumerable.Range(0, 100).Select(async i => await (await http.PostAsJsonAsync(
            $"/api/v1/topics/{topic}/posts", new { body = $"{i}" })).Content.ReadFromJsonAsync<JsonElement>()));
        var transactions = await Transactions() - before;
        Assert.Equal(100, posts.Select(p => p.GetProperty("id").GetGuid()).Distinct().Count());
        Assert.InRange(transactions, 1, 50);
        TestContext.Current.TestOutputHelper?.WriteLine($"100 posts, {transactions} transactions");

        Task<long> Transactions() => ring.SqlAsync(c => GtidSet.Parse(Engine.MariaDB, c.ExecuteScalar<string>("SELECT @@gtid_binlog_pos")).Count);
    }

    [Fact]
    public async Task The_daemon_is_asked_about_the_very_position_of_the_commit()
    {
        await AssertPositionAsync(ring, Engine.MariaDB, "SELECT @@gtid_binlog_pos");
        Assert.SkipWhen(mysql.Missing is not null, mysql.Missing ?? "");
        await AssertPositionAsync(mysql, Engine.MySQL, "SELECT @@global.gtid_executed");
    }

    private static async Task AssertPositionAsync(StageOn stage, Engine engine, string query)
    {
        await stage.TopicAsync();
        var asked = GtidSet.Parse(engine, stage.A.Daemon.Asked.Last());
        var executed = GtidSet.Parse(engine, await stage.SqlAsync(c => c.ExecuteScalar<string>(query)));
        Assert.Single(asked.Origins);
        Assert.Equal(executed.Only(asked.Origins.Single()), asked);
    }

    [Fact]
    public async Task A_post_whose_second_copy_is_pending_is_accepted_and_says_so()
    {
        await using var node = await BoardNode.StartAsync(ring.Server, "n3");
        var topic = await ring.TopicAsync();
        using var http = ring.Admin(node);
        node.Daemon.Ack = () => Task.FromResult((false, 0));
        var pending = await http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "alone" });
        Assert.Equal((HttpStatusCode.Accepted, 0), (pending.StatusCode, await Copies(pending)));
        node.Daemon.Ack = () => Task.FromResult((true, 0));
        var lone = await http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "the only member alive" });
        Assert.Equal((HttpStatusCode.Created, 0), (lone.StatusCode, await Copies(lone)));
        node.Daemon.Broken = true;
        var unknown = await http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "nobody to ask" });
        Assert.Equal(HttpStatusCode.Accepted, unknown.StatusCode);

        static async Task<int> Copies(HttpResponseMessage answer) => (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("copies").GetInt32();
    }

    [Fact]
    public async Task The_next_batch_does_not_wait_for_the_copies_of_the_one_before()
    {
        await using var node = await BoardNode.StartAsync(ring.Server, "n3");
        var topic = await ring.TopicAsync();
        using var http = ring.Admin(node);
        var copied = new TaskCompletionSource<(bool, int)>(TaskCreationOptions.RunContinuationsAsynchronously);
        node.Daemon.Ack = () => copied.Task;
        var first = http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "first" });
        await Wait.UntilAsync(() => Task.FromResult(!node.Daemon.Asked.IsEmpty), TimeSpan.FromSeconds(5), "the first batch waits");
        var second = http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "second" });
        await Wait.UntilAsync(() => Task.FromResult(node.Daemon.Asked.Count == 2), TimeSpan.FromSeconds(1), "the second batch is committed");
        Assert.False(first.IsCompleted);
        copied.SetResult((true, 1));
        Assert.Equal(HttpStatusCode.Created, (await first).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await second).StatusCode);
    }

    [Fact]
    public async Task Acknowledgement_local_asks_nobody()
    {
        await using var node = await BoardNode.StartAsync(ring.Server, "n3", s => s.Posts.Acknowledge = Acknowledgement.Local);
        using var http = ring.Admin(node);
        Assert.Equal(HttpStatusCode.Created, (await http.PostAsJsonAsync($"/api/v1/topics/{await ring.TopicAsync()}/posts", new { body = "here" })).StatusCode);
        Assert.Empty(node.Daemon.Asked);
    }

    [Fact]
    public async Task A_retry_with_the_same_key_is_the_same_post_on_every_node()
    {
        var topic = await ring.TopicAsync();
        using var a = ring.Admin(ring.A);
        using var b = ring.Admin(ring.B);
        var key = Guid.NewGuid().ToString();
        var ids = await Task.WhenAll(Post(a, "x"), Post(a, "x"), Post(a, "x"));
        Assert.Single(ids.Distinct());
        Assert.Equal(ids[0], await Post(b, "x"));
        await ApiContractTests.AssertProblemAsync(await Send(a, "something else"), 422);

        async Task<Guid> Post(HttpClient http, string body)
        {
            var answer = await Send(http, body);
            Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
            return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
        }

        Task<HttpResponseMessage> Send(HttpClient http, string body)
        {
            var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/topics/{topic}/posts") { Content = JsonContent.Create(new { body }) };
            request.Headers.Add("Idempotency-Key", key);
            return http.SendAsync(request);
        }
    }

    [Fact]
    public async Task A_topic_opened_twice_with_one_key_is_one_topic()
    {
        using var http = ring.Admin(ring.A);
        var key = Guid.NewGuid().ToString();
        var (first, second) = (await Open(), await Open());
        Assert.Equal(first.GetProperty("id").GetGuid(), second.GetProperty("id").GetGuid());
        Assert.Equal(first.GetProperty("postId").GetGuid(), second.GetProperty("postId").GetGuid());

        async Task<JsonElement> Open()
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/channels/general/topics") { Content = JsonContent.Create(new { title = "T", body = "B" }) };
            request.Headers.Add("Idempotency-Key", key);
            return await (await http.SendAsync(request)).Content.ReadFromJsonAsync<JsonElement>();
        }
    }

    [Fact]
    public async Task Two_rows_with_one_request_key_from_two_sides_of_a_partition_are_shown_as_one()
    {
        var topic = await ring.TopicAsync();
        var ids = new Uuid7(TimeProvider.System);
        var (first, second, author) = (ids.Next(), ids.Next(), ids.Next());
        var key = Posting.RequestKey(author, "k")!;
        await ring.SqlAsync(c => new[] { (second, 8), (first, 7) }.Sum(p => c.Execute(
            "INSERT INTO post (id,node,topic_id,author_id,body,request_key) VALUES (@id,@node,@topic,@author,'same',@key)",
            new { id = Uuid7.ToBytes(p.Item1), node = p.Item2, topic = Uuid7.ToBytes(topic), author = Uuid7.ToBytes(author), key })));
        using var http = ring.Admin(ring.A);
        var items = (await http.GetFromJsonAsync<JsonElement>($"/api/v1/topics/{topic}/posts")).GetProperty("items");
        Assert.Equal(2, items.GetArrayLength());
        Assert.Equal(first, items[1].GetProperty("id").GetGuid());
    }

    [Fact]
    public async Task Of_two_channels_or_accounts_with_one_name_the_earlier_one_keeps_it()
    {
        var ids = new Uuid7(TimeProvider.System);
        var slug = $"twin-{PageTests.Unique()}";
        var (early, late) = (ids.Next(), ids.Next());
        await ring.SqlAsync(c => new[] { late, early }.Sum(id => c.Execute(
            "INSERT INTO channel (id,node,author_id,slug,title) VALUES (@id,8,@id,@slug,@title)",
            new { id = Uuid7.ToBytes(id), slug, title = id == early ? "Early" : "Late" })));
        using var http = ring.A.Client();
        Assert.Contains("Early", await http.GetStringAsync($"/c/{slug}"), StringComparison.Ordinal);
        Assert.Contains("Late", await http.GetStringAsync($"/c/{slug}-{late.ToString("N")[^4..]}"), StringComparison.Ordinal);
    }

    /// <summary>The connection is cut at the worst moment: the rows are committed, the answer is lost.</summary>
    [Fact]
    public async Task A_commit_whose_answer_was_lost_is_found_again_and_not_repeated()
    {
        await using var proxy = await CuttingProxy.StartAsync(ring.Server.Port);
        await using var node = await BoardNode.StartAsync(ring.Server, "n3", s => s.Database.Port = proxy.Port);
        await node.ReadyAsync();
        var topic = await ring.TopicAsync();
        using var http = ring.Admin(node);
        (await http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "before" })).EnsureSuccessStatusCode();
        proxy.CutAnswerAfter("COMMIT;SELECT");
        var answer = await http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "lost answer" });
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.Equal(1, proxy.Cuts);
        Assert.Equal(1, node.Service<BoardMetrics>().CommitRetries.Value);
        var id = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
        var items = (await http.GetFromJsonAsync<JsonElement>($"/api/v1/topics/{topic}/posts")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(id, Assert.Single(items, i => i.GetProperty("body").GetString() == "lost answer").GetProperty("id").GetGuid());
    }

    [Fact]
    public async Task One_write_the_server_refuses_does_not_cost_the_others_of_its_batch()
    {
        var writes = ring.A.Service<WriteBatcher>();
        var topic = await ring.TopicAsync();
        var author = Guid.NewGuid();
        var good = Enumerable.Range(0, 5).Select(i => writes.WriteAsync(new(next => [new NewPost(next(), topic, author, null, $"{i}", null)]))).ToList();
        var bad = writes.WriteAsync(new(next => [new NewChannel(next(), author, new string('x', 65), "too long for its column")]));
        await Assert.ThrowsAsync<DatabaseUnavailableException>(() => bad);
        Assert.Equal(5, (await Task.WhenAll(good)).Select(r => r.Ids.Single()).Distinct().Count());
    }
}
