using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Tests.Stage;
using Connect.Node.Database;
using Dapper;
using Xunit;

namespace Connect.BoardWeb.Tests;

/// <summary>Posts that are edited, deleted and restored.</summary>
public sealed class RevisionTests(MariaDbStage mariaDb, MySqlStage mysql)
{
    private const string Attack = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";

    public static TheoryData<string> Engines => new("MariaDB", "MySQL");

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task An_author_edits_a_post_and_every_node_shows_the_new_text_and_what_it_was(string engine)
    {
        var stage = On(engine);
        using var author = await MemberAsync(stage, stage.A);
        using var other = await MemberAsync(stage, stage.B);
        var post = await PostAsync(author, await stage.TopicAsync(), "The first word", key: "one");
        var before = await GetAsync(author, post);
        Assert.Equal(JsonValueKind.Null, before.GetProperty("editedAt").ValueKind);

        Assert.Equal(HttpStatusCode.Forbidden, await EditAsync(other, post, "mine now"));
        Assert.Equal(HttpStatusCode.OK, await EditAsync(author, post, "The **last** word", "a better one"));
        var after = await GetAsync(other, post);
        Assert.Equal("The **last** word", after.GetProperty("body").GetString());
        Assert.Contains("<strong>last</strong>", after.GetProperty("html").GetString(), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.String, after.GetProperty("editedAt").ValueKind);
        Assert.NotEqual(before.GetProperty("version").GetGuid(), after.GetProperty("version").GetGuid());

        // The same once more is done already; what was read before the change is out of date.
        Assert.Equal(HttpStatusCode.OK, await EditAsync(author, post, "The **last** word"));
        Assert.Equal(after.GetProperty("version").GetGuid(), (await GetAsync(other, post)).GetProperty("version").GetGuid());
        Assert.Equal(HttpStatusCode.Conflict, await EditAsync(author, post, "third", version: before.GetProperty("version").GetGuid()));
        Assert.Equal(HttpStatusCode.OK, await EditAsync(author, post, "third", version: after.GetProperty("version").GetGuid()));
        var history = await other.GetFromJsonAsync<JsonElement>($"/api/v1/posts/{post}/revisions");
        Assert.Equal(["The **last** word", "third"], history.GetProperty("items").EnumerateArray().Select(r => r.GetProperty("body").GetString()));
        Assert.Equal("a better one", history.GetProperty("items")[0].GetProperty("reason").GetString());

        // A client that never heard of its post's success may still ask again, although the post says something else by now.
        Assert.Equal(post, await PostAsync(author, after.GetProperty("topic").GetGuid(), "The first word", key: "one"));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_deleted_post_is_shown_to_nobody_and_comes_back_by_whoever_may(string engine)
    {
        var stage = On(engine);
        using var author = await MemberAsync(stage, stage.A);
        using var other = await MemberAsync(stage, stage.B);
        using var moderator = stage.Admin(stage.B);
        var topic = await stage.TopicAsync();
        var post = await PostAsync(author, topic, "regrettable");

        Assert.Equal(HttpStatusCode.Forbidden, (await other.DeleteAsync($"/api/v1/posts/{post}")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await author.DeleteAsync($"/api/v1/posts/{post}?reason=slept+on+it")).StatusCode);
        Assert.DoesNotContain("regrettable", await other.GetStringAsync($"/api/v1/topics/{topic}/posts"), StringComparison.Ordinal);
        Assert.DoesNotContain("regrettable", await other.GetStringAsync($"/t/{topic}"), StringComparison.Ordinal);
        Assert.Contains("slept on it", await other.GetStringAsync($"/t/{topic}"), StringComparison.Ordinal);
        Assert.DoesNotContain("regrettable", await other.GetStringAsync($"/p/{post}"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, (await other.GetAsync($"/api/v1/posts/{post}/revisions")).StatusCode);
        Assert.True((await GetAsync(other, post)).GetProperty("deleted").GetBoolean());
        Assert.Equal(HttpStatusCode.Forbidden, await EditAsync(author, post, "a deleted post is not edited"));

        Assert.Equal(HttpStatusCode.Forbidden, (await other.PostAsync($"/api/v1/posts/{post}/restore", null)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await author.PostAsync($"/api/v1/posts/{post}/restore", null)).StatusCode);
        Assert.Equal("regrettable", (await GetAsync(other, post)).GetProperty("body").GetString());

        // What a moderator deleted its author cannot bring back.
        Assert.Equal(HttpStatusCode.OK, (await moderator.DeleteAsync($"/api/v1/posts/{post}")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await moderator.DeleteAsync($"/api/v1/posts/{post}")).StatusCode); // done before
        Assert.Equal(HttpStatusCode.Forbidden, (await author.PostAsync($"/api/v1/posts/{post}/restore", null)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await moderator.PostAsync($"/api/v1/posts/{post}/restore", null)).StatusCode);
        Assert.False((await GetAsync(other, post)).GetProperty("deleted").GetBoolean());
    }

    [Fact]
    public async Task On_a_page_without_JavaScript_a_post_is_edited_and_its_history_read()
    {
        using var reader = new PlainBrowser(mariaDb.A.Url);
        await reader.SignUpAsync($"Editor {PageTests.Unique()}");
        var topic = await mariaDb.TopicAsync();
        await reader.GoAsync($"/t/{topic}");
        await reader.SendAsync("#reply", ("Body", "Tea is better than coffee."));
        var form = await reader.FollowAsync("article.post:last-of-type .post-foot a:last-of-type");
        Assert.Equal("Tea is better than coffee.", form.QuerySelector("#body")!.TextContent.Trim());
        var preview = await reader.SendAsync("#edit", ("Body", "Tea is *no* better than coffee."), ("preview", "1"));
        Assert.Equal("no", preview.QuerySelector(".preview em")!.TextContent);

        var shown = await reader.SendAsync("#edit", ("Body", $"Tea is no better than coffee. {Attack}"), ("Reason", Attack));
        Assert.Equal(HttpStatusCode.OK, reader.Status);
        Assert.Contains("no better", shown.QuerySelector("article.post:last-of-type .prose")!.TextContent, StringComparison.Ordinal);
        var history = await reader.FollowAsync("article.post:last-of-type .edited");
        Assert.StartsWith("Tea is no better than coffee.", history.QuerySelector(".diff")!.TextContent, StringComparison.Ordinal);
        Assert.StartsWith("no ", history.QuerySelector(".diff ins")!.TextContent, StringComparison.Ordinal);
        Assert.Contains(Attack, history.QuerySelector(".history li p")!.TextContent, StringComparison.Ordinal);
        Assert.Empty(history.QuerySelectorAll("main script, main img"));

        // Somebody else was faster: nothing is lost, on either side.
        var stale = history.QuerySelector("#edit [name=Version]")!.GetAttribute("value")!;
        await reader.SendAsync("#edit", ("Body", "Coffee."));
        var again = await reader.GoAsync(history.QuerySelector("#edit")!.GetAttribute("action")!.Split('?')[0]);
        var late = await reader.SendAsync("#edit", ("Body", "Cocoa!"), ("Version", stale));
        Assert.Equal(HttpStatusCode.Conflict, reader.Status);
        Assert.Equal("Cocoa!", late.QuerySelector("#body")!.TextContent.Trim());
        Assert.Contains("Coffee.", late.QuerySelector("article.post .prose")!.TextContent, StringComparison.Ordinal);
        Assert.Equal("Coffee.", again.QuerySelector("#body")!.TextContent.Trim());

        var deleted = await reader.SendAsync("#delete", ("Reason", "enough"));
        Assert.Contains("enough", deleted.QuerySelector("article.post.deleted .gone")!.TextContent, StringComparison.Ordinal);
        await reader.FollowAsync("article.post.deleted .post-foot a");
        var restored = await reader.SendAsync("#restore");
        Assert.Contains("Coffee.", restored.QuerySelector("article.post:last-of-type .prose")!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_becomes_of_a_post_reaches_open_pages_and_whoever_was_away()
    {
        using var author = await MemberAsync(mariaDb, mariaDb.A);
        var topic = await mariaDb.TopicAsync();
        var post = await PostAsync(author, topic, "as written");
        using var stream = await LiveTests.Listener.OpenAsync(mariaDb.B, $"/t/{topic}/live");
        var seen = (await stream.NextAsync("ping")).EventId;
        Assert.Equal(HttpStatusCode.OK, await EditAsync(author, post, "as edited"));
        var edited = await stream.NextPostAsync();
        // What was written a moment before a stream begins may come with it once more: the two overlap.
        if (edited.Data.Contains("as written", StringComparison.Ordinal)) edited = await stream.NextPostAsync();
        Assert.Contains("as edited", edited.Data, StringComparison.Ordinal);
        (await author.DeleteAsync($"/api/v1/posts/{post}")).EnsureSuccessStatusCode();
        var gone = await stream.NextPostAsync();
        Assert.DoesNotContain("as edited", gone.Data, StringComparison.Ordinal);
        Assert.Contains($"id=\"p-{post}\"", gone.Data, StringComparison.Ordinal);
        using var back = await LiveTests.Listener.OpenAsync(mariaDb.A, $"/t/{topic}/live", seen);
        Assert.Contains($"id=\"p-{post}\"", (await back.NextPostAsync()).Data, StringComparison.Ordinal);
        using var upToDate = await LiveTests.Listener.OpenAsync(mariaDb.A, $"/t/{topic}/live", gone.EventId);
        await PostAsync(author, topic, "the next one");
        Assert.Contains("the next one", (await upToDate.NextAsync("post")).Data, StringComparison.Ordinal);
    }

    /// <summary>An author edits on one side of a partition, a moderator deletes on the other: whichever arrives last.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_edit_and_a_deletion_on_two_sides_of_a_partition_both_count_in_whatever_order_they_come(bool editFirst)
    {
        using var reader = await MemberAsync(mariaDb, mariaDb.A);
        var topic = await mariaDb.TopicAsync();
        var post = await PostAsync(reader, topic, "as written");
        var ids = new Uuid7(TimeProvider.System);
        ids.Observe(post);
        var (edit, delete, restore) = (ids.Next(), ids.Next(), ids.Next());
        await ArriveAsync(editFirst ? edit : delete);
        await ArriveAsync(editFirst ? delete : edit);
        Assert.True((await GetAsync(reader, post)).GetProperty("deleted").GetBoolean());
        await ArriveAsync(restore);
        Assert.Equal("as edited", (await GetAsync(reader, post)).GetProperty("body").GetString());

        Task ArriveAsync(Guid id) => mariaDb.SqlAsync(c => c.Execute("INSERT INTO post_revision (id,node,post_id,author_id,kind,body,reason) VALUES (@id,4712,@post,@id,@kind,@body,'')", new
        {
            id = Uuid7.ToBytes(id),
            post = Uuid7.ToBytes(post),
            kind = id == edit ? RevisionKind.Edit : id == delete ? RevisionKind.Delete : RevisionKind.Restore,
            body = id == edit ? "as edited" : null,
        }));
    }

    [Theory]
    [InlineData("", 422)]
    [InlineData("\0", 422)]
    [InlineData("long", 413)]
    public async Task A_text_that_no_post_may_have_is_refused_and_nothing_changes(string body, int status)
    {
        using var author = await MemberAsync(mariaDb, mariaDb.A);
        var post = await PostAsync(author, await mariaDb.TopicAsync(), "as written");
        Assert.Equal((HttpStatusCode)status, await EditAsync(author, post, body == "long" ? new string('x', PostRules.MaxBodyBytes + 1) : body));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await EditAsync(author, post, "fine", reason: new string('x', PostRules.MaxReason + 1)));
        Assert.Equal(HttpStatusCode.NotFound, await EditAsync(author, Guid.NewGuid(), "nowhere"));
        Assert.Equal("as written", (await GetAsync(author, post)).GetProperty("body").GetString());
    }

    [Theory]
    [InlineData("one two three", "one three", "one <del>two </del>three")]
    [InlineData("a\r\nb", "a\nb", "a\nb")]
    [InlineData("", "<b>", "<ins>&lt;b&gt;</ins>")]
    public void A_difference_is_shown_word_by_word_and_encoded(string before, string after, string expected) =>
        Assert.Equal(expected, TextDiff.ToHtml(before, after).Replace("&#xA;", "\n", StringComparison.Ordinal));

    [Fact]
    public void Two_texts_that_have_nothing_in_common_are_compared_in_no_time()
    {
        string Words(string word) => string.Join(' ', Enumerable.Range(0, PostRules.MaxBodyBytes / 6).Select(i => $"{word}{i % 1000}"));
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        Assert.NotEmpty(TextDiff.ToHtml(Words("a"), Words("b")));
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(2));
    }

    private StageOn On(string engine) => StageOn.Of(engine, mariaDb, mysql);

    private static async Task<HttpClient> MemberAsync(StageOn stage, BoardNode node) => node.Client(await stage.MemberAsync($"Member {PageTests.Unique()}"));

    private static async Task<Guid> PostAsync(HttpClient http, Guid topic, string body, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/topics/{topic}/posts") { Content = JsonContent.Create(new { body }) };
        if (key is not null) request.Headers.Add("Idempotency-Key", key);
        var answer = await http.SendAsync(request);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
    }

    private static Task<JsonElement> GetAsync(HttpClient http, Guid post) => http.GetFromJsonAsync<JsonElement>($"/api/v1/posts/{post}");

    private static async Task<HttpStatusCode> EditAsync(HttpClient http, Guid post, string body, string? reason = null, Guid? version = null) =>
        (await http.PutAsJsonAsync($"/api/v1/posts/{post}", new { body, reason, version })).StatusCode;
}
