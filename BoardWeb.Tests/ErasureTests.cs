using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Search;
using Connect.BoardWeb.Tests.Stage;
using Connect.Node.Database;
using Connect.RingDaemon.Convergence;
using Dapper;
using Xunit;

namespace Connect.BoardWeb.Tests;

/// <summary>Erasing posts: what the board makes of it at once, and what is left in the rows when the daemon has done its part.</summary>
public sealed class ErasureTests(MariaDbStage mariaDb, MySqlStage mysql)
{
    public static TheoryData<string> Engines => new("MariaDB", "MySQL");

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task What_an_administrator_erases_is_gone_from_every_place_at_once_and_from_every_row_soon(string engine)
    {
        var stage = StageOn.Of(engine, mariaDb, mysql);
        using var admin = stage.Admin(stage.A);
        var name = $"Ann {PageTests.Unique()}";
        using var ann = stage.B.Client(await stage.MemberAsync(name));
        using var guest = stage.B.Client();
        var (secret, edited) = ($"secret{PageTests.Unique().ToLowerInvariant()}", $"edited{PageTests.Unique().ToLowerInvariant()}");
        var topic = await stage.TopicAsync();
        var (own, shared) = (await FileAsync(ann, "own.txt", secret), await FileAsync(ann, "shared.txt", "for everybody"));
        var post = await PostAsync(ann, topic, $"{secret} @administrator {Markdown(own)} {Markdown(shared)}");
        var other = await PostAsync(admin, topic, $"See {Markdown(shared)}");
        (await ann.PutAsJsonAsync($"/api/v1/posts/{post}", new { body = $"{edited} @administrator", reason = secret })).EnsureSuccessStatusCode();
        (await ann.PostAsJsonAsync($"/api/v1/posts/{post}/reports", new { reason = secret })).EnsureSuccessStatusCode();
        await Wait.UntilAsync(async () => (await ann.GetStringAsync($"/api/v1/search?q={edited}")).Contains(post.ToString(), StringComparison.Ordinal), TimeSpan.FromSeconds(20), "the search knows it");
        Assert.Equal(HttpStatusCode.OK, (await guest.GetAsync(Address(own))).StatusCode);

        Assert.Equal(HttpStatusCode.Forbidden, (await EraseAsync(ann, post, "mine")).StatusCode);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await EraseAsync(admin, post, " ")).StatusCode);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await EraseAsync(admin, post, new string('x', 201))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await EraseAsync(admin, Guid.CreateVersion7(), "x")).StatusCode);
        var answer = await (await EraseAsync(admin, post, "a court's order")).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(Id(own), Assert.Single(answer.GetProperty("files").EnumerateArray()).GetGuid());
        Assert.Equal(Id(shared), Assert.Single(answer.GetProperty("filesKept").EnumerateArray()).GetGuid());
        Assert.Empty((await (await EraseAsync(admin, post, "again")).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("files").EnumerateArray());

        // Nobody has taken anything out of a row yet.
        await NowhereAsync();
        Assert.Equal(HttpStatusCode.NotFound, (await guest.GetAsync(Address(own))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await admin.GetAsync(Address(own))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await guest.GetAsync(Address(shared))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await admin.PostAsJsonAsync($"/api/v1/posts/{post}/restore", new { })).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await admin.PutAsJsonAsync($"/api/v1/posts/{post}", new { body = "back" })).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await admin.PostAsJsonAsync($"/api/v1/files/{Id(own)}/restore", new { })).StatusCode);
        // What was restored or edited on the other side of a partition comes later, and changes nothing.
        await stage.SqlAsync(c => c.Execute("INSERT INTO post_revision (id, node, post_id, author_id, kind, body, reason) VALUES (@a, 4715, @post, @post, 'restore', NULL, ''), (@b, 4715, @post, @post, 'edit', @secret, '')",
            new { a = Next(), b = Next(), post = Uuid7.ToBytes(post), secret }));
        await NowhereAsync();
        var log = (await admin.GetFromJsonAsync<JsonElement>("/api/v1/decisions?limit=200")).GetProperty("items").EnumerateArray().Where(d => d.GetProperty("property").GetString() == Decidable.Erased).ToList();
        foreach (var subject in new[] { post, Id(own) }) Assert.Contains(log, d => d.GetProperty("subject").GetGuid() == subject && d.GetProperty("reason").GetString() == "a court's order" && d.GetProperty("by").GetString() == "administrator");

        await ScrubAsync(stage);
        Assert.Empty(await stage.SqlAsync(Rows));
        Assert.Contains("/f/", await stage.SqlAsync(c => c.QuerySingle<string>("SELECT body FROM post WHERE id = @other", new { other = Uuid7.ToBytes(other) })), StringComparison.Ordinal);
        await NowhereAsync();
        Assert.Equal(HttpStatusCode.OK, (await ann.GetAsync($"/api/v1/files/{Id(own)}")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await ann.GetAsync("/api/v1/files")).StatusCode);
        // What an export has of it can be read by an import.
        var line = (await admin.GetStringAsync("/api/v1/export")).Split('\n').Single(l => l.Contains("\"type\":\"post\"", StringComparison.Ordinal) && l.Contains($"\"id\":\"{post}\"", StringComparison.Ordinal));
        var imported = await (await admin.PostAsync("/api/v1/import", new StringContent(line.Replace(post.ToString(), Guid.CreateVersion7(DateTimeOffset.UtcNow.AddDays(-9)).ToString(), StringComparison.Ordinal), Encoding.UTF8, "application/jsonl"))).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(1, imported.GetProperty("written").GetInt32());

        async Task NowhereAsync()
        {
            foreach (var who in new[] { ann, admin, guest })
            {
                foreach (var place in new[] { $"/t/{topic}", $"/p/{post}", $"/t/{topic}/feed", "/api/v1/files", "/api/v1/reports", $"/api/v1/posts/{post}", $"/api/v1/topics/{topic}/posts", $"/api/v1/posts/{post}/revisions", "/api/v1/notifications", "/api/v1/channels/general/export.mbox", "/api/v1/account/export", "/api/v1/export" })
                {
                    // Why it was edited and reported stands in exports, and for moderators, until it is taken out of its row.
                    var text = (await (await who.GetAsync(place)).Content.ReadAsStringAsync()).Replace($"\"reason\":\"{secret}\"", "", StringComparison.Ordinal);
                    Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
                    Assert.DoesNotContain(edited, text, StringComparison.Ordinal);
                }
            }
            await Wait.UntilAsync(async () => !(await ann.GetStringAsync($"/api/v1/search?q={edited}")).Contains(post.ToString(), StringComparison.Ordinal), TimeSpan.FromSeconds(20), "the search has forgotten it");
        }

        List<string> Rows(System.Data.Common.DbConnection c) => [.. c.Query<(string Table, string Column)>("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'connect'").ToList()
            .Where(p => new[] { secret, edited }.Any(word => c.ExecuteScalar<long>($"SELECT COUNT(*) FROM `{p.Table}` WHERE LOCATE('{Convert.ToHexString(Encoding.UTF8.GetBytes(word))}', HEX(`{p.Column}`)) > 0") > 0)).Select(p => $"{p.Table}.{p.Column}")];
    }

    [Fact]
    public async Task An_administrator_erases_on_a_page_that_says_what_will_be_gone_and_nobody_else_sees_it()
    {
        using var admin = mariaDb.Admin(mariaDb.A);
        using var reader = new PlainBrowser(mariaDb.A.Url);
        await reader.SignUpAsync($"Orderly {PageTests.Unique()}");
        var person = (await reader.GoAsync("/")).QuerySelector(".me")!.GetAttribute("href")!["/u/".Length..];
        var topic = await mariaDb.TopicAsync();
        var file = await FileAsync(admin, "plan.txt", $"a plan {PageTests.Unique()}");
        var post = await PostAsync(admin, topic, $"words to erase {Markdown(file)}");
        (await admin.PutAsync($"/api/v1/accounts/{person}/role", JsonContent.Create(new { role = Roles.Moderator }))).EnsureSuccessStatusCode();
        await Wait.UntilAsync(async () => (await reader.GoAsync($"/p/{post}")).QuerySelector("#delete") is not null, Sessions.Known + TimeSpan.FromSeconds(5), "a moderator may delete it");
        Assert.Null((await reader.GoAsync($"/p/{post}")).QuerySelector($"a[href='/p/{post}/erase']"));
        await reader.GoAsync($"/p/{post}/erase");
        Assert.NotEqual(HttpStatusCode.OK, reader.Status);

        (await admin.PutAsync($"/api/v1/accounts/{person}/role", JsonContent.Create(new { role = Roles.Administrator }))).EnsureSuccessStatusCode();
        await Wait.UntilAsync(async () => (await reader.GoAsync($"/p/{post}")).QuerySelector($"a[href='/p/{post}/erase']") is not null, Sessions.Known + TimeSpan.FromSeconds(5), "an administrator may erase it");
        var page = await reader.GoAsync($"/p/{post}/erase");
        Assert.Contains("plan.txt", page.QuerySelector("main")!.TextContent, StringComparison.Ordinal);
        Assert.Contains("without repeating", (await reader.SendAsync("#erase", ("Reason", ""))).QuerySelector("#erase .fault")!.TextContent, StringComparison.Ordinal);
        page = await reader.SendAsync("#erase", ("Reason", "<b>asked for</b>"));
        Assert.Contains("It is erased", page.QuerySelector("main")!.TextContent, StringComparison.Ordinal);
        var card = (await reader.GoAsync($"/t/{topic}")).QuerySelector($"#p-{post}")!;
        Assert.StartsWith("Erased by Orderly", card.QuerySelector(".gone")!.TextContent, StringComparison.Ordinal);
        Assert.Contains("<b>asked for</b>", card.TextContent, StringComparison.Ordinal);
        Assert.Contains("erased for ever:", (await reader.GoAsync("/moderation/log")).QuerySelector(".log")!.TextContent, StringComparison.Ordinal);
        page = await reader.GoAsync($"/p/{post}");
        Assert.Null(page.QuerySelector("#restore, #edit, #delete, #history"));
    }

    [Fact]
    public async Task Nothing_of_an_erased_post_is_left_in_the_files_of_the_search()
    {
        var file = Path.Combine(mariaDb.Server.Folder, $"{Guid.NewGuid():N}.db");
        var ids = new Uuid7(TimeProvider.System);
        using var index = new SearchIndex(file, Guid.NewGuid());
        var post = ids.Next();
        index.Put([.. Enumerable.Range(0, 300).Select(i => ids.Next()).Select(id => new IndexedPost(id, 1, id, id, "", $"filler {id}"))], null);
        index.Put([new(post, 1, post, post, "", "zzyzxqwertyuiop and more")], null);
        Assert.Single(await index.FindAsync(SearchQuery.Parse("zzyzxqwertyuiop").Query!, null, null, 10, CancellationToken.None));
        Assert.True(Has());
        index.Put([new(post, 1, post, post, "", null, IsErased: true)], null);
        Assert.Empty(await index.FindAsync(SearchQuery.Parse("zzyzxqwertyuiop").Query!, null, null, 10, CancellationToken.None));
        Assert.False(Has());
        Assert.Equal(10, (await index.FindAsync(SearchQuery.Parse("filler").Query!, null, null, 10, CancellationToken.None)).Count);

        // The last letters: words are kept without the beginning that they share with the one before.
        bool Has() => new[] { file, file + "-wal" }.Where(File.Exists).Any(f => Read(f).Contains("qwertyuiop", StringComparison.Ordinal));
    }

    private static string Read(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream, Encoding.Latin1);
        return reader.ReadToEnd();
    }

    /// <summary>What each node's daemon does on its own server.</summary>
    private static async Task ScrubAsync(StageOn stage)
    {
        using var database = new Database(new("127.0.0.1", stage.Server.Port), new("tester", "Aa1_tester"), "connect", tls: false, 1);
        var erasing = new Erasing(database, stage.A.Settings);
        Assert.NotEmpty(await erasing.RunAsync(CancellationToken.None));
        Assert.Empty(await erasing.RunAsync(CancellationToken.None));
    }

    private static byte[] Next() => Uuid7.ToBytes(new Uuid7(TimeProvider.System).Next());

    private static Task<HttpResponseMessage> EraseAsync(HttpClient http, Guid post, string reason) => http.PostAsJsonAsync($"/api/v1/posts/{post}/erase", new { reason });

    private static async Task<Guid> PostAsync(HttpClient http, Guid topic, string body) =>
        (await (await http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body })).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();

    private static async Task<JsonElement> FileAsync(HttpClient http, string name, string text)
    {
        using var sent = new ByteArrayContent(Encoding.UTF8.GetBytes(text));
        return await (await http.PostAsync($"/api/v1/files?name={name}", sent)).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
    }

    private static Guid Id(JsonElement file) => file.GetProperty("id").GetGuid();

    private static string Markdown(JsonElement file) => file.GetProperty("markdown").GetString()!;

    private static string Address(JsonElement file) => file.GetProperty("address").GetString()!;
}
