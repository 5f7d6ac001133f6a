using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Connect.BoardWeb.Tests.Stage;
using Connect.Node.Database;
using Dapper;
using Xunit;

namespace Connect.BoardWeb.Tests;

/// <summary>Reactions to posts.</summary>
public sealed class ReactionTests(MariaDbStage mariaDb, MySqlStage mysql)
{
    public static TheoryData<string> Engines => new("MariaDB", "MySQL");

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task People_react_once_each_and_take_it_back(string engine)
    {
        var stage = On(engine);
        using var ann = stage.A.Client(await stage.MemberAsync($"Ann {PageTests.Unique()}"));
        using var bob = stage.B.Client(await stage.MemberAsync($"Bob {PageTests.Unique()}"));
        var post = await FirstPostAsync(ann, await stage.TopicAsync());
        Assert.Equal("{}", await ReactionsAsync(ann, post));
        foreach (var who in new[] { ann, ann, bob }) Assert.Equal(HttpStatusCode.OK, (await who.PutAsync($"/api/v1/posts/{post}/reactions/like", null)).StatusCode); // ann clicks twice
        Assert.Equal(HttpStatusCode.OK, (await bob.PutAsync($"/api/v1/posts/{post}/reactions/wow", null)).StatusCode);
        Assert.Equal("{\"like\":2,\"wow\":1}", await ReactionsAsync(ann, post));
        Assert.Equal(HttpStatusCode.OK, (await ann.DeleteAsync($"/api/v1/posts/{post}/reactions/like")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await ann.DeleteAsync($"/api/v1/posts/{post}/reactions/sad")).StatusCode); // was never given
        Assert.Equal("{\"like\":1,\"wow\":1}", await ReactionsAsync(bob, post));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await ann.PutAsync($"/api/v1/posts/{post}/reactions/hate", null)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await ann.PutAsync($"/api/v1/posts/{Guid.NewGuid()}/reactions/like", null)).StatusCode);
        using var admin = stage.Admin(stage.A);
        (await admin.DeleteAsync($"/api/v1/posts/{post}")).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.Forbidden, (await ann.PutAsync($"/api/v1/posts/{post}/reactions/like", null)).StatusCode);
    }

    /// <summary>On one side of a partition it was given, on the other taken back: what its author did last counts, in whatever order the two arrive.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Two_clicks_from_two_sides_of_a_partition_count_as_the_later_one(bool laterFirst)
    {
        using var admin = mariaDb.Admin(mariaDb.A);
        var post = await FirstPostAsync(admin, await mariaDb.TopicAsync());
        var ids = new Uuid7(TimeProvider.System);
        (Guid Id, bool Given)[] clicks = [(ids.Next(), true), (ids.Next(), false)];
        foreach (var (id, given) in laterFirst ? clicks.Reverse() : clicks)
            await mariaDb.SqlAsync(c => c.Execute("INSERT INTO reaction (id,node,post_id,author_id,kind,given) VALUES (@id,4714,@post,@author,'like',@given)",
                new { id = Uuid7.ToBytes(id), post = Uuid7.ToBytes(post), author = new byte[16], given }));
        Assert.Equal("{}", await ReactionsAsync(admin, post));
    }

    [Fact]
    public async Task A_reaction_is_given_without_JavaScript_and_appears_on_open_pages()
    {
        using var admin = mariaDb.Admin(mariaDb.A);
        var topic = await mariaDb.TopicAsync();
        var post = await FirstPostAsync(admin, topic);
        using var reader = new PlainBrowser(mariaDb.A.Url);
        await reader.SignUpAsync($"Kind {PageTests.Unique()}");
        await reader.GoAsync($"/p/{post}");
        using var stream = await LiveTests.Listener.OpenAsync(mariaDb.B, $"/t/{topic}/live");
        var seen = (await stream.NextAsync("ping")).EventId;
        var shown = await reader.SendAsync("#react", ("give", "thanks"));
        Assert.Contains("🙏", shown.QuerySelector("article.post .reactions")!.TextContent, StringComparison.Ordinal);
        while (!(await stream.NextAsync("post")).Data.Contains("thanks: ", StringComparison.Ordinal))
        {
            // The post itself may come once more before; the stream ends by itself if nothing comes.
        }
        (await admin.PutAsJsonAsync($"/api/v1/posts/{post}/reactions/like", new { })).EnsureSuccessStatusCode();
        Assert.Contains("like: ", (await stream.NextAsync("post")).Data, StringComparison.Ordinal); // the card of before is not shown once more
        using var back = await LiveTests.Listener.OpenAsync(mariaDb.A, $"/t/{topic}/live", seen);
        Assert.Contains("thanks: ", (await back.NextAsync("post")).Data, StringComparison.Ordinal);
        var page = await reader.GoAsync($"/p/{post}");
        Assert.Equal("thanks", page.QuerySelector("#react [aria-pressed=true]")!.GetAttribute("value"));
        shown = await reader.SendAsync("#react", ("take", "thanks"));
        Assert.DoesNotContain("🙏", shown.QuerySelector("article.post .reactions")!.TextContent, StringComparison.Ordinal);
    }

    private StageOn On(string engine) => StageOn.Of(engine, mariaDb, mysql);

    private static async Task<Guid> FirstPostAsync(HttpClient http, Guid topic) =>
        (await http.GetFromJsonAsync<JsonElement>($"/api/v1/topics/{topic}/posts")).GetProperty("items")[0].GetProperty("id").GetGuid();

    private static async Task<string> ReactionsAsync(HttpClient http, Guid post) =>
        (await http.GetFromJsonAsync<JsonElement>($"/api/v1/posts/{post}")).GetProperty("reactions").GetRawText();
}
