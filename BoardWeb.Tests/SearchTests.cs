using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Connect.BoardWeb.Search;
using Connect.BoardWeb.Tests.Stage;
using Connect.Node.Database;
using Dapper;
using Xunit;

namespace Connect.BoardWeb.Tests;

/// <summary>The search over the board and inside a topic.</summary>
public sealed class SearchTests(MariaDbStage mariaDb, MySqlStage mysql)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    public static TheoryData<string> Engines => new("MariaDB", "MySQL");

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task What_is_written_edited_deleted_or_hidden_is_found_or_not_on_every_node(string engine)
    {
        var stage = StageOn.Of(engine, mariaDb, mysql);
        using var admin = stage.Admin(stage.A);
        var token = await stage.MemberAsync($"Ann {PageTests.Unique()}");
        // One of the two writes: they share a server, and an origin's ids rise only if it has one writer.
        using var writer = stage.A.Client(token);
        using var ann = stage.B.Client(token);
        var (title, word) = (Word(), Word());
        var topic = await stage.TopicAsync($"About {title}", "Its beginning");
        var other = await stage.TopicAsync("Another one", $"Here is {word} too");
        var reply = await PostAsync(writer, topic, $"Un café {word} à Tōkyō, 東京都 <script>alert('{word}')</script>");
        await FoundAsync(ann, title, "Its beginning"); // by its title
        foreach (var found in new[] { $"CAFE {word}", $"\"cafe {word} a\"", $"{word[..8]}* tokyo", $"京都 {word}", $"{word} café -beginning" })
            Assert.Equal(reply, await OnlyAsync(ann, found));
        await Wait.UntilAsync(async () => (await SearchAsync(admin, word)).Count == 2, Soon, "the other node finds both"); // by an index of its own
        foreach (var not in new[] { $"\"{word} cafe\"", $"{word} -tokyo {title}", $"都東 {word}", $"{word} absent{word}" }) Assert.Empty(await SearchAsync(admin, not));
        Assert.Equal(reply, Assert.Single(await SearchAsync(admin, word, topic)).GetProperty("post").GetProperty("id").GetGuid());
        var excerpt = (await SearchAsync(admin, word, topic))[0].GetProperty("excerpt").GetString()!;
        Assert.Contains($"<mark>{word}</mark>", excerpt, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", excerpt, StringComparison.Ordinal);

        (await writer.PutAsJsonAsync($"/api/v1/posts/{reply}", new { body = $"Edited: {word}x" })).EnsureSuccessStatusCode();
        foreach (var http in new[] { admin, ann }) await FoundAsync(http, $"{word}x", $"Edited: {word}x"); // each node has an index of its own
        Assert.Empty(await SearchAsync(ann, $"{word} cafe"));
        (await writer.DeleteAsync($"/api/v1/posts/{reply}")).EnsureSuccessStatusCode();
        Assert.Empty(await SearchAsync(admin, $"{word}x")); // at once, whatever the index holds
        (await admin.PostAsync($"/api/v1/posts/{reply}/restore", null)).EnsureSuccessStatusCode();
        await FoundAsync(ann, $"{word}x", $"Edited: {word}x");
        (await admin.PatchAsJsonAsync($"/api/v1/topics/{other}", new { hidden = true })).EnsureSuccessStatusCode();
        Assert.Empty(await SearchAsync(ann, word));
        Assert.Single(await SearchAsync(admin, word));
        Assert.Equal(HttpStatusCode.NotFound, (await ann.GetAsync($"/api/v1/search?q={word}&topic={other}")).StatusCode);
    }

    [Fact]
    public async Task Pages_follow_one_another_and_miss_nothing()
    {
        using var admin = mariaDb.Admin(mariaDb.A);
        var word = Word();
        var topic = await mariaDb.TopicAsync(body: "Counted");
        var posts = new List<Guid>();
        for (var i = 0; i < 7; i++) posts.Add(await PostAsync(admin, topic, $"{word} number{i}"));
        using var there = mariaDb.Admin(mariaDb.B);
        foreach (var http in new[] { admin, there }) await FoundAsync(http, $"{word} number6", $"{word} number6");
        (await admin.DeleteAsync($"/api/v1/posts/{posts[4]}")).EnsureSuccessStatusCode();
        var (found, next) = (new List<Guid>(), "");
        do
        {
            var page = await admin.GetFromJsonAsync<JsonElement>($"/api/v1/search?q={word}&limit=2{next}");
            found.AddRange(page.GetProperty("items").EnumerateArray().Select(h => h.GetProperty("post").GetProperty("id").GetGuid()));
            next = page.GetProperty("next").GetString() is { } cursor ? $"&after={cursor}" : null;
        } while (next is not null);
        Assert.Equal(posts.Where(p => p != posts[4]).Reverse(), found);

        using var reader = new PlainBrowser(mariaDb.B.Url);
        var shown = await reader.GoAsync($"/search?q={word}");
        Assert.Equal(6, shown.QuerySelectorAll(".hits li").Length);
        Assert.Equal($"/t/{topic}?at={posts[6]}#p-{posts[6]}", shown.QuerySelector(".hits h2 a")!.GetAttribute("href"));
        Assert.Contains("Nothing was found", (await reader.GoAsync($"/search?q={word}+absent")).Body!.TextContent, StringComparison.Ordinal);
    }

    /// <summary>Nothing that is typed is syntax for the index, for SQL or for the page.</summary>
    [Theory]
    [InlineData("\"")]
    [InlineData("\" OR \"\"")]
    [InlineData("a\" ) OR (title : b*")]
    [InlineData("NEAR(a b) AND NOT OR ^x {title} : y + z")]
    [InlineData("topic:\"00000000000000000000000000000000\"")]
    [InlineData("'; DROP TABLE word; --")]
    [InlineData("a\0b")]
    [InlineData("\ud800 x")]
    [InlineData("*")]
    [InlineData("-a")]
    [InlineData("<script>alert(1)</script>")]
    public async Task Whatever_is_typed_is_words(string typed)
    {
        using var admin = mariaDb.Admin(mariaDb.A);
        Assert.True((await admin.GetAsync($"/api/v1/search?q={Uri.EscapeDataString(typed)}")).StatusCode is HttpStatusCode.OK or HttpStatusCode.UnprocessableEntity or HttpStatusCode.BadRequest);
        using var reader = new PlainBrowser(mariaDb.A.Url);
        using var http = mariaDb.A.Client();
        var page = await http.GetAsync($"/search?q={Uri.EscapeDataString(typed)}");
        Assert.True((int)page.StatusCode < 500, page.StatusCode.ToString());
        Assert.DoesNotContain("<script>alert", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_looked_for_is_said()
    {
        using var admin = mariaDb.Admin(mariaDb.A);
        foreach (var q in new[] { "", "-only -without", new string('x', SearchQuery.MaxLength + 1) })
            Assert.Equal(HttpStatusCode.UnprocessableEntity, (await admin.GetAsync($"/api/v1/search?q={q}")).StatusCode);
        using var http = mariaDb.A.Client();
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await http.GetAsync("/search?q=-without")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync($"/search?q=x&topic={Guid.NewGuid()}")).StatusCode);
    }

    [Theory]
    [InlineData("deleted")]
    [InlineData("spoilt")]
    [InlineData("of another ring")]
    public async Task An_index_that_is_lost_is_made_anew_from_the_rows(string what)
    {
        var file = Path.Combine(mariaDb.Server.Folder, $"{Guid.NewGuid():N}.db");
        var word = Word();
        var topic = await mariaDb.TopicAsync($"Kept {word}", "Rows");
        if (what == "spoilt") await File.WriteAllTextAsync(file, new string('x', 100_000));
        if (what == "of another ring")
        {
            using var index = new SearchIndex(file, Guid.NewGuid());
            index.Put([new(Guid.NewGuid(), 1, topic, topic, "", word)], (1, Guid.AllBitsSet));
        }
        for (var start = 0; start < 2; start++)
        {
            await using var board = await BoardNode.StartAsync(mariaDb.Server, "n9", s => s.Web.SearchFile = file);
            await board.ReadyAsync();
            using var admin = board.Client(mariaDb.Token);
            await FoundAsync(admin, word, "Rows");
            Assert.True(File.Exists(file));
        }
    }

    [Fact]
    public async Task A_board_whose_index_has_no_place_works_and_says_so()
    {
        await using var board = await BoardNode.StartAsync(mariaDb.Server, "n8", s => s.Web.SearchFile = "/proc/nowhere/search.db");
        await board.ReadyAsync();
        using var http = board.Client();
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/c/general")).StatusCode);
        await Wait.UntilAsync(async () => await http.GetAsync("/search?q=x") is { StatusCode: HttpStatusCode.ServiceUnavailable } answer
            && (await answer.Content.ReadAsStringAsync()).Contains("index cannot be used", StringComparison.Ordinal), Soon, "it says that the index cannot be used");
    }

    /// <summary>Two nodes that write in one millisecond make ids that begin alike.</summary>
    [Fact]
    public async Task Posts_of_one_moment_are_kept_apart_and_in_order()
    {
        using var index = new SearchIndex(Path.Combine(mariaDb.Server.Folder, $"{Guid.NewGuid():N}.db"), Guid.NewGuid());
        var now = Uuid7.ToBytes(new Uuid7(TimeProvider.System).Next());
        var ids = Enumerable.Range(0, 40).Select(i => Uuid7.FromBytes([.. now[..^1], (byte)i])).ToList();
        index.Put([.. ids.Select(id => new IndexedPost(id, 1, id, id, "", "same"))], null);
        index.Put([new(ids[7], 1, ids[7], ids[7], "", "changed"), new(ids[8], 1, ids[8], ids[8], "", null)], (1, ids[^1]));
        var (same, _) = SearchQuery.Parse("same");
        var found = new List<Guid>();
        for (Guid? before = null; await index.FindAsync(same!, null, before, 10, CancellationToken.None) is { Count: > 0 } some; before = some[^1]) found.AddRange(some);
        Assert.Equal(ids.Where(id => id != ids[7] && id != ids[8]).Order(), found.Order());
        Assert.Equal([ids[7]], await index.FindAsync(SearchQuery.Parse("changed").Query!, null, null, 10, CancellationToken.None));
        Assert.Equal([ids[3]], await index.FindAsync(same!, ids[3], null, 10, CancellationToken.None));
        Assert.Equal(40, index.Counts()[1]);
        Assert.Equal(ids[^1], index.Seen()[1]);
    }

    /// <summary>A board that counted what has arrived since would read all of a busy server's posts again, every hour.</summary>
    [Fact]
    public async Task What_the_index_has_not_come_to_yet_is_not_missing_from_it()
    {
        using var index = new SearchIndex(Path.Combine(mariaDb.Server.Folder, $"{Guid.NewGuid():N}.db"), Guid.NewGuid());
        var feeder = mariaDb.A.Service<SearchFeeder>();
        const int Origin = 4718; // this test's own: others of this server write posts too
        var (topic, ids) = (await mariaDb.TopicAsync(), new Uuid7(TimeProvider.System));
        var posts = Enumerable.Range(0, 3).Select(_ => ids.Next()).ToList();
        await ArriveAsync(posts);
        index.Put([Indexed(posts[0]), Indexed(posts[1])], (Origin, posts[1]));
        Assert.Empty(await feeder.LackingAsync(index, CancellationToken.None));
        // One that a repair brought, from before.
        await ArriveAsync([Guid.CreateVersion7(DateTimeOffset.UtcNow.AddDays(-1))]);
        Assert.Equal([Origin], await feeder.LackingAsync(index, CancellationToken.None));

        Task ArriveAsync(List<Guid> arrived) => mariaDb.SqlAsync(c => c.Execute("INSERT INTO post (id,node,topic_id,author_id,body) VALUES (@id,@Origin,@topic,@topic,'x')",
            arrived.Select(id => new { id = Uuid7.ToBytes(id), Origin, topic = Uuid7.ToBytes(topic) })));

        IndexedPost Indexed(Guid id) => new(id, Origin, topic, topic, "", "x");
    }

    /// <summary>A day's posts that arrive within seconds: what the server lacks has a copy less, what the index lacks has not.</summary>
    [Fact]
    public async Task While_its_server_catches_up_the_index_waits_and_says_that_it_is_not_complete()
    {
        var feeder = mariaDb.A.Service<SearchFeeder>();
        const int Origin = 4719; // this test's own
        var (topic, word, at) = (await mariaDb.TopicAsync(), Word(), DateTimeOffset.UtcNow.AddDays(-1));
        using var admin = mariaDb.Admin(mariaDb.A);
        using var guest = mariaDb.A.Client();
        await Wait.UntilAsync(() => Task.FromResult(feeder.IsComplete), Soon, "the index is read");
        var posts = 0;
        using (var enough = new CancellationTokenSource())
        {
            var arriving = ArriveAsync(enough.Token);
            try
            {
                await Wait.UntilAsync(() => Task.FromResult(!feeder.IsComplete), Soon, "the index waits");
                await Wait.UntilAsync(async () => (await guest.GetStringAsync($"/search?q={word}")).Contains("class=\"notice\"", StringComparison.Ordinal), Soon, "the page says so");
                var held = (await SearchAsync(admin, word)).Count;
                await Task.Delay(TimeSpan.FromSeconds(2)); // two looks
                Assert.Equal(held, (await SearchAsync(admin, word)).Count);
                Assert.True(held < posts, $"{held} of {posts} posts are in the index");
            }
            finally
            {
                await enough.CancelAsync();
                await arriving;
            }
        }
        await Wait.UntilAsync(() => Task.FromResult(feeder.IsComplete), Soon, "nothing more arrives, and the index is complete");
        Assert.Equal(Math.Min(posts, 50), (await SearchAsync(admin, word)).Count); // a page of them

        async Task ArriveAsync(CancellationToken enough)
        {
            while (!enough.IsCancellationRequested)
            {
                at += TimeSpan.FromSeconds(20);
                await mariaDb.SqlAsync(c => c.Execute("INSERT INTO post (id,node,topic_id,author_id,body) VALUES (@id,@Origin,@topic,@topic,@word)",
                    new { id = Uuid7.ToBytes(Guid.CreateVersion7(at)), Origin, topic = Uuid7.ToBytes(topic), word }));
                posts++;
                await Task.Delay(50, CancellationToken.None);
            }
        }
    }

    private static string Word() => $"w{Guid.NewGuid():N}"[..16];

    private static async Task<Guid> PostAsync(HttpClient http, Guid topic, string body) =>
        (await (await http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body })).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();

    private static async Task<List<JsonElement>> SearchAsync(HttpClient http, string q, Guid? topic = null) =>
        [.. (await http.GetFromJsonAsync<JsonElement>($"/api/v1/search?q={Uri.EscapeDataString(q)}{(topic is null ? "" : $"&topic={topic}")}")).GetProperty("items").EnumerateArray()];

    private static async Task<Guid> OnlyAsync(HttpClient http, string q)
    {
        await Wait.UntilAsync(async () => (await SearchAsync(http, q)).Count > 0, Soon, $"'{q}' is found");
        return Assert.Single(await SearchAsync(http, q)).GetProperty("post").GetProperty("id").GetGuid();
    }

    private static Task FoundAsync(HttpClient http, string q, string body) => Wait.UntilAsync(async () =>
        await SearchAsync(http, q) is [var hit] && hit.GetProperty("post").GetProperty("body").GetString() == body, Soon, $"'{q}' is found, and nothing else");
}
