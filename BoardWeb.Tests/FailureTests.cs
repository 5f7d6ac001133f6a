using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Connect.BoardWeb.Founding;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Tests.Stage;
using Connect.Node.Settings;
using Dapper;
using Xunit;

namespace Connect.BoardWeb.Tests;

public sealed class FailureTests(MariaDbStage ring)
{
    /// <summary>A server of its own: it is stopped in the middle of things.</summary>
    [Fact]
    public async Task A_server_that_stops_answering_gives_503_in_time_and_the_board_recovers_by_itself()
    {
        await using var server = await Server.StartAsync(Engine.MariaDB);
        await Founder.FoundAsync(BoardNode.SettingsFor(server, "n1", server.Folder), Path.Combine(server.Folder, "token"));
        await using var node = await BoardNode.StartAsync(server, "n1");
        await node.ReadyAsync();
        using var http = node.Client((await File.ReadAllTextAsync(Path.Combine(server.Folder, "token"))).Trim());
        var made = await http.PostAsJsonAsync("/api/v1/channels/general/topics", new { title = "t", body = "b" });
        var topic = (await made.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();

        server.Signal("STOP");
        var (page, api, write) = (Timed(() => http.GetAsync("/c/general")), Timed(() => http.GetAsync($"/api/v1/topics/{topic}/posts")),
            Timed(() => http.PostAsJsonAsync("/api/v1/channels", new { slug = "lost", title = "Lost" })));
        await Wait.UntilAsync(async () => (await http.GetAsync("/health/ready")).StatusCode == HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(5), "not ready");
        var (answer, took) = await page;
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "2"), (answer.StatusCode, answer.Headers.RetryAfter?.ToString()));
        Assert.InRange(took.TotalSeconds, 0, 2.8);
        Assert.Contains("out of breath", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        (answer, took) = await api;
        await ApiContractTests.AssertProblemAsync(answer, 503);
        Assert.InRange(took.TotalSeconds, 0, 2.8);
        (answer, took) = await write;
        await ApiContractTests.AssertProblemAsync(answer, 503);
        Assert.InRange(took.TotalSeconds, 0, 5);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/health/live")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/metrics")).StatusCode);

        server.Signal("CONT");
        await node.ReadyAsync();
        await Wait.UntilAsync(async () => (await http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "back" })).StatusCode == HttpStatusCode.Created,
            TimeSpan.FromSeconds(15), "posts are taken again");
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/c/general")).StatusCode);

        static async Task<(HttpResponseMessage, TimeSpan)> Timed(Func<Task<HttpResponseMessage>> ask)
        {
            var began = Stopwatch.GetTimestamp();
            return (await ask(), Stopwatch.GetElapsedTime(began));
        }
    }

    [Fact]
    public async Task A_node_is_not_ready_when_its_daemon_says_no_or_says_nothing()
    {
        await using var node = await BoardNode.StartAsync(ring.Server, "n3");
        await node.ReadyAsync();
        using var http = node.Client();
        node.Daemon.Serving = false;
        await NotReadyAsync("it was told to rest");
        node.Daemon.Serving = true;
        await node.ReadyAsync();
        node.Daemon.Broken = true;
        await NotReadyAsync("silent");

        Task NotReadyAsync(string reason) => Wait.UntilAsync(async () =>
        {
            var answer = await http.GetAsync("/health/ready");
            return answer.StatusCode == HttpStatusCode.ServiceUnavailable && (await answer.Content.ReadAsStringAsync()).Contains(reason, StringComparison.Ordinal);
        }, TimeSpan.FromSeconds(15), $"not ready: {reason}");
    }

    /// <summary>A node that is being given its copy of the data has an empty server for a while.</summary>
    [Fact]
    public async Task A_node_that_takes_no_writes_does_not_tell_a_program_that_its_token_is_wrong()
    {
        await using var server = await Server.StartAsync(Engine.MariaDB);
        await Founder.FoundAsync(BoardNode.SettingsFor(server, "n1", server.Folder), Path.Combine(server.Folder, "token"));
        await using var node = await BoardNode.StartAsync(server, "n1");
        await node.ReadyAsync();
        using var http = node.Client("connect_of-another-node");
        await ApiContractTests.AssertProblemAsync(await http.GetAsync("/api/v1/channels"), 401);
        node.Daemon.Writable = false;
        await Wait.UntilAsync(async () => (await http.GetAsync("/api/v1/channels")).StatusCode == HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(10), "503 while it takes no writes");
        node.Daemon.Writable = true;
        await Wait.UntilAsync(async () => (await http.GetAsync("/api/v1/channels")).StatusCode == HttpStatusCode.Unauthorized, TimeSpan.FromSeconds(10), "401 again");
    }

    [Fact]
    public async Task Before_the_ring_is_founded_nothing_is_ready_and_nothing_breaks()
    {
        await using var server = await Server.StartAsync(Engine.MariaDB);
        await using var node = await BoardNode.StartAsync(server, "n1");
        using var http = node.Client();
        var ready = await http.GetAsync("/health/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync("/signup")).StatusCode);
        await Founder.FoundAsync(node.Settings, Path.Combine(server.Folder, "token"));
        await node.ReadyAsync();
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/signup")).StatusCode);
    }

    [Fact]
    public async Task Founding_twice_changes_nothing_and_another_ring_is_refused()
    {
        var before = await Rows();
        var token = await File.ReadAllTextAsync(ring.TokenFile);
        Assert.Contains("exists already", await Founder.FoundAsync(ring.A.Settings, ring.TokenFile), StringComparison.Ordinal);
        Assert.Equal((before, token), (await Rows(), await File.ReadAllTextAsync(ring.TokenFile)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(ring.TokenFile));
        var other = BoardNode.SettingsFor(ring.Server, "n1", ring.Server.Folder, s => s.Cluster = "another");
        await Assert.ThrowsAsync<SettingsException>(() => Founder.FoundAsync(other, ring.TokenFile));

        Task<(int, int, int)> Rows() => ring.SqlAsync(c =>
            c.QuerySingle<(int, int, int)>("SELECT (SELECT COUNT(*) FROM ring), (SELECT COUNT(*) FROM data_protection_key), (SELECT COUNT(*) FROM channel WHERE slug='general')"));
    }

    [Fact]
    public async Task The_keys_in_the_database_are_of_no_use_without_the_clusters_key()
    {
        var xml = await ring.SqlAsync(c => c.ExecuteScalar<string>("SELECT xml FROM data_protection_key"));
        Assert.Contains("<sealed", xml, StringComparison.Ordinal);
        Assert.DoesNotContain("<masterKey", xml, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Posting_too_fast_is_429_and_says_when_to_come_back()
    {
        using var member = ring.A.Client(await ring.MemberAsync($"fast {PageTests.Unique()}"));
        var topic = await ring.TopicAsync();
        var answers = new List<HttpResponseMessage>();
        for (var i = 0; i < 12; i++) answers.Add(await member.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = $"{i}" }));
        Assert.InRange(answers.Count(a => a.StatusCode == HttpStatusCode.Created), 10, 11);
        var refused = answers.Last(a => a.StatusCode == HttpStatusCode.TooManyRequests);
        await ApiContractTests.AssertProblemAsync(refused, 429);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        // Reading is not limited, and neither is the administrator's token.
        Assert.Equal(HttpStatusCode.OK, (await member.GetAsync($"/api/v1/topics/{topic}/posts")).StatusCode);
        using var admin = ring.Admin(ring.A);
        for (var i = 0; i < 15; i++) (await admin.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = $"{i}" })).EnsureSuccessStatusCode();
    }

    [Fact]
    public async Task Guessing_passwords_is_429_with_a_page_that_says_so()
    {
        await using var node = await BoardNode.StartAsync(ring.Server, "n3");
        await node.ReadyAsync();
        using var reader = new PlainBrowser(node.Url);
        for (var i = 0; i < 11; i++)
        {
            await reader.SignInAsync("nobody at all", $"guess number {i}");
        }
        Assert.Equal(HttpStatusCode.TooManyRequests, reader.Status);
    }

    [Fact]
    public async Task Metrics_are_Prometheus_text()
    {
        await ring.TopicAsync();
        using var http = ring.A.Client();
        var text = await http.GetStringAsync("/metrics");
        Assert.Matches("(?m)^connect_board_posts_total [1-9]", text);
        Assert.Matches("(?m)^connect_board_commit_seconds_bucket\\{le=\"\\+Inf\"\\} [1-9]", text);
        Assert.Matches("(?m)^connect_board_ready 1$", text);
    }

    [Fact]
    public void No_text_takes_long_to_render()
    {
        string[] units = ["[", "*", "_", "`", ">", "> ", "![", "](", "<", "**a", "[a](", "* ", "- [ ", "1. ", "&#", "\\", "http://a", "a@b.", "```\n", "    ", "\n\n", "***a ", "__a*", "[x]: <", "<a href=", "<!--", "|", "a|b\n", "|-", "| - |\n", "~~a ", ":smile:", ":"];
        var slow = new List<string>();
        MarkdownText.ToHtml("*warm* [up](http://a.example)\n\n- 1\n");
        foreach (var unit in units)
        {
            var text = string.Concat(Enumerable.Repeat(unit, PostRules.MaxBodyBytes / unit.Length));
            var began = Stopwatch.GetTimestamp();
            MarkdownText.ToHtml(text);
            if (Stopwatch.GetElapsedTime(began).TotalMilliseconds is > 400 and var took) slow.Add($"'{unit}' took {took:0} ms");
        }
        Assert.Empty(slow);
    }
}
