using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Tests.Stage;
using Connect.Node.Settings;
using Xunit;

namespace Connect.BoardWeb.Tests;

/// <summary>What those may who have just signed up.</summary>
public sealed class NewMemberTests(MariaDbStage mariaDb)
{
    private const string Links = "see https://one.example and [two](https://two.example)";

    [Fact]
    public async Task A_new_member_posts_little_few_links_and_names_and_no_files_and_is_told_until_when()
    {
        await using var board = await BoardNode.StartAsync(mariaDb.Server, "n8", s => s.Posts.NewMembers = new() { Days = 7, PostsPerHour = 3, Links = 1, Mentions = 1 });
        await board.ReadyAsync();
        var topic = await mariaDb.TopicAsync();
        using var ann = board.Client(await mariaDb.MemberAsync($"Ann {PageTests.Unique()}"));
        Assert.Contains("at most one link; this one has 2", await RefusedAsync(HttpStatusCode.UnprocessableEntity, Post(ann, topic, Links)), StringComparison.Ordinal);
        Assert.Contains("at most one link; this one has 2", await RefusedAsync(HttpStatusCode.UnprocessableEntity, Post(ann, topic, "![one](https://one.example/a.png) <https://two.example>")), StringComparison.Ordinal);
        Assert.Contains("this one names 2", await RefusedAsync(HttpStatusCode.UnprocessableEntity, Post(ann, topic, "@administrator @somebody hello")), StringComparison.Ordinal);
        Assert.Contains($"{DateTime.UtcNow.AddDays(7):d MMM yyyy}", await RefusedAsync(HttpStatusCode.Forbidden, FileAsync(ann)), StringComparison.Ordinal);
        var post = Guid.Empty;
        for (var i = 0; i < 3; i++)
        {
            var taken = await Post(ann, topic, $"Post {i}: https://one.example @administrator");
            Assert.Equal(HttpStatusCode.Created, taken.StatusCode);
            post = (await taken.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
        }
        using var late = await ann.PostAsJsonAsync("/api/v1/channels/general/topics", new { title = "A fourth", body = "one" });
        Assert.Equal(HttpStatusCode.TooManyRequests, late.StatusCode);
        Assert.InRange(late.Headers.RetryAfter!.Delta!.Value.TotalMinutes, 50, 60);
        Assert.Contains("at most 3 times an hour", await late.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        // Another text of a post is no post of its own, but cannot bring in what was kept out.
        Assert.Equal(HttpStatusCode.OK, (await ann.PutAsJsonAsync($"/api/v1/posts/{post}", new { body = "better" })).StatusCode);
        await RefusedAsync(HttpStatusCode.UnprocessableEntity, ann.PutAsJsonAsync($"/api/v1/posts/{post}", new { body = Links }));

        // Moderators are trusted, and so is whoever has no posting limits.
        using var admin = board.Client(mariaDb.Token);
        Assert.Equal(HttpStatusCode.Created, (await Post(admin, topic, Links)).StatusCode);
        // It says so where it was typed, and keeps it.
        using var reader = new PlainBrowser(board.Url);
        await reader.SignUpAsync($"Fresh {PageTests.Unique()}");
        await reader.GoAsync($"/t/{topic}");
        var page = await reader.SendAsync("#reply", ("Body", Links));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, reader.Status);
        Assert.Contains("at most one link", page.QuerySelector("#reply .fault")!.TextContent, StringComparison.Ordinal);
        Assert.Contains("one.example", page.QuerySelector("#reply textarea")!.TextContent, StringComparison.Ordinal);
        // The other nodes of this stage have no such settings.
        using var elsewhere = mariaDb.A.Client(await mariaDb.MemberAsync($"Bob {PageTests.Unique()}"));
        Assert.Equal(HttpStatusCode.Created, (await Post(elsewhere, topic, Links)).StatusCode);
    }

    [Fact]
    public async Task Somebody_is_new_until_enough_of_their_posts_stand_on_the_board()
    {
        await using var board = await BoardNode.StartAsync(mariaDb.Server, "n8", s => s.Posts.NewMembers = new() { Posts = 2, Links = 0 });
        await board.ReadyAsync();
        var topic = await mariaDb.TopicAsync();
        using var ann = board.Client(await mariaDb.MemberAsync($"Ann {PageTests.Unique()}"));
        await Wait.UntilAsync(() => Task.FromResult(board.Service<Search.SearchFeeder>().IsComplete), TimeSpan.FromSeconds(60), "the index is read");
        var why = await RefusedAsync(HttpStatusCode.UnprocessableEntity, Post(ann, topic, Links));
        Assert.Contains("no link; this one has 2", why, StringComparison.Ordinal);
        Assert.Contains("until 2 posts of yours stand on the board (there are 0)", why, StringComparison.Ordinal);
        for (var i = 0; i < 2; i++) Assert.Equal(HttpStatusCode.Created, (await Post(ann, topic, $"A good post {i}")).StatusCode);
        await Wait.UntilAsync(async () => (await FileAsync(ann)).StatusCode == HttpStatusCode.Created, TimeSpan.FromSeconds(60), "they are no longer new");
        await Wait.UntilAsync(async () => (await Post(ann, topic, Links)).StatusCode == HttpStatusCode.Created, TimeSpan.FromSeconds(60), "with links too");
    }

    [Theory]
    [InlineData(-1, 0, 1, 0, 0)]
    [InlineData(366, 0, 1, 0, 0)]
    [InlineData(0, 1001, 1, 0, 0)]
    [InlineData(1, 0, 0, 0, 0)]
    [InlineData(1, 0, 1, -1, 0)]
    [InlineData(1, 0, 1, 0, 11)]
    public void Settings_that_make_no_sense_are_refused(int days, int posts, int perHour, int links, int mentions) =>
        Assert.Single(new NodeSettings { Posts = { NewMembers = new() { Days = days, Posts = posts, PostsPerHour = perHour, Links = links, Mentions = mentions } } }.Posts.NewMembers.Faults());

    private static Task<HttpResponseMessage> Post(HttpClient http, Guid topic, string body) => http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body });

    private static async Task<HttpResponseMessage> FileAsync(HttpClient http)
    {
        using var sent = new ByteArrayContent(Encoding.UTF8.GetBytes($"a file {Guid.NewGuid()}"));
        return await http.PostAsync("/api/v1/files?name=a.txt", sent);
    }

    private static async Task<string> RefusedAsync(HttpStatusCode status, Task<HttpResponseMessage> sent)
    {
        using var answer = await sent;
        Assert.Equal(status, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("detail").GetString()!;
    }
}
