using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Connect.BoardWeb.Tests.Stage;
using Xunit;

namespace Connect.BoardWeb.Tests;

public sealed class ApiContractTests(MariaDbStage ring) : IDisposable
{
    private readonly HttpClient _http = ring.Admin(ring.A);

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task A_post_is_created_and_listed_with_everything_readers_need()
    {
        var topic = await ring.TopicAsync(body: "first");
        var answer = await _http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "*second*" });
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.Equal("n1", answer.Headers.GetValues("X-Connect-Node").Single());
        var created = await Json(answer);
        Assert.Equal("n1", created.GetProperty("node").GetString());
        Assert.Equal(1, created.GetProperty("copies").GetInt32());

        var listing = await _http.GetFromJsonAsync<JsonElement>($"/api/v1/topics/{topic}/posts");
        var items = listing.GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(["first", "*second*"], items.Select(i => i.GetProperty("body").GetString()));
        Assert.Equal(created.GetProperty("id").GetGuid(), items[1].GetProperty("id").GetGuid());
        Assert.Equal("administrator", items[1].GetProperty("author").GetString());
        Assert.Contains("<em>second</em>", items[1].GetProperty("html").GetString(), StringComparison.Ordinal);
        Assert.Equal("n1", items[1].GetProperty("node").GetString());
        Assert.True((DateTimeOffset.UtcNow - items[1].GetProperty("createdAt").GetDateTimeOffset()).Duration() < TimeSpan.FromMinutes(1));
        Assert.Equal(JsonValueKind.Null, listing.GetProperty("next").ValueKind);
    }

    [Fact]
    public async Task A_cursor_leads_through_all_posts_once()
    {
        var topic = await ring.TopicAsync(body: "0");
        for (var i = 1; i < 7; i++) (await _http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = $"{i}" })).EnsureSuccessStatusCode();
        var bodies = new List<string?>();
        string? next = null;
        do
        {
            var page = await _http.GetFromJsonAsync<JsonElement>($"/api/v1/topics/{topic}/posts?limit=3{(next is null ? "" : "&after=" + next)}");
            bodies.AddRange(page.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("body").GetString()));
            next = page.GetProperty("next").GetString();
        }
        while (next is not null);
        Assert.Equal(["0", "1", "2", "3", "4", "5", "6"], bodies);
    }

    [Theory]
    [InlineData("GET", "/api/v1/channels/none/topics", null, 404)]
    [InlineData("POST", "/api/v1/channels/none/topics", """{"title":"t","body":"b"}""", 404)]
    [InlineData("GET", "/api/v1/topics/01920000-0000-7000-8000-000000000000/posts", null, 404)]
    [InlineData("POST", "/api/v1/topics/01920000-0000-7000-8000-000000000000/posts", """{"body":"b"}""", 404)]
    [InlineData("GET", "/api/v1/topics/not-an-id/posts", null, 404)]
    [InlineData("GET", "/api/v1/nothing", null, 404)]
    [InlineData("DELETE", "/api/v1/channels", null, 405)]
    [InlineData("POST", "/api/v1/channels", """{"slug":"general","title":"Again"}""", 409)]
    [InlineData("POST", "/api/v1/channels", """{"slug":"Not a slug","title":"T"}""", 422)]
    [InlineData("POST", "/api/v1/channels", """{"slug":"fine"}""", 422)]
    [InlineData("POST", "/api/v1/channels", """{"slug":"fine","title":" "}""", 422)]
    [InlineData("POST", "/api/v1/channels/general/topics", """{"title":"","body":"b"}""", 422)]
    [InlineData("POST", "/api/v1/channels/general/topics", """{"title":"t","body":""}""", 422)]
    [InlineData("POST", "/api/v1/channels/general/topics", "{}", 422)]
    [InlineData("POST", "/api/v1/channels/general/topics", """{"title":"t","body":""", 400)]
    [InlineData("POST", "/api/v1/channels/general/topics", """{"title":7,"body":"b"}""", 400)]
    [InlineData("POST", "/api/v1/channels/general/topics", "null", 400)]
    [InlineData("POST", "/api/v1/channels/general/topics", "[]", 400)]
    [InlineData("POST", "/api/v1/channels/general/topics", "", 400)]
    [InlineData("POST", "/api/v1/tokens", """{"account":"a\u202Eb"}""", 422)]
    [InlineData("GET", "/api/v1/channels/general/topics?limit=0", null, 422)]
    [InlineData("GET", "/api/v1/channels/general/topics?limit=x", null, 400)]
    [InlineData("GET", "/api/v1/channels/general/topics?after=x", null, 422)]
    public async Task What_cannot_be_done_is_a_problem_document(string method, string path, string? body, int status)
    {
        using var request = new HttpRequestMessage(new(method), path);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        await AssertProblemAsync(await _http.SendAsync(request), status);
    }

    [Fact]
    public async Task Without_a_known_token_nothing_is_told()
    {
        using var guest = ring.A.Client();
        await AssertProblemAsync(await guest.GetAsync("/api/v1/channels"), 401);
        using var stranger = ring.A.Client("connect_nonsense");
        await AssertProblemAsync(await stranger.GetAsync("/api/v1/channels"), 401);
    }

    [Fact]
    public async Task Members_make_tokens_for_themselves_only()
    {
        using var member = ring.A.Client(await ring.MemberAsync("token maker"));
        await AssertProblemAsync(await member.PostAsJsonAsync("/api/v1/tokens", new { account = "administrator" }), 403);
        await AssertProblemAsync(await member.PostAsJsonAsync("/api/v1/tokens", new { unlimited = true }), 403);
        var answer = await member.PostAsJsonAsync("/api/v1/tokens", new { label = "second" });
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        using var second = ring.B.Client((await Json(answer)).GetProperty("token").GetString());
        Assert.Equal(HttpStatusCode.OK, (await second.GetAsync("/api/v1/channels")).StatusCode);
    }

    [Fact]
    public async Task Another_kind_of_body_is_refused()
    {
        using var content = new StringContent("title=t", Encoding.UTF8, "application/x-www-form-urlencoded");
        await AssertProblemAsync(await _http.PostAsync("/api/v1/channels/general/topics", content), 415);
    }

    [Fact]
    public async Task A_post_of_64_KB_is_refused_with_the_limit_in_words()
    {
        var topic = await ring.TopicAsync();
        var problem = await AssertProblemAsync(await _http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = new string('x', 65536) }), 413);
        Assert.Contains("32,768", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Created, (await _http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = new string('x', 32768) })).StatusCode);
        await AssertProblemAsync(await _http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = new string('ä', 16385) }), 413);
        await AssertProblemAsync(await _http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = new string('x', 400_000) }), 413);
    }

    [Fact]
    public async Task Every_character_comes_back_as_it_was_sent()
    {
        const string Text = "🎈 naïve שלום 你好 \\ ' \" ; -- \u0001 % _ {0} @p0";
        var topic = await ring.TopicAsync(title: "🎈 ' \\", body: Text);
        var listing = await _http.GetFromJsonAsync<JsonElement>($"/api/v1/topics/{topic}/posts");
        Assert.Equal(Text, listing.GetProperty("items")[0].GetProperty("body").GetString());
    }

    [Fact]
    public async Task A_reply_names_a_post_of_the_same_topic()
    {
        var topic = await ring.TopicAsync();
        var first = (await _http.GetFromJsonAsync<JsonElement>($"/api/v1/topics/{topic}/posts")).GetProperty("items")[0].GetProperty("id").GetGuid();
        Assert.Equal(HttpStatusCode.Created, (await _http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "yes", inReplyTo = first })).StatusCode);
        var items = (await _http.GetFromJsonAsync<JsonElement>($"/api/v1/topics/{topic}/posts")).GetProperty("items");
        Assert.Equal(first, items[1].GetProperty("inReplyTo").GetGuid());
        var other = await ring.TopicAsync();
        await AssertProblemAsync(await _http.PostAsJsonAsync($"/api/v1/topics/{other}/posts", new { body = "yes", inReplyTo = first }), 422);
    }

    [Fact]
    public async Task Channels_and_topics_are_made_and_listed()
    {
        var slug = $"c-{Guid.NewGuid():N}"[..20];
        var made = await _http.PostAsJsonAsync("/api/v1/channels", new { slug, title = "A channel" });
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        var channels = (await _http.GetFromJsonAsync<JsonElement>("/api/v1/channels")).GetProperty("items").EnumerateArray();
        Assert.Contains(channels, c => c.GetProperty("slug").GetString() == slug);
        var topic = await Json(await _http.PostAsJsonAsync($"/api/v1/channels/{slug}/topics", new { title = "T", body = "B" }));
        Assert.NotEqual(topic.GetProperty("id").GetGuid(), topic.GetProperty("postId").GetGuid());
        var topics = (await _http.GetFromJsonAsync<JsonElement>($"/api/v1/channels/{slug}/topics")).GetProperty("items");
        Assert.Equal("T", topics[0].GetProperty("title").GetString());
    }

    [Fact]
    public async Task The_api_describes_itself()
    {
        using var guest = ring.A.Client();
        var document = await guest.GetFromJsonAsync<JsonElement>("/openapi/v1.json");
        Assert.True(document.GetProperty("paths").TryGetProperty("/api/v1/topics/{id}/posts", out _));
    }

    private static async Task<JsonElement> Json(HttpResponseMessage answer) => await answer.Content.ReadFromJsonAsync<JsonElement>();

    internal static async Task<JsonElement> AssertProblemAsync(HttpResponseMessage answer, int status)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(status == (int)answer.StatusCode, $"{(int)answer.StatusCode} instead of {status}: {text}");
        Assert.Equal(new MediaTypeHeaderValue("application/problem+json"), answer.Content.Headers.ContentType);
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
        Assert.NotEmpty(answer.Headers.GetValues("X-Connect-Node"));
        return JsonDocument.Parse(text).RootElement;
    }
}
