using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Xml.Linq;
using Connect.BoardWeb.Tests.Stage;
using Xunit;

namespace Connect.BoardWeb.Tests;

/// <summary>Atom feeds.</summary>
public sealed class FeedTests(MariaDbStage ring)
{
    private static readonly XNamespace Atom = "http://www.w3.org/2005/Atom";

    [Fact]
    public async Task A_topics_feed_has_its_last_posts_as_they_are_now_and_says_when_nothing_is_new()
    {
        using var admin = ring.Admin(ring.A);
        using var reader = ring.B.Client();
        var topic = await ring.TopicAsync("Tea & more", "The *first* post");
        var second = (await (await admin.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "The second" })).Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
        var page = await reader.GetStringAsync($"/t/{topic}");
        Assert.Contains($"<link rel=\"alternate\" type=\"application/atom+xml\" href=\"/t/{topic}/feed\"", page, StringComparison.Ordinal);
        Assert.Contains($"<link rel=\"canonical\" href=\"/t/{topic}\"", page, StringComparison.Ordinal);

        var answer = await reader.GetAsync($"/t/{topic}/feed");
        Assert.Equal("application/atom+xml", answer.Content.Headers.ContentType!.MediaType);
        var feed = XDocument.Parse(await answer.Content.ReadAsStringAsync()).Root!;
        Assert.Equal("Tea & more", feed.Element(Atom + "title")!.Value);
        Assert.Equal($"urn:uuid:{topic}", feed.Element(Atom + "id")!.Value);
        var entries = feed.Elements(Atom + "entry").ToList();
        Assert.Equal([second, Guid.Parse(entries[1].Element(Atom + "id")!.Value["urn:uuid:".Length..])], entries.Select(e => Guid.Parse(e.Element(Atom + "id")!.Value["urn:uuid:".Length..])));
        Assert.Equal("<p>The <em>first</em> post</p>", entries[1].Element(Atom + "content")!.Value.Trim());
        Assert.Equal("administrator", entries[0].Element(Atom + "author")!.Element(Atom + "name")!.Value);
        Assert.Equal($"{ring.B.Url}/t/{topic}?at={second}#p-{second}", entries[0].Elements(Atom + "link").Single(l => l.Attribute("rel")?.Value == "alternate").Attribute("href")!.Value);

        reader.DefaultRequestHeaders.IfNoneMatch.Add(answer.Headers.ETag!);
        Assert.Equal(HttpStatusCode.NotModified, (await reader.GetAsync($"/t/{topic}/feed")).StatusCode);
        (await admin.PutAsJsonAsync($"/api/v1/posts/{second}", new { body = "The second, better" })).EnsureSuccessStatusCode();
        Assert.Contains("better", await reader.GetStringAsync($"/t/{topic}/feed"), StringComparison.Ordinal);
        (await admin.DeleteAsync($"/api/v1/posts/{second}")).EnsureSuccessStatusCode();
        Assert.DoesNotContain("second", await reader.GetStringAsync($"/t/{topic}/feed"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_channels_feed_has_its_topics_and_none_that_is_hidden()
    {
        using var admin = ring.Admin(ring.A);
        var slug = $"f-{PageTests.Unique().ToLowerInvariant()}";
        (await admin.PostAsJsonAsync("/api/v1/channels", new { slug, title = "Feeding" })).EnsureSuccessStatusCode();
        var topics = new List<Guid>();
        foreach (var title in new[] { "one", "two" }) topics.Add((await (await admin.PostAsJsonAsync($"/api/v1/channels/{slug}/topics", new { title, body = "text" })).Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid());
        Assert.Equal(["two", "one"], await TitlesAsync());
        (await admin.PatchAsJsonAsync($"/api/v1/topics/{topics[1]}", new { hidden = true })).EnsureSuccessStatusCode();
        Assert.Equal(["one"], await TitlesAsync());
        Assert.Equal(HttpStatusCode.NotFound, (await admin.GetAsync($"/t/{topics[1]}/feed")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await admin.GetAsync("/c/nowhere/feed")).StatusCode);

        async Task<List<string>> TitlesAsync() => [.. XDocument.Parse(await admin.GetStringAsync($"/c/{slug}/feed")).Root!.Elements(Atom + "entry").Select(e => e.Element(Atom + "title")!.Value)];
    }

    [Fact]
    public async Task A_topic_describes_itself_to_search_engines()
    {
        const string Title = "Tea </script><script>alert(1)</script> & \"more\"";
        using var admin = ring.Admin(ring.A);
        var topic = await ring.TopicAsync(Title, "The first post");
        var second = (await (await admin.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = new string('y', 199) + "💥 and so on" })).Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
        using var reader = new PlainBrowser(ring.B.Url);
        var page = await reader.GoAsync($"/t/{topic}");
        var data = JsonDocument.Parse(Assert.Single(page.Scripts, s => s.Type == "application/ld+json").Text).RootElement;
        Assert.Equal(("DiscussionForumPosting", Title, "The first post", "administrator"),
            (data.GetProperty("@type").GetString(), data.GetProperty("headline").GetString(), data.GetProperty("text").GetString(), data.GetProperty("author").GetProperty("name").GetString()));
        var comment = Assert.Single(data.GetProperty("comment").EnumerateArray());
        Assert.Equal(($"{ring.B.Url}/t/{topic}?at={second}#p-{second}", new string('y', 199) + "…"), (comment.GetProperty("url").GetString(), comment.GetProperty("text").GetString()));
        Assert.Equal(Title, page.QuerySelector("h1")!.TextContent);
    }

    [Fact]
    public async Task Search_engines_find_every_topic_but_hidden_ones()
    {
        using var admin = ring.Admin(ring.A);
        var (shown, hidden) = (await ring.TopicAsync(), await ring.TopicAsync());
        (await admin.PatchAsJsonAsync($"/api/v1/topics/{hidden}", new { hidden = true })).EnsureSuccessStatusCode();
        var robots = await admin.GetStringAsync("/robots.txt");
        var index = XDocument.Parse(await admin.GetStringAsync(new Uri(robots.Split("Sitemap: ")[1].Trim()).AbsolutePath));
        var maps = index.Root!.Elements().Select(e => e.Value).ToList();
        Assert.Contains(maps, m => m.EndsWith($"/sitemap/{DateTime.UtcNow:yyyy-MM}.xml", StringComparison.Ordinal));
        var topics = XDocument.Parse(await admin.GetStringAsync(new Uri(maps[^1]).AbsolutePath)).Root!.Elements().Select(e => e.Value).ToList();
        Assert.Contains($"{ring.A.Url}/t/{shown}", topics);
        Assert.DoesNotContain($"{ring.A.Url}/t/{hidden}", topics);
        foreach (var odd in new[] { "nothing", "2026-13", "0001-01", "9999-12", "2026-1" }) Assert.Equal(HttpStatusCode.NotFound, (await admin.GetAsync($"/sitemap/{odd}.xml")).StatusCode);
    }
}
