using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Admission;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Tests.Stage;
using Connect.Node.Database;
using Dapper;
using Xunit;

namespace Connect.BoardWeb.Tests;

/// <summary>Words that moderators keep out of posts.</summary>
public sealed class WordListTests(MariaDbStage mariaDb, MySqlStage mysql)
{
    private const string Script = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";

    public static TheoryData<string> Engines => new("MariaDB", "MySQL");

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_listed_word_keeps_posts_edits_and_titles_out_on_every_node_until_it_is_taken_off(string engine)
    {
        var stage = StageOn.Of(engine, mariaDb, mysql);
        using var admin = stage.Admin(stage.A);
        using var ann = stage.B.Client(await TokenAsync(admin, "Ann"));
        var word = $"Blorp{PageTests.Unique()}";
        var topic = await stage.TopicAsync();
        var before = await PostAsync(ann, topic, $"I say {word}");
        Assert.Equal(HttpStatusCode.Created, before.StatusCode);
        var post = (await before.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();

        foreach (var (method, path) in new[] { (HttpMethod.Get, ""), (HttpMethod.Put, ""), (HttpMethod.Delete, $"?word={word}") })
        {
            using var request = new HttpRequestMessage(method, "/api/v1/words" + path) { Content = method == HttpMethod.Put ? JsonContent.Create(new { word }) : null };
            Assert.Equal(HttpStatusCode.Forbidden, (await ann.SendAsync(request)).StatusCode);
        }
        foreach (var wrong in new[] { "", "  ", "!?", "two\nlines", new string('x', WordList.MaxLength + 1) }) Assert.Equal(HttpStatusCode.UnprocessableEntity, (await ListAsync(admin, wrong)).StatusCode);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await ListAsync(admin, word, new string('x', 201))).StatusCode);
        Assert.Equal(1, await DecidedAsync(await ListAsync(admin, word, "a spammer's")));
        Assert.Equal(0, await DecidedAsync(await ListAsync(admin, word.ToUpperInvariant()))); // it is the same word

        await Wait.UntilAsync(async () => (await PostAsync(ann, topic, $"{word}!")).StatusCode == HttpStatusCode.UnprocessableEntity, WordList.Known + TimeSpan.FromSeconds(10), "the other node knows the list");
        var refused = await PostAsync(ann, topic, $"so **{word.ToLowerInvariant()}**, they said");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
        Assert.Contains($"do not take “{word}”", (await refused.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await ann.PutAsJsonAsync($"/api/v1/posts/{post}", new { body = $"again {word}" })).StatusCode);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await ann.PostAsJsonAsync("/api/v1/channels/general/topics", new { title = $"About {word}", body = "text" })).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await PostAsync(ann, topic, $"{word}s are other words")).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await PostAsync(admin, topic, $"We do not take {word}")).StatusCode);
        Assert.Contains(word, (await ann.GetFromJsonAsync<JsonElement>($"/api/v1/posts/{post}")).GetProperty("body").GetString(), StringComparison.Ordinal); // what was here stays

        var listed = (await admin.GetFromJsonAsync<JsonElement>("/api/v1/words")).GetProperty("items").EnumerateArray().Single(w => w.GetProperty("word").GetString() == word);
        Assert.Equal(("administrator", "a spammer's"), (listed.GetProperty("by").GetString(), listed.GetProperty("reason").GetString()));
        Assert.Equal(1, await DecidedAsync(await admin.DeleteAsync($"/api/v1/words?word={Uri.EscapeDataString(word.ToLowerInvariant())}&reason=enough")));
        Assert.Equal(0, await DecidedAsync(await admin.DeleteAsync($"/api/v1/words?word={word}")));
        using var other = stage.B.Client(await TokenAsync(admin, "Bob"));
        await Wait.UntilAsync(async () => (await PostAsync(other, topic, word)).StatusCode == HttpStatusCode.Created, WordList.Known + TimeSpan.FromSeconds(20), "the other node knows that it is off");
    }

    /// <summary>Listed on one side of a partition, taken off on the other: what was decided last counts, in whatever order the two arrive.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Of_two_decisions_about_a_word_the_later_one_counts_whichever_arrives_first(bool laterFirst)
    {
        using var admin = mariaDb.Admin(mariaDb.A);
        var word = $"parted{PageTests.Unique().ToLowerInvariant()}";
        Assert.Equal(1, await DecidedAsync(await ListAsync(admin, word)));
        var subject = await mariaDb.SqlAsync(c => c.QuerySingle<byte[]>("SELECT subject_id FROM decision WHERE property = 'word' AND value = @value", new { value = $"refuse:{word}" }));
        var shouted = word.ToUpperInvariant();
        var ids = new Uuid7(TimeProvider.System);
        ids.Observe(await mariaDb.SqlAsync(c => Uuid7.FromBytes(c.QuerySingle<byte[]>("SELECT MAX(id) FROM decision"))));
        (Guid Id, string Value)[] two = [(ids.Next(), $"drop:{word}"), (ids.Next(), $"refuse:{shouted}")];
        foreach (var (id, value) in laterFirst ? two.Reverse() : two)
            await mariaDb.SqlAsync(c => c.Execute("INSERT INTO decision (id, node, subject_id, property, value, author_id, reason) VALUES (@id, 4716, @subject, 'word', @value, @subject, '')", new { id = Uuid7.ToBytes(id), subject, value }));
        Assert.Single((await admin.GetFromJsonAsync<JsonElement>("/api/v1/words")).GetProperty("items").EnumerateArray(), w => w.GetProperty("word").GetString() == shouted);
        Assert.Equal(1, await DecidedAsync(await admin.DeleteAsync($"/api/v1/words?word={word}")));
    }

    [Fact]
    public async Task A_moderator_keeps_the_list_on_a_page_and_members_do_not_see_it()
    {
        using var admin = mariaDb.Admin(mariaDb.A);
        using var reader = new PlainBrowser(mariaDb.A.Url);
        await reader.SignUpAsync($"Strict {PageTests.Unique()}");
        var person = (await reader.GoAsync("/")).QuerySelector(".me")!.GetAttribute("href")!["/u/".Length..];
        await reader.GoAsync("/moderation/words");
        Assert.NotEqual(HttpStatusCode.OK, reader.Status);
        using var writer = new PlainBrowser(mariaDb.A.Url);
        await writer.SignUpAsync($"Writer {PageTests.Unique()}");
        (await admin.PutAsJsonAsync($"/api/v1/accounts/{person}/role", new { role = Roles.Moderator })).EnsureSuccessStatusCode();
        await Wait.UntilAsync(async () => (await reader.GoAsync("/moderation/words")).QuerySelector("#add") is not null, Sessions.Known + TimeSpan.FromSeconds(5), "a moderator sees the list");

        var word = $"{Script} {PageTests.Unique()}";
        Assert.Contains("neither a letter nor a digit", (await reader.SendAsync("#add", ("Word", "***"), ("act", "list"))).QuerySelector("#add .fault")!.TextContent, StringComparison.Ordinal);
        var page = await reader.SendAsync("#add", ("Word", word), ("Reason", Script), ("act", "list"));
        Assert.Contains(word, page.QuerySelector("#words")!.TextContent, StringComparison.Ordinal);
        Assert.Empty(page.QuerySelectorAll("main script, main img"));
        Assert.Contains("put “<script>", (await reader.GoAsync("/moderation/log")).QuerySelector(".log")!.TextContent, StringComparison.Ordinal);

        var topic = await mariaDb.TopicAsync();
        await writer.GoAsync($"/t/{topic}");
        page = await writer.SendAsync("#reply", ("Body", $"see {word}"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, writer.Status);
        Assert.Contains("do not take “<script>", page.QuerySelector("#reply .fault")!.TextContent, StringComparison.Ordinal);
        Assert.Contains("see ", page.QuerySelector("#reply textarea")!.TextContent, StringComparison.Ordinal); // nothing that was typed is lost
        Assert.DoesNotContain(page.QuerySelectorAll("script"), s => s.TextContent.StartsWith("alert", StringComparison.Ordinal));
        Assert.Empty(page.QuerySelectorAll("img[onerror]"));

        (await admin.DeleteAsync($"/api/v1/words?word={Uri.EscapeDataString(word)}")).EnsureSuccessStatusCode();
        Assert.DoesNotContain(word, (await reader.GoAsync("/moderation/words")).QuerySelector("#words")!.TextContent, StringComparison.Ordinal);
    }

    /// <summary>A member's who may post as often as they try; the word list is for them all the same.</summary>
    private static async Task<string> TokenAsync(HttpClient admin, string name) => (await (await admin.PostAsJsonAsync("/api/v1/tokens", new { account = $"{name} {PageTests.Unique()}", label = "test", unlimited = true }))
        .EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("token").GetString()!;

    private static Task<HttpResponseMessage> ListAsync(HttpClient http, string word, string? reason = null) => http.PutAsJsonAsync("/api/v1/words", new { word, reason });

    private static async Task<int> DecidedAsync(HttpResponseMessage answer) => (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("decided").GetArrayLength();

    private static Task<HttpResponseMessage> PostAsync(HttpClient http, Guid topic, string body) => http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body });
}

/// <summary>What counts as the same word.</summary>
public sealed class FoldedTextTests
{
    [Theory]
    [InlineData("", " ")]
    [InlineData("  Bad,  WORD! ", " bad word ")]
    [InlineData("ｂａｄ", " bad ")] // wide
    [InlineData("𝐛𝐚𝐝", " bad ")] // mathematical
    [InlineData("b\u200Ba\u00ADd", " bad ")] // invisible
    [InlineData("b\u0336a\u0336d", " bad ")] // struck out
    [InlineData("cafe\u0301 CAFÉ Ťặ", " cafe cafe ta ")]
    [InlineData("ΟΔΟΣ οδος", " οδοσ οδοσ ")]
    [InlineData("_b-a_d_", " b a d ")]
    [InlineData("不好的话", " 不 好 的 话 ")]
    [InlineData("\uD800bad", " bad ")] // half a character
    [InlineData("✝✝✝", " ")]
    public void A_text_is_brought_into_one_form(string text, string folded) => Assert.Equal(folded, FoldedText.Of(text));

    [Fact]
    public void The_longest_text_is_brought_into_it_at_once()
    {
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        FoldedText.Of(string.Concat(Enumerable.Repeat("a\u0301\u0323ﷺ", 4000)));
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(1));
    }
}
