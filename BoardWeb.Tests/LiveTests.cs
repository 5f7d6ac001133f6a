using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Metrics;
using Connect.BoardWeb.Tests.Stage;
using Connect.BoardWeb.Topics;
using Connect.Node.Database;
using Dapper;
using Xunit;

namespace Connect.BoardWeb.Tests;

public sealed class LiveTests(MariaDbStage ring, MySqlStage mysql)
{
    [Fact]
    public Task A_post_written_on_one_node_appears_on_the_other_at_once() => ArrivesAsync(ring);

    [Fact]
    public Task It_does_so_on_MySQL_as_well()
    {
        Assert.SkipWhen(mysql.Missing is not null, mysql.Missing ?? "");
        return ArrivesAsync(mysql);
    }

    private static async Task ArrivesAsync(StageOn stage)
    {
        var topic = await stage.TopicAsync();
        using var stream = await Listener.OpenAsync(stage.B, $"/t/{topic}/live");
        await stream.NextAsync("ping");
        using var http = stage.Admin(stage.A);
        var delays = new List<double>();
        for (var i = 0; i < 60; i++)
        {
            (await http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = $"**{i}**" })).EnsureSuccessStatusCode();
            var acknowledged = Stopwatch.GetTimestamp();
            var item = await stream.NextPostAsync();
            delays.Add(Stopwatch.GetElapsedTime(acknowledged).TotalMilliseconds);
            Assert.Contains($"<strong>{i}</strong>", item.Data, StringComparison.Ordinal);
            Assert.NotNull(item.EventId);
        }
        delays.Sort();
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"After the author's answer, on the other board: median {delays[30]:0} ms, worst of 60 {delays[^1]:0} ms");
        // Not the slowest: on a machine that does other things, one in sixty says more of the machine.
        Assert.True(delays[54] < 300, $"nine of ten took up to {delays[54]:0} ms, the slowest {delays[^1]:0} ms");
    }

    [Fact]
    public async Task A_page_that_is_open_when_its_topic_is_hidden_gets_no_more_posts()
    {
        var topic = await ring.TopicAsync();
        using var admin = ring.Admin(ring.A);
        using var guests = await Listener.OpenAsync(ring.B, $"/t/{topic}/live");
        using var others = await Listener.OpenAsync(ring.B, $"/t/{topic}/live");
        using var moderators = await OpenForModeratorAsync();
        (await admin.PatchAsJsonAsync($"/api/v1/topics/{topic}", new { hidden = true })).EnsureSuccessStatusCode();
        await Wait.UntilAsync(() => Task.FromResult(!ring.B.Service<TopicDirectory>().Known!.IsSeenBy(null, topic)), TimeSpan.FromSeconds(10), "the other board knows");
        (await admin.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "among ourselves" })).EnsureSuccessStatusCode();
        Assert.Contains("among ourselves", (await moderators.NextPostAsync()).Data, StringComparison.Ordinal);
        await Assert.ThrowsAsync<EndOfStreamException>(guests.NextPostAsync);
        Assert.Equal("hidden", (await others.NextAsync("reload")).Data);

        async Task<Listener> OpenForModeratorAsync()
        {
            using var browser = new PlainBrowser(ring.B.Url);
            await browser.SignInAsync("administrator", ring.Token);
            return await Listener.OpenAsync(ring.B, $"/t/{topic}/live", session: browser.Cookie("connect"));
        }
    }

    [Fact]
    public async Task Whoever_reconnects_to_another_node_gets_exactly_what_was_missed()
    {
        var topic = await ring.TopicAsync();
        using var http = ring.Admin(ring.A);
        string? seen;
        using (var first = await Listener.OpenAsync(ring.A, $"/t/{topic}/live"))
        {
            await first.NextAsync("ping");
            await Post("one");
            seen = (await first.NextPostAsync()).EventId;
        }
        await Post("two");
        await Post("three");
        using var second = await Listener.OpenAsync(ring.B, $"/t/{topic}/live", seen);
        Assert.Contains("two", (await second.NextAsync("post")).Data, StringComparison.Ordinal);
        Assert.Contains("three", (await second.NextAsync("post")).Data, StringComparison.Ordinal);
        await Post("four");
        Assert.Contains("four", (await second.NextAsync("post")).Data, StringComparison.Ordinal);

        async Task Post(string body) => (await http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body })).EnsureSuccessStatusCode();
    }

    [Fact]
    public async Task What_was_written_on_the_far_side_of_a_partition_is_seen_when_it_comes_although_it_is_older()
    {
        var topic = await ring.TopicAsync();
        var ids = new Uuid7(TimeProvider.System);
        var (farFirst, farSecond) = (ids.Next(), ids.Next());
        using var http = ring.Admin(ring.A);
        using var stream = await Listener.OpenAsync(ring.B, $"/t/{topic}/live");
        await stream.NextAsync("ping");
        (await http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "near" })).EnsureSuccessStatusCode();
        var near = await stream.NextPostAsync();
        // An origin nobody has seen before, with ids that are older than what was shown already.
        await Arrive(farFirst);
        Assert.Contains(farFirst.ToString(), (await stream.NextAsync("post")).Data, StringComparison.Ordinal);
        await Arrive(farSecond);
        Assert.Contains(farSecond.ToString(), (await stream.NextAsync("post")).Data, StringComparison.Ordinal);
        // And whoever was away in between gets them too.
        using var again = await Listener.OpenAsync(ring.A, $"/t/{topic}/live", near.EventId);
        Assert.Contains(farFirst.ToString(), (await again.NextAsync("post")).Data, StringComparison.Ordinal);

        Task<int> Arrive(Guid id) => ring.SqlAsync(c => c.Execute(
            "INSERT INTO post (id,node,topic_id,author_id,body) VALUES (@id,4711,@topic,@id,'far')", new { id = Uuid7.ToBytes(id), topic = Uuid7.ToBytes(topic) }));
    }

    [Fact]
    public async Task Nobody_listening_means_nobody_asks_the_server()
    {
        await using var node = await BoardNode.StartAsync(ring.Server, "n3");
        var topic = await ring.TopicAsync();
        using (var stream = await Listener.OpenAsync(node, $"/t/{topic}/live"))
        {
            await stream.NextAsync("ping");
            Assert.Equal(1, node.Service<BoardMetrics>().Subscribers);
        }
        await Wait.UntilAsync(() => Task.FromResult(node.Service<BoardMetrics>().Subscribers == 0), TimeSpan.FromSeconds(5), "the reader has gone");
        using var http = ring.Admin(ring.A);
        (await http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "unheard" })).EnsureSuccessStatusCode();
        Assert.Equal(0, node.Service<BoardMetrics>().Arrivals.Value);
    }

    [Fact]
    public async Task An_open_stream_does_not_hold_up_the_stop_of_a_node()
    {
        var node = await BoardNode.StartAsync(ring.Server, "n3");
        using var stream = await Listener.OpenAsync(node, $"/t/{await ring.TopicAsync()}/live");
        await stream.NextAsync("ping");
        var began = Stopwatch.GetTimestamp();
        await node.DisposeAsync();
        Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(2), $"it took {Stopwatch.GetElapsedTime(began)}");
    }

    [Fact]
    public async Task A_topic_that_is_not_here_has_no_stream()
    {
        using var http = ring.A.Client();
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync($"/t/{Guid.NewGuid()}/live")).StatusCode);
    }

    [Fact]
    public void Marks_survive_their_text_and_nonsense_is_none()
    {
        var ids = new Uuid7(TimeProvider.System);
        var marks = Marks.None.With(2, ids.Next()).With(1, ids.Next());
        Assert.Equal(marks.ToString(), Marks.Parse(marks.ToString())!.ToString());
        Assert.All(["", "x", "1.", "1.zz", ".", "1", "-1." + Guid.NewGuid().ToString("N"), new string('1', 9000)], text => Assert.Null(Marks.Parse(text)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_node_that_lacks_what_a_reader_wrote_waits_and_then_says_so(bool onMySql)
    {
        Assert.SkipWhen(onMySql && mysql.Missing is not null, mysql.Missing ?? "");
        StageOn stage = onMySql ? mysql : ring;
        using var http = stage.B.Client();
        await stage.TopicAsync();
        var reached = stage.A.Daemon.Asked.Last();
        Assert.DoesNotContain("catching up", await GetAsync($"n1|{reached}"), StringComparison.Ordinal);
        var began = Stopwatch.GetTimestamp();
        var ahead = onMySql ? "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5" : "99-99-5";
        Assert.Contains("catching up", await GetAsync($"n1|{ahead}"), StringComparison.Ordinal);
        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalMilliseconds, 450, 5000);
        // The node that took the write, and texts that are no position, cost nothing.
        Assert.DoesNotContain("catching up", await GetAsync($"n2|{ahead}"), StringComparison.Ordinal);
        Assert.DoesNotContain("catching up", await GetAsync("n1|'; DROP TABLE post"), StringComparison.Ordinal);

        async Task<string> GetAsync(string cookie)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/");
            request.Headers.Add("Cookie", $"{LastWrite.Cookie}={Uri.EscapeDataString(cookie)}");
            return await (await http.SendAsync(request)).Content.ReadAsStringAsync();
        }
    }

    /// <summary>A reader of one stream.</summary>
    internal sealed class Listener : IDisposable
    {
        private readonly HttpClient _http;
        private readonly CancellationTokenSource _end = new(TimeSpan.FromSeconds(60));
        private IAsyncEnumerator<SseItem<string>> _items = null!;
        private HttpResponseMessage _answer = null!;

        private Listener(HttpClient http) => _http = http;

        public static async Task<Listener> OpenAsync(BoardNode node, string path, string? lastEventId = null, string? session = null)
        {
            var listener = new Listener(node.Client());
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            if (session is not null) request.Headers.Add("Cookie", $"connect={session}");
            if (lastEventId is not null) request.Headers.Add("Last-Event-ID", lastEventId);
            var answer = await listener._http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, listener._end.Token);
            Assert.Equal("text/event-stream", answer.Content.Headers.ContentType!.MediaType);
            listener._answer = answer;
            listener._items = SseParser.Create(await answer.Content.ReadAsStreamAsync()).EnumerateAsync(listener._end.Token).GetAsyncEnumerator(listener._end.Token);
            return listener;
        }

        /// <summary>The next event of a kind; others are passed over.</summary>
        public async Task<SseItem<string>> NextAsync(string kind)
        {
            while (await _items.MoveNextAsync())
            {
                if (_items.Current.EventType == kind) return _items.Current;
            }
            throw new EndOfStreamException($"The stream ended before a '{kind}'.");
        }

        /// <summary>
        /// The next post that is not the topic's first one: that may have arrived just after the stream began, because what is read and what is pushed overlap.
        /// </summary>
        public async Task<SseItem<string>> NextPostAsync()
        {
            while (true)
            {
                if (await NextAsync("post") is var post && !post.Data.Contains("Its first post", StringComparison.Ordinal)) return post;
            }
        }

        public void Dispose()
        {
            _end.Cancel();
            _answer.Dispose();
            _http.Dispose();
            _end.Dispose();
        }
    }
}
