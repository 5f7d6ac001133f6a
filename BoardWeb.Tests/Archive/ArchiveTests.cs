using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Connect.BoardWeb.Archive;
using Connect.BoardWeb.Founding;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Tests.Stage;
using Connect.Node.Database;
using Connect.Node.Files;
using Connect.RingDaemon.Archive;
using Connect.RingDaemon.Cli;
using Dapper;
using MimeKit;
using Xunit;

namespace Connect.BoardWeb.Tests.Archive;

/// <summary>Boards that are exported and imported, through the verbs that people use, on real servers.</summary>
public sealed class ArchiveTests(MariaDbStage mariaDb, MySqlStage mysql) : IDisposable
{
    /// <summary>Set it to measure the import of so many mails.</summary>
    private static readonly string? Measured = Environment.GetEnvironmentVariable("CONNECT_IMPORT_MAILS");

    private readonly string _folder = Directory.CreateTempSubdirectory("archive-test-").FullName;

    public static TheoryData<string> Engines => new("MariaDB", "MySQL");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task What_was_exported_and_imported_elsewhere_is_the_same_and_importing_it_again_changes_nothing(string engine)
    {
        var stage = On(engine);
        var addresses = await LifeAsync(stage);
        var file = At("board.jsonl");
        await ExportAsync(stage.A, stage.TokenFile, "--out", file);
        var exported = Objects(file);
        Assert.Equal(["account", "channel", "decision", "file", "file-part", "post", "reaction", "report", "revision", "topic"], exported.Select(TypeOf).Distinct().Order());
        var secrets = await stage.SqlAsync(c => c.Query<string>("SELECT password_hash FROM login_key UNION ALL SELECT HEX(token_hash) FROM api_token").ToList());
        var text = File.ReadAllText(file);
        Assert.All(secrets, s => Assert.DoesNotContain(s, text, StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain("request", JsonDocument.Parse(exported.First(e => TypeOf(e) == "post")).RootElement.EnumerateObject().Select(p => p.Name));

        await using var other = await BoardAsync(stage.Server.Engine);
        var own = await DownloadAsync(other.Node, other.Token);
        var first = await ImportAsync(other.Node, other.TokenFile, file);
        Assert.Empty(first["badOnes"]!.AsArray().Select(b => $"{b!["why"]} {exported[(int)Before(file, (long)b["offset"]!) - 1]}"));
        Assert.Equal((exported.Count, 0, 0), ((int)first["written"]!, (int)first["known"]!, (int)first["bad"]!));
        Assert.Equal(exported.Order(StringComparer.Ordinal), (await DownloadAsync(other.Node, other.Token)).Except(own).Order(StringComparer.Ordinal));
        using (var here = stage.A.Client())
        using (var there = other.Node.Client())
            foreach (var address in addresses) Assert.Equal(await here.GetByteArrayAsync(address), await there.GetByteArrayAsync(address));
        var before = await PositionAsync(other.Server);
        var second = await ImportAsync(other.Node, other.TokenFile, file);
        Assert.Equal((0, exported.Count, 0), ((int)second["written"]!, (int)second["known"]!, (int)second["bad"]!));
        Assert.Equal(before, await PositionAsync(other.Server)); // not even a transaction

        // To itself it is not imported: a row that is only on its way here would be another one there.
        var (code, _, error) = await RunAsync("import", file, "--board", stage.A.Url, "--token-file", stage.TokenFile);
        Assert.Equal(ExitCodes.Failed, code);
        Assert.Contains("this very ring", error, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_mailing_list_becomes_topics_and_a_second_run_finds_all_of_it_there(string engine)
    {
        var stage = On(engine);
        var (file, slug) = (At("list.mbox"), Slug());
        var (good, threads) = MboxMaker.Write(file, 400, seed: 1);
        var dry = await ImportAsync(stage.A, stage.TokenFile, file, "--channel", slug, "--dry-run");
        Assert.Equal((400, 0), ((int)dry["read"]!, (int)dry["written"]!));
        Assert.Equal(0L, await CountAsync(stage, "SELECT COUNT(*) FROM channel WHERE slug = @slug", slug));
        var first = await ImportAsync(stage.A, stage.TokenFile, file, "--channel", slug);
        Assert.Equal((400, 400 - good), ((int)first["read"]!, (int)first["bad"]!));
        Assert.All(first["badOnes"]!.AsArray(), b => Assert.True((long)b!["offset"]! > 0));
        Assert.Equal(threads, await CountAsync(stage, "SELECT COUNT(*) FROM topic t JOIN channel c ON c.id = t.channel_id WHERE c.slug = @slug", slug));
        Assert.Equal(good, await CountAsync(stage, "SELECT COUNT(*) FROM post p JOIN topic t ON t.id = p.topic_id JOIN channel c ON c.id = t.channel_id WHERE c.slug = @slug AND p.node = 0", slug));
        Assert.True(await CountAsync(stage, "SELECT COUNT(DISTINCT n.topic_id) FROM import_note n JOIN topic t ON t.id = n.topic_id JOIN channel c ON c.id = t.channel_id WHERE c.slug = @slug AND n.node > 0", slug) == threads);

        var second = await ImportAsync(stage.B, stage.TokenFile, file, "--channel", slug);
        Assert.Equal((int)first["written"]! + (int)first["known"]!, (int)second["known"]!); // another test's mails may have had the same authors
        Assert.Equal(0, (int)second["written"]!);

        using var admin = stage.Admin(stage.A);
        var topics = (await admin.GetFromJsonAsync<JsonElement>($"/api/v1/channels/{slug}/topics?limit=200")).GetProperty("items").EnumerateArray().ToList();
        Assert.All(topics, t => Assert.InRange(t.GetProperty("createdAt").GetDateTimeOffset().Year, 2003, 2005));
        var bodies = new List<string>();
        foreach (var topic in topics.Take(20))
            bodies.AddRange((await admin.GetFromJsonAsync<JsonElement>($"/api/v1/topics/{topic.GetProperty("id").GetGuid()}/posts?limit=200")).GetProperty("items").EnumerateArray().Select(p => p.GetProperty("body").GetString()!));
        Assert.All(["Grüße", "Привет", "[attachment: data.bin, ", "\\--\nA signature"], text => Assert.Contains(bodies, b => b.Contains(text, StringComparison.Ordinal)));
        using var reader = new PlainBrowser(stage.B.Url);
        var page = await reader.GoAsync($"/c/{slug}");
        Assert.Equal(HttpStatusCode.OK, reader.Status);
        page = await reader.GoAsync(page.QuerySelector("main a[href^='/t/']")!.GetAttribute("href")!);
        Assert.Contains("(mail)", page.QuerySelector("article.post")!.TextContent, StringComparison.Ordinal);
        Assert.DoesNotContain("@example", page.Body!.TextContent, StringComparison.Ordinal);
        await reader.GoAsync(page.QuerySelector("article.post a[href^='/u/']")!.GetAttribute("href")!);
        Assert.Equal(HttpStatusCode.OK, reader.Status);
    }

    [Fact]
    public async Task An_import_that_was_stopped_is_continued_and_nothing_is_doubled_or_missing()
    {
        var (file, channel) = (At("list.mbox"), Guid.CreateVersion7(DateTimeOffset.UtcNow.AddDays(-1)));
        var (good, _) = MboxMaker.Write(file, 1500, seed: 2);
        using var client = new BoardClient(mariaDb.A.Url, mariaDb.Token);
        using var stop = new CancellationTokenSource();
        var report = new ImportReport();
        var run = new ImportRun(client).RunAsync(new Stopping(new MboxSource(file, channel, DateTimeOffset.UtcNow), 900, stop), report, send: true, stop.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.InRange(await PostsAsync(), 1, good - 1);
        var again = new ImportReport();
        await new ImportRun(client).RunAsync(new MboxSource(file, channel, DateTimeOffset.UtcNow), again, send: true, default);
        Assert.Equal(good, await PostsAsync());
        Assert.True(again.Known >= report.Written, $"{again.Known} of {report.Written} were known");
        Assert.Equal(0L, await mariaDb.SqlAsync(c => c.ExecuteScalar<long>("SELECT COUNT(*) FROM topic t WHERE t.channel_id = @id AND NOT EXISTS (SELECT 1 FROM post p WHERE p.topic_id = t.id)", new { id = Uuid7.ToBytes(channel) })));

        Task<long> PostsAsync() => mariaDb.SqlAsync(c => c.ExecuteScalar<long>("SELECT COUNT(*) FROM post p JOIN topic t ON t.id = p.topic_id WHERE t.channel_id = @id", new { id = Uuid7.ToBytes(channel) }));
    }

    [Fact]
    public async Task A_commit_whose_answer_was_lost_is_not_done_twice()
    {
        await using var proxy = await CuttingProxy.StartAsync(mariaDb.Server.Port);
        await using var node = await BoardNode.StartAsync(mariaDb.Server, "n3", s => s.Database.Port = proxy.Port);
        await node.ReadyAsync();
        using var http = mariaDb.Admin(node);
        (await http.PostAsJsonAsync($"/api/v1/topics/{await mariaDb.TopicAsync()}/posts", new { body = "before" })).EnsureSuccessStatusCode();
        var (topic, post) = (Old(1), Old(2));
        foreach (var lines in new[] { Post(post, topic, "lost answer"), Account(Old(3), "Lost (mail)") })
        {
            proxy.CutAnswerAfter("COMMIT;SELECT");
            var answer = await SendAsync(http, lines);
            Assert.Equal((1, 0), (answer.GetProperty("written").GetInt32(), answer.GetProperty("known").GetInt32()));
        }
        Assert.Equal(2, proxy.Cuts);
        Assert.Equal(1L, await mariaDb.SqlAsync(c => c.ExecuteScalar<long>("SELECT COUNT(*) FROM import_note WHERE topic_id = @id", new { id = Uuid7.ToBytes(topic) })));
    }

    [Fact]
    public async Task Files_are_exported_with_what_is_theirs_and_of_an_erased_one_nothing_is()
    {
        using var admin = mariaDb.Admin(mariaDb.A);
        var topic = await mariaDb.TopicAsync();
        var (erased, deleted) = (await FileAsync(admin, "erased.txt", "words to erase"u8.ToArray()), await FileAsync(admin, "deleted.txt", "words to keep"u8.ToArray()));
        var post = (await (await admin.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = erased.Markdown })).Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
        (await admin.PostAsJsonAsync($"/api/v1/posts/{post}/erase", new { reason = "asked for" })).EnsureSuccessStatusCode();
        (await admin.DeleteAsync($"/api/v1/files/{deleted.Id}")).EnsureSuccessStatusCode();
        var all = await admin.GetStringAsync("/api/v1/export");
        var own = await admin.GetStringAsync("/api/v1/account/export");
        foreach (var text in new[] { all, own })
        {
            Assert.Contains(Convert.ToBase64String("words to keep"u8), text, StringComparison.Ordinal);
            Assert.DoesNotContain(Convert.ToBase64String("words to erase"u8), text, StringComparison.Ordinal);
            Assert.DoesNotContain("erased.txt", text, StringComparison.Ordinal);
        }
        using var ann = mariaDb.A.Client(await mariaDb.MemberAsync($"Ann {PageTests.Unique()}"));
        Assert.DoesNotContain("file-part", await ann.GetStringAsync("/api/v1/account/export"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_member_gets_what_is_their_own_and_may_not_import_or_have_everything()
    {
        var name = $"Ann {PageTests.Unique()}";
        using var ann = mariaDb.A.Client(await mariaDb.MemberAsync(name));
        using var bob = mariaDb.A.Client(await mariaDb.MemberAsync($"Bob {PageTests.Unique()}"));
        using var nobody = mariaDb.A.Client();
        var topic = await mariaDb.TopicAsync();
        var mine = (await (await ann.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "hers" })).Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
        (await bob.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "his" })).EnsureSuccessStatusCode();
        (await ann.PutAsync($"/api/v1/posts/{mine}/reactions/like", null)).EnsureSuccessStatusCode();
        var own = (await ann.GetStringAsync("/api/v1/account/export")).Trim().Split('\n');
        Assert.Equal(["export", "account", "post", "reaction", "end"], own.Select(TypeOf));
        Assert.Contains(name, own[1], StringComparison.Ordinal);
        Assert.Contains("hers", own[2], StringComparison.Ordinal);
        foreach (var http in new[] { ann, nobody })
        {
            var expected = http == ann ? HttpStatusCode.Forbidden : HttpStatusCode.Unauthorized;
            Assert.Equal(expected, (await http.GetAsync("/api/v1/export")).StatusCode);
            Assert.Equal(expected, (await http.PostAsync("/api/v1/import", Lines(Post(Old(1), topic, "smuggled")))).StatusCode);
        }
        Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.GetAsync("/api/v1/channels/general/export.mbox")).StatusCode);
        Assert.DoesNotContain("smuggled", await ann.GetStringAsync($"/api/v1/topics/{topic}/posts"), StringComparison.Ordinal);

        using var reader = new PlainBrowser(mariaDb.A.Url);
        await reader.GoAsync("/account/export");
        Assert.StartsWith("/signin", reader.Path, StringComparison.Ordinal);
        await reader.SignUpAsync($"Carol {PageTests.Unique()}");
        var link = (await reader.GoAsync("/account")).QuerySelector("main a[download]")!.GetAttribute("href")!;
        Assert.Equal(["export", "account", "end"], (await reader.GoAsync(link)).Body!.TextContent.Trim().Split('\n').Select(TypeOf));
    }

    [Fact]
    public async Task What_cannot_be_is_refused_line_by_line_and_the_rest_is_written()
    {
        using var admin = mariaDb.Admin(mariaDb.A);
        var (topic, good) = (Old(1), Old(2));
        string[] bad =
        [
            "no json", "[]", "null", "{}", """{"type":"login_key","id":"x"}""", """{"type":"post","id":"'; DROP TABLE post; -- "}""", Post(Guid.NewGuid(), topic, "not of version 7"),
            Post(Guid.CreateVersion7(DateTimeOffset.UtcNow.AddDays(1)), topic, "from tomorrow"), Post(Old(4), topic, new string('x', 40_000)), Post(Old(5), topic, "nul \0"),
            $$"""{"type":"post","id":"{{Old(6)}}","topic":"{{topic}}","body":"nobody's"}""", $$"""{"type":"account","id":"{{Old(7)}}","name":"{{new string('n', 41)}}"}""",
            Made("file", Old(10), """ "mediaType":"text/html","name":"x.txt" """), Made("file", Old(11), """ "mediaType":"application/pdf","name":"../x.pdf" """), Made("file", Old(12), """ "mediaType":"application/pdf","name":"x.pdf","width":5 """),
            Made("file", Old(13), """ "mediaType":"image/png","name":"x.png" """), Made("file-part", Old(14), """ "number":64,"bytes":"eA==" """), Made("file-part", Old(15), """ "number":0,"bytes":"no base64!" """),
            Made("file-part", Old(16), $""" "number":0,"bytes":"{Convert.ToBase64String(new byte[FileRules.PartBytes + 1])}" """),
            $$"""{"type":"reaction","id":"{{Old(8)}}","post":"{{good}}","author":"{{good}}","kind":"like","given":"yes"}""", $$"""{"type":"post","id":"{{Old(9)}}","topic":"{{topic}}","author":"{{topic}}","body":"\ud800"}""",
        ];
        var answer = await SendAsync(admin, string.Join('\n', bad) + "\n" + Post(good, topic, "good") + "\n\n");
        Assert.Equal(1, answer.GetProperty("written").GetInt32());
        Assert.Equal(Enumerable.Range(1, bad.Length), answer.GetProperty("refused").EnumerateArray().Select(r => r.GetProperty("line").GetInt32()));
        Assert.All(answer.GetProperty("refused").EnumerateArray(), r => Assert.EndsWith(".", r.GetProperty("why").GetString(), StringComparison.Ordinal));
        var many = string.Join('\n', Enumerable.Range(0, Importing.MaxItems + 1).Select(i => Post(Old(i), topic, "many")));
        Assert.Equal(HttpStatusCode.Conflict, (await admin.PostAsync("/api/v1/import", Lines(many))).StatusCode);
        var large = await TooLargeAsync("/api/v1/import", Lines(new string(' ', Importing.MaxBytes + 1)));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
        Assert.Contains("send the next ones in another", await large.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        // Only here: elsewhere it is as small as it was.
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await TooLargeAsync("/api/v1/channels", new StringContent(new string(' ', Board.MaxRequestBytes + 1), Encoding.UTF8, "application/json"))).StatusCode);

        // It is refused unread: whoever sends all the same may find the connection closed before they have read why.
        async Task<HttpResponseMessage> TooLargeAsync(string path, HttpContent content)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
            request.Headers.ExpectContinue = true;
            return await admin.SendAsync(request);
        }
    }

    [Fact]
    public async Task An_imported_row_never_replaces_one_that_is_there()
    {
        using var admin = mariaDb.Admin(mariaDb.A);
        var topic = await mariaDb.TopicAsync(body: "as it was");
        var post = (await admin.GetFromJsonAsync<JsonElement>($"/api/v1/topics/{topic}/posts")).GetProperty("items")[0].GetProperty("id").GetGuid();
        var answer = await SendAsync(admin, Post(post, topic, "forged"));
        Assert.Equal((0, 1), (answer.GetProperty("written").GetInt32(), answer.GetProperty("known").GetInt32()));
        Assert.Equal("as it was", (await admin.GetFromJsonAsync<JsonElement>($"/api/v1/posts/{post}")).GetProperty("body").GetString());
    }

    /// <summary>Imported rows have old ids, and recent ones that do not rise: whoever follows the ids of an origin must neither miss what comes after them nor be sent them without end.</summary>
    [Fact]
    public async Task Open_pages_are_told_nothing_of_an_import_and_all_of_what_is_posted_beside_it()
    {
        var topic = await mariaDb.TopicAsync();
        using var admin = mariaDb.Admin(mariaDb.A);
        using var stream = await LiveTests.Listener.OpenAsync(mariaDb.B, $"/t/{topic}/live");
        await stream.NextAsync("ping");
        var recent = Guid.CreateVersion7(DateTimeOffset.UtcNow.AddMilliseconds(-1));
        Assert.Equal(2, (await SendAsync(admin, Post(Old(1), topic, "imported, old") + "\n" + Post(recent, topic, "imported, recent"))).GetProperty("written").GetInt32());
        (await admin.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "posted after it" })).EnsureSuccessStatusCode();
        var post = await stream.NextPostAsync();
        Assert.Contains("posted after it", post.Data, StringComparison.Ordinal);
        Assert.Equal(0L, (await mariaDb.SqlAsync(ArrivalWatch.Read)).Origins.Count(o => o.Key == ImportedRow.Origin));
        var items = (await admin.GetFromJsonAsync<JsonElement>($"/api/v1/topics/{topic}/posts")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(["imported, old", "Its first post", "imported, recent", "posted after it"], items.Select(i => i.GetProperty("body").GetString()));
        Assert.Equal("import", items[0].GetProperty("node").GetString());
        // Someone who comes back with marks gets what came since, and no imported post: it lies beyond all marks for ever.
        var many = string.Join('\n', Enumerable.Range(10, 230).Select(i => Post(Old(i), topic, $"imported {i}")));
        Assert.Equal(230, (await SendAsync(admin, many)).GetProperty("written").GetInt32());
        (await admin.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "while you were away" })).EnsureSuccessStatusCode();
        using var back = await LiveTests.Listener.OpenAsync(mariaDb.A, $"/t/{topic}/live", post.EventId);
        Assert.Contains("while you were away", (await back.NextAsync("post")).Data, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_channel_is_a_mailbox_that_mail_programs_read(string engine)
    {
        var stage = On(engine);
        using var admin = stage.Admin(stage.A);
        var slug = Slug();
        (await admin.PostAsJsonAsync("/api/v1/channels", new { slug, title = "To be mailed" })).EnsureSuccessStatusCode();
        const string body = "From the start ÄÖ\n>From is quoted\n\nFrom x Mon Jan  5 10:00:00 2004\nnot a mail";
        var (topic, first) = await OpenAsync("Ünïcode <b>\"title\"", body);
        var reply = await PostAsync(topic, "an answer", first);
        var deleted = await PostAsync(topic, "taken back", null);
        (await admin.DeleteAsync($"/api/v1/posts/{deleted}")).EnsureSuccessStatusCode();
        var picture = await FileAsync(admin, "x.png", FileTests.Png(20, 10));
        (await admin.PutAsJsonAsync($"/api/v1/posts/{reply}", new { body = $"an edited answer {picture.Markdown}" })).EnsureSuccessStatusCode();
        var (hidden, _) = await OpenAsync("Hidden", "nobody sees this");
        (await admin.PatchAsJsonAsync($"/api/v1/topics/{hidden}", new { hidden = true })).EnsureSuccessStatusCode();
        var (gone, _) = await OpenAsync("Gone", "moved away");
        (await admin.PatchAsJsonAsync($"/api/v1/topics/{gone}", new { channel = "general" })).EnsureSuccessStatusCode();
        var come = await stage.TopicAsync("Come", "moved here");
        (await admin.PatchAsJsonAsync($"/api/v1/topics/{come}", new { channel = slug })).EnsureSuccessStatusCode();
        for (var i = 0; i < 205; i++) await PostAsync(come, $"post {i}", null); // more than two pages of it

        var file = At("channel.mbox");
        await ExportAsync(stage.A, stage.TokenFile, "--channel", slug, "--out", file);
        var mails = new List<MimeMessage>();
        foreach (var raw in new MboxReader(File.OpenRead(file)).Read()) mails.Add(MimeMessage.Load(new MemoryStream(raw.Bytes.ToArray())));
        Assert.Equal(2 + 206, mails.Count);
        var opening = mails.Single(m => m.MessageId == ChannelMbox.MessageId(first));
        Assert.Equal("Ünïcode <b>\"title\"", opening.Subject);
        Assert.Equal(body, opening.TextBody!.ReplaceLineEndings("\n").TrimEnd());
        Assert.Equal("administrator", opening.From.Mailboxes.Single().Name);
        var answer = mails.Single(m => m.MessageId == ChannelMbox.MessageId(reply));
        Assert.Equal(($"an edited answer ![x.png]({stage.A.Url}{picture.Shown})", ChannelMbox.MessageId(first)), (answer.TextBody!.Trim(), answer.InReplyTo));
        Assert.Equal([ChannelMbox.MessageId(first)], answer.References);
        Assert.Equal(Uuid7.TimeOf(reply).ToUnixTimeSeconds(), answer.Date.ToUnixTimeSeconds());
        Assert.DoesNotContain(mails, m => m.TextBody!.Contains("taken back", StringComparison.Ordinal) || m.TextBody.Contains("nobody sees", StringComparison.Ordinal) || m.TextBody.Contains("moved away", StringComparison.Ordinal));

        // And read back it is the same threads.
        var other = Slug();
        var imported = await ImportAsync(stage.A, stage.TokenFile, file, "--channel", other);
        Assert.Equal((208, 0), ((int)imported["read"]!, (int)imported["bad"]!));
        Assert.Equal(2L, await CountAsync(stage, "SELECT COUNT(*) FROM topic t JOIN channel c ON c.id = t.channel_id WHERE c.slug = @slug", other));

        async Task<(Guid Topic, Guid Post)> OpenAsync(string title, string text)
        {
            var made = await (await admin.PostAsJsonAsync($"/api/v1/channels/{slug}/topics", new { title, body = text })).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
            return (made.GetProperty("id").GetGuid(), made.GetProperty("postId").GetGuid());
        }

        async Task<Guid> PostAsync(Guid to, string text, Guid? inReplyTo) =>
            (await (await admin.PostAsJsonAsync($"/api/v1/topics/{to}/posts", new { body = text, inReplyTo })).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
    }

    [Fact]
    public async Task So_many_exports_at_a_time_and_no_more()
    {
        var slots = mariaDb.A.Service<ExportSlots>();
        using var admin = mariaDb.Admin(mariaDb.A);
        await slots.Everything.WaitAsync();
        try
        {
            var answer = await admin.GetAsync("/api/v1/export");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.NotNull(answer.Headers.RetryAfter);
        }
        finally
        {
            slots.Everything.Release();
        }
        Assert.Equal(HttpStatusCode.OK, (await admin.GetAsync("/api/v1/export")).StatusCode);
        Assert.Equal(1, slots.Everything.CurrentCount);
    }

    [Fact]
    public async Task A_large_archive_is_imported_in_the_time_that_is_said()
    {
        Assert.SkipWhen(Measured is null, "Set CONNECT_IMPORT_MAILS to a number of mails to measure it.");
        var (file, slug, mails) = (At("large.mbox"), Slug(), int.Parse(Measured!));
        var (good, threads) = MboxMaker.Write(file, mails, seed: 7);
        foreach (var run in new[] { "first", "second" })
        {
            var began = Stopwatch.GetTimestamp();
            var answer = await ImportAsync(mariaDb.A, mariaDb.TokenFile, file, "--channel", slug);
            var took = Stopwatch.GetElapsedTime(began);
            TestContext.Current.SendDiagnosticMessage($"{run} import of {mails} mails ({new FileInfo(file).Length >> 20} MiB, {threads} threads): {took.TotalSeconds:0.0} s, {mails / took.TotalSeconds:0} a second; {(int)answer["written"]!} objects written");
            Assert.Equal(mails - good, (int)answer["bad"]!);
        }
        var exported = Stopwatch.GetTimestamp();
        await ExportAsync(mariaDb.A, mariaDb.TokenFile, "--channel", slug, "--out", At("again.mbox"));
        TestContext.Current.SendDiagnosticMessage($"export as mbox: {Stopwatch.GetElapsedTime(exported).TotalSeconds:0.0} s");
        exported = Stopwatch.GetTimestamp();
        await ExportAsync(mariaDb.A, mariaDb.TokenFile, "--out", At("all.jsonl"));
        TestContext.Current.SendDiagnosticMessage($"export of everything: {Stopwatch.GetElapsedTime(exported).TotalSeconds:0.0} s, {new FileInfo(At("all.jsonl")).Length >> 20} MiB");
    }

    /// <summary>A little of everything that can be exported.</summary>
    /// <returns>Addresses of files.</returns>
    private static async Task<IReadOnlyList<string>> LifeAsync(StageOn stage)
    {
        using var admin = stage.Admin(stage.A);
        var (picture, text) = (await FileAsync(admin, "a boat.png", FileTests.Png(1500, 900)), await FileAsync(admin, "plan.txt", Encoding.UTF8.GetBytes(new string('x', (3 * FileRules.PartBytes) + 1))));
        using var ann = stage.A.Client(await stage.MemberAsync($"Ann {PageTests.Unique()}"));
        var topic = await stage.TopicAsync($"Quotes \" and \\ and 💥 {PageTests.Unique()}", "tab\t, line\nand <script> & \u2028 💥");
        for (var i = 0; i < 3; i++) (await ann.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = $"post {i}" })).EnsureSuccessStatusCode();
        var posts = (await admin.GetFromJsonAsync<JsonElement>($"/api/v1/topics/{topic}/posts")).GetProperty("items").EnumerateArray().Select(p => p.GetProperty("id").GetGuid()).ToList();
        (await ann.PutAsJsonAsync($"/api/v1/posts/{posts[1]}", new { body = "edited", reason = "typo" })).EnsureSuccessStatusCode();
        (await ann.DeleteAsync($"/api/v1/posts/{posts[2]}")).EnsureSuccessStatusCode();
        (await ann.PutAsync($"/api/v1/posts/{posts[0]}/reactions/like", null)).EnsureSuccessStatusCode();
        (await ann.DeleteAsync($"/api/v1/posts/{posts[0]}/reactions/like")).EnsureSuccessStatusCode();
        (await ann.PostAsJsonAsync($"/api/v1/posts/{posts[3]}/reports", new { reason = "look" })).EnsureSuccessStatusCode();
        (await admin.PatchAsJsonAsync($"/api/v1/topics/{topic}", new { pinned = true, reason = "good" })).EnsureSuccessStatusCode();
        (await admin.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = $"{picture.Markdown} {text.Markdown}" })).EnsureSuccessStatusCode();
        return [picture.Address, picture.Shown, text.Address];
    }

    private sealed record Sent(Guid Id, string Address, string Markdown)
    {
        /// <summary>Of what posts show.</summary>
        public string Shown => Markdown[(Markdown.IndexOf("](", StringComparison.Ordinal) + 2)..^1];
    }

    private static async Task<Sent> FileAsync(HttpClient http, string name, byte[] bytes) =>
        (await (await http.PostAsync($"/api/v1/files?name={Uri.EscapeDataString(name)}", new ByteArrayContent(bytes))).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<Sent>())!;

    private StageOn On(string engine) => StageOn.Of(engine, mariaDb, mysql);

    private string At(string name) => Path.Combine(_folder, name);

    private static string Slug() => $"m-{PageTests.Unique().ToLowerInvariant()}";

    private static async Task ExportAsync(BoardNode node, string tokenFile, params string[] options)
    {
        var (code, _, error) = await RunAsync(["export", "--board", node.Url, "--token-file", tokenFile, .. options]);
        Assert.True(code == ExitCodes.Done, error);
    }

    private static async Task<JsonNode> ImportAsync(BoardNode node, string tokenFile, string file, params string[] options)
    {
        var (code, output, error) = await RunAsync(["import", file, "--board", node.Url, "--token-file", tokenFile, "--json", .. options]);
        Assert.True(code == ExitCodes.Done, error);
        return JsonNode.Parse(output)!;
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await CommandLine.RunAsync(args, output, error);
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>Lines before this byte.</summary>
    private static long Before(string file, long offset) => File.ReadAllBytes(file).AsSpan(0, (int)offset).Count((byte)'\n');

    /// <summary>The objects of an export, without its first and its last line.</summary>
    private static List<string> Objects(string file)
    {
        var lines = File.ReadAllLines(file);
        Assert.Equal(("export", "end"), (TypeOf(lines[0]), TypeOf(lines[^1])));
        Assert.Equal(lines.Length - 2, JsonDocument.Parse(lines[^1]).RootElement.GetProperty("objects").GetInt32());
        return [.. lines[1..^1]];
    }

    private async Task<List<string>> DownloadAsync(BoardNode node, string token)
    {
        var file = At($"{Guid.NewGuid():N}.jsonl");
        using var http = node.Client(token);
        await File.WriteAllTextAsync(file, await http.GetStringAsync("/api/v1/export"));
        return Objects(file);
    }

    private static string TypeOf(string line) => JsonDocument.Parse(line).RootElement.GetProperty("type").GetString()!;

    private static Task<long> CountAsync(StageOn stage, string sql, string slug) => stage.SqlAsync(c => c.ExecuteScalar<long>(sql, new { slug }));

    private static async Task<string> PositionAsync(Server server)
    {
        using var database = new Node.Database.Database(new("127.0.0.1", server.Port), new("tester", "Aa1_tester"), "connect", tls: false, 1);
        return await database.RunAsync(c => c.ExecuteScalar<string>(server.Engine == Node.Settings.Engine.MariaDB ? "SELECT @@gtid_binlog_pos" : "SELECT @@global.gtid_executed")!, TimeSpan.FromSeconds(10));
    }

    private static Guid Old(int n) => DerivedId.Of(DateTimeOffset.UnixEpoch.AddYears(30).AddSeconds(n), "test", $"{PageTests.Unique()}");

    private static string Post(Guid id, Guid topic, string body) => JsonSerializer.Serialize(new { type = "post", id, topic, author = topic, body });

    private static string Made(string type, Guid id, string fields) =>
        $$"""{"type":"{{type}}","id":"{{id}}","author":"{{id}}","content":"{{id}}","size":5,"sourceHash":"{{Convert.ToBase64String(new byte[32])}}",{{fields}}}""";

    private static string Account(Guid id, string name) => JsonSerializer.Serialize(new { type = "account", id, name });

    private static StringContent Lines(string text) => new(text, Encoding.UTF8, "application/jsonl");

    private static async Task<JsonElement> SendAsync(HttpClient http, string lines)
    {
        var answer = await http.PostAsync("/api/v1/import", Lines(lines));
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private static async Task<Alone> BoardAsync(Node.Settings.Engine engine)
    {
        var server = await Server.StartAsync(engine);
        var tokenFile = Path.Combine(server.Folder, "token");
        await Founder.FoundAsync(BoardNode.SettingsFor(server, "m1", server.Folder), tokenFile);
        var node = await BoardNode.StartAsync(server, "m1");
        await node.ReadyAsync();
        return new(server, node, tokenFile, (await File.ReadAllTextAsync(tokenFile)).Trim());
    }

    /// <summary>A board of another ring.</summary>
    private sealed record Alone(Server Server, BoardNode Node, string TokenFile, string Token) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Node.DisposeAsync();
            await Server.DisposeAsync();
        }
    }

    /// <summary>A source during which somebody presses Ctrl-C.</summary>
    private sealed class Stopping(IArchiveSource source, int after, CancellationTokenSource stop) : IArchiveSource
    {
        public long Length => source.Length;

        public long Position => source.Position;

        public IEnumerable<ArchiveItem> Read(ImportReport report, CancellationToken cancel)
        {
            var items = 0;
            foreach (var item in source.Read(report, cancel))
            {
                // Reading is ahead of writing: some of it is there by now, and some is not.
                if (++items == after) SpinWait.SpinUntil(() => report.Written > 0, TimeSpan.FromSeconds(20));
                if (items == after) stop.Cancel();
                yield return item;
            }
        }
    }
}
