using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using AngleSharp.Html.Dom;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Approvals;
using Connect.BoardWeb.Mail;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Search;
using Connect.BoardWeb.Tests.Stage;
using Connect.BoardWeb.Topics;
using Connect.BoardWeb.Web;
using Connect.Node.Database;
using Dapper;
using Xunit;

namespace Connect.BoardWeb.Tests;

/// <summary>Posts and topics that wait for a moderator before others see them.</summary>
public sealed partial class ApprovalTests(MariaDbStage mariaDb, MySqlStage mysql)
{
    private const string Script = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private static readonly string[] Events = ["post.created", "topic.created", "post.changed"];

    public static TheoryData<string> Engines => new("MariaDB", "MySQL");

    /// <summary>One writes on the first node, others look at both; both share a server, and so what replicates.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public async Task What_waits_is_nowhere_for_others_until_a_moderator_approves_it_and_then_arrives_everywhere(string engine)
    {
        await using var receiver = await HookReceiver.StartAsync();
        await using var stage = await SendingStage.StartAsync(engine, s => s.Hooks = new() { AllowLoopback = true, RetrySeconds = 0.1, TimeoutSeconds = 5 });
        using var admin = stage.Admin();
        using var guest = stage.B.Client();
        var (annsName, bobsName) = ($"Ann {PageTests.Unique()}", $"Bob {PageTests.Unique()}");
        using var ann = await stage.MemberAsync(annsName);
        using var bobWrites = await stage.MemberAsync(bobsName);
        using var bob = stage.B.Client(bobWrites.DefaultRequestHeaders.Authorization!.Parameter);
        var bobsAccount = await stage.SqlAsync(c => Uuid7.FromBytes(c.QuerySingle<byte[]>("SELECT id FROM account WHERE name = @name", new { name = bobsName })));
        var word = $"zq{PageTests.Unique().ToLowerInvariant()}";
        var (topic, _) = await stage.TopicAsync("In the open");
        var bobs = await PostAsync(bobWrites, topic, "What do you think?");
        (await bob.PutAsJsonAsync($"/api/v1/topics/{topic}/read", new { upTo = bobs })).EnsureSuccessStatusCode();
        (await admin.PostAsJsonAsync("/api/v1/hooks", new { url = receiver.Url, events = Events })).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await admin.PutAsJsonAsync("/api/v1/words", new { word, effect = "burn" })).StatusCode);
        (await admin.PutAsJsonAsync("/api/v1/words", new { word, effect = "wait" })).EnsureSuccessStatusCode();
        string? seen;
        using (var stream = await LiveTests.Listener.OpenAsync(stage.B, $"/t/{topic}/live")) seen = (await stream.NextAsync("ping")).EventId;

        // It is taken like any other, also when it is sent again.
        var (post, again) = (await PostAsync(ann, topic, $"{word} {Script} @\"{bobsName}\"", bobs, "one"), await PostAsync(ann, topic, $"{word} {Script} @\"{bobsName}\"", bobs, "one"));
        Assert.Equal(post, again);
        var opened = await JsonAsync(await ann.PostAsJsonAsync("/api/v1/channels/general/topics", new { title = $"About {word}", body = $"opened @\"{bobsName}\"" }));
        var (topic2, post2) = (opened.GetProperty("id").GetGuid(), opened.GetProperty("postId").GetGuid());
        await NowhereAsync();
        Assert.Equal(JsonValueKind.Null, (await bob.GetFromJsonAsync<JsonElement>($"/api/v1/topics/{topic}/attention")).GetProperty("firstUnread").ValueKind);
        Assert.Empty((await bob.GetFromJsonAsync<JsonElement>("/api/v1/notifications")).GetProperty("items").EnumerateArray());
        Assert.Null(await DigestAsync());

        // What is written later overtakes it: in the live stream, also of whoever comes back, at the receiver, in the index.
        var open = $"open{PageTests.Unique().ToLowerInvariant()}";
        using (var back = await LiveTests.Listener.OpenAsync(stage.B, $"/t/{topic}/live", seen))
        {
            await PostAsync(bobWrites, topic, $"{open} is not kept back");
            Assert.Contains(open, (await back.NextPostAsync()).Data, StringComparison.Ordinal);
        }
        foreach (var http in new[] { bob, admin }) await Wait.UntilAsync(async () => (await SearchAsync(http, open)).Count == 1, Soon, "the search knows what is not kept back");
        await Wait.UntilAsync(() => Task.FromResult(receiver.Told.Any(t => t.Body.Contains(open, StringComparison.Ordinal))), Soon, "the receiver was told of it");
        Assert.Equal(["post.created"], receiver.Told.Select(t => t.Type));
        Assert.Empty(await SearchAsync(admin, word));
        await NowhereAsync();

        // Its author sees it, and that it waits; until it is decided it stays as it is.
        foreach (var address in new[] { $"/api/v1/posts/{post}", $"/api/v1/posts/{post2}", $"/api/v1/topics/{topic2}" })
            Assert.Equal("waiting", (await ann.GetFromJsonAsync<JsonElement>(address)).GetProperty("held").GetProperty("state").GetString());
        Assert.Contains(post.ToString(), await ann.GetStringAsync($"/api/v1/topics/{topic}/posts"), StringComparison.Ordinal);
        Assert.Contains(topic2.ToString(), await ann.GetStringAsync("/api/v1/channels/general/topics"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, (await ann.PutAsJsonAsync($"/api/v1/posts/{post}", new { body = "something else" })).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await ann.PutAsJsonAsync($"/api/v1/posts/{post2}", new { body = "something else" })).StatusCode);
        foreach (var who in new[] { ann, admin }) Assert.Equal(HttpStatusCode.Forbidden, (await who.PostAsJsonAsync($"/api/v1/topics/{topic2}/posts", new { body = "more" })).StatusCode);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await ann.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "an answer", inReplyTo = post })).StatusCode);

        // Moderators decide, nobody else.
        foreach (var who in new[] { ann, bob })
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await who.GetAsync("/api/v1/waiting")).StatusCode);
            foreach (var act in new[] { "approve", "reject" }) Assert.Equal(HttpStatusCode.Forbidden, (await DecideAsync(who, post, act)).StatusCode);
        }
        var waiting = (await admin.GetFromJsonAsync<JsonElement>("/api/v1/waiting")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal([(post, "post", "In the open"), (topic2, "topic", $"About {word}")], waiting.Select(w => (w.GetProperty("id").GetGuid(), w.GetProperty("kind").GetString()!, w.GetProperty("title").GetString()!)));
        Assert.All(waiting, w => Assert.Equal(word, w.GetProperty("word").GetString()));
        foreach (var nothing in new[] { Guid.CreateVersion7(), bobs, topic }) Assert.Equal(HttpStatusCode.NotFound, (await DecideAsync(admin, nothing, "reject")).StatusCode);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await DecideAsync(admin, post, "approve", new string('x', 201))).StatusCode);

        using (var stream = await LiveTests.Listener.OpenAsync(stage.B, $"/t/{topic}/live"))
        {
            await stream.NextAsync("ping");
            Assert.Equal(1, await DecidedAsync(admin, post, "approve"));
            while (!(await stream.NextPostAsync()).Data.Contains(word, StringComparison.Ordinal))
            {
                // What was there when it began may come once more; the stream ends by itself if nothing comes.
            }
        }
        Assert.Equal(0, await DecidedAsync(admin, post, "approve"));
        var told = (await bob.GetFromJsonAsync<JsonElement>("/api/v1/notifications")).GetProperty("items").EnumerateArray().Where(n => n.GetProperty("kind").GetString() != "topic").ToList();
        Assert.Equal([(post, "reply", true)], told.Select(n => (n.GetProperty("post").GetGuid(), n.GetProperty("kind").GetString()!, n.GetProperty("new").GetBoolean())));
        Assert.Contains(post.ToString(), Assert.Single((await DigestAsync())!.Items, i => i.Url.Contains(post.ToString(), StringComparison.Ordinal)).Url, StringComparison.Ordinal);
        foreach (var http in new[] { bob, admin }) await Wait.UntilAsync(async () => (await SearchAsync(http, word)).SequenceEqual([post]), Soon, "the search finds it");
        Assert.Contains(word, await guest.GetStringAsync($"/t/{topic}/feed"), StringComparison.Ordinal);
        Assert.Contains($"/u/{bobsAccount}", (await bob.GetFromJsonAsync<JsonElement>($"/api/v1/posts/{post}")).GetProperty("html").GetString(), StringComparison.Ordinal);
        // What was approved may be changed, with the word that was approved with it.
        (await ann.PutAsJsonAsync($"/api/v1/posts/{post}", new { body = $"{word}, in other words" })).EnsureSuccessStatusCode();

        Assert.Equal(1, await DecidedAsync(admin, post2, "approve")); // the topic, by its first post
        foreach (var address in new[] { $"/t/{topic2}", $"/p/{post2}", $"/t/{topic2}/feed" }) Assert.Equal(HttpStatusCode.OK, (await guest.GetAsync(address)).StatusCode);
        await Wait.UntilAsync(async () => (await guest.GetStringAsync("/c/general")).Contains(topic2.ToString(), StringComparison.Ordinal), Soon, "the channel shows it to guests, who share a page for a moment");
        Assert.Contains(topic2.ToString(), await guest.GetStringAsync($"/sitemap/{DateTime.UtcNow:yyyy-MM}.xml"), StringComparison.Ordinal);
        await Wait.UntilAsync(async () => (await SearchAsync(bob, $"{word} opened")).SequenceEqual([post2]), Soon, "the search finds it by its title");
        await receiver.WaitAsync(5);
        Assert.Equal([(post, "post.created"), (post, "post.changed"), (post2, "post.created"), (post2, "topic.created")],
            receiver.Told.Skip(1).Select(t => (t.Data.GetProperty("post").GetProperty("id").GetGuid(), t.Type)).OrderBy(t => t.Item1).ThenByDescending(t => t.Item1 == post ? t.Type : "").ThenBy(t => t.Type));
        Assert.Equal(5, receiver.Told.Select(t => t.Id).Distinct().Count());

        // A moderator who thinks again: for others it is as if it had never been, its author reads why.
        Assert.Equal(1, await DecidedAsync(admin, topic2, "reject", Script));
        foreach (var address in new[] { $"/t/{topic2}", $"/p/{post2}", $"/api/v1/topics/{topic2}", $"/api/v1/posts/{post2}" }) Assert.Equal(HttpStatusCode.NotFound, (await bob.GetAsync(address)).StatusCode);
        Assert.Equal(1, await DecidedAsync(admin, post, "reject", "after all not"));
        await Task.Delay(GuestPages.Lives); // what guests on the other node share is that old at the most
        await NowhereAsync();
        Assert.Empty(await SearchAsync(bob, word));
        Assert.Equal(("rejected", "after all not"), Held(await ann.GetFromJsonAsync<JsonElement>($"/api/v1/posts/{post}")));
        Assert.Equal(("rejected", Script), Held(await ann.GetFromJsonAsync<JsonElement>($"/api/v1/topics/{topic2}")));
        Assert.Empty((await admin.GetFromJsonAsync<JsonElement>("/api/v1/waiting")).GetProperty("items").EnumerateArray());
        Assert.Equal(1, await DecidedAsync(admin, topic2, "approve"));
        Assert.Equal(HttpStatusCode.OK, (await bob.GetAsync($"/t/{topic2}")).StatusCode);
        var log = (await admin.GetFromJsonAsync<JsonElement>("/api/v1/decisions")).GetProperty("items").EnumerateArray().Where(d => d.GetProperty("subject").GetGuid() == topic2)
            .Select(d => (d.GetProperty("value").GetString(), d.GetProperty("by").GetString(), d.GetProperty("reason").GetString()));
        Assert.Equal([("", "administrator", ""), ("rejected", "administrator", Script), ("", "administrator", ""), ($"wait:word:{word}", annsName, "")], log);
        await PostAsync(bobWrites, topic, "the last");
        await receiver.WaitAsync(6);
        Assert.Equal("the last", receiver.Told.Last().Data.GetProperty("post").GetProperty("body").GetString()); // nothing was told twice

        async Task NowhereAsync()
        {
            foreach (var who in new[] { bob, guest })
            {
                foreach (var address in new[] { $"/p/{post}", $"/t/{topic2}", $"/t/{topic2}/live", $"/t/{topic2}/feed", $"/p/{post2}" }) Assert.True((await who.GetAsync(address)).StatusCode == HttpStatusCode.NotFound, address);
                foreach (var address in new[] { "/", "/c/general", "/c/general/feed", $"/t/{topic}", $"/t/{topic}?end=1", $"/t/{topic}?at={post}", $"/t/{topic}?end=1&quote={post}", $"/t/{topic}/feed", $"/search?q={word}", $"/sitemap/{DateTime.UtcNow:yyyy-MM}.xml" })
                    Nothing(await (await who.GetAsync(address)).EnsureSuccessStatusCode().Content.ReadAsStringAsync(), address.Replace($"{post}", "", StringComparison.Ordinal));
            }
            foreach (var address in new[] { $"posts/{post}", $"posts/{post}/revisions", $"posts/{post2}", $"topics/{topic2}", $"topics/{topic2}/posts", $"topics/{topic2}/attention", $"search?q=x&topic={topic2}" })
                Assert.True((await bob.GetAsync($"/api/v1/{address}")).StatusCode == HttpStatusCode.NotFound, address);
            Assert.Equal(HttpStatusCode.NotFound, (await bobWrites.PostAsJsonAsync($"/api/v1/posts/{post}/reports", new { reason = "what is it?" })).StatusCode);
            Assert.Equal(HttpStatusCode.NotFound, (await bobWrites.PutAsJsonAsync($"/api/v1/posts/{post}/reactions/like", new { })).StatusCode);
            Assert.Equal(HttpStatusCode.NotFound, (await bobWrites.PostAsJsonAsync($"/api/v1/topics/{topic2}/posts", new { body = "guessed" })).StatusCode);
            Assert.Equal(HttpStatusCode.UnprocessableEntity, (await bobWrites.PutAsJsonAsync($"/api/v1/topics/{topic}/read", new { upTo = post })).StatusCode);
            Assert.Equal(HttpStatusCode.UnprocessableEntity, (await bobWrites.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "guessed", inReplyTo = post })).StatusCode);
            foreach (var address in new[] { "channels", "channels/general/topics", "channels/general/unread", "channels/general/export.mbox", $"topics/{topic}", $"topics/{topic}/posts", $"search?q={word}", "notifications", "account/export", $"accounts/{bobsAccount}" })
                Nothing(await bob.GetStringAsync($"/api/v1/{address}"), address);
        }

        void Nothing(string text, string where)
        {
            if (where.Contains("search", StringComparison.Ordinal)) text = text.Replace(word, "", StringComparison.Ordinal); // the question itself
            foreach (var secret in new[] { word, annsName, topic2.ToString(), post2.ToString() }) Assert.False(text.Contains(secret, StringComparison.Ordinal), $"{where} has {secret}");
            if (!where.Contains("end=1&quote=", StringComparison.Ordinal) && !where.Contains("?at=", StringComparison.Ordinal)) Assert.False(text.Contains(post.ToString(), StringComparison.Ordinal), $"{where} has the post's id");
        }

        async Task<Digest?> DigestAsync() => await stage.B.Service<DigestMail>().OfAsync((await stage.B.Service<AccountReader>().FindAsync(bobsAccount, CancellationToken.None))!, "daily", null, CancellationToken.None);
    }

    /// <summary>Walked by their ids, all decisions are read for each post: with 40,000 of them the index of a MySQL node never got further than its first 500 posts.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Whether_something_waits_is_looked_up_by_what_it_is_about(string engine)
    {
        var plan = await StageOn.Of(engine, mariaDb, mysql).SqlAsync(c => c.QuerySingle<string>(
            $"EXPLAIN FORMAT=JSON SELECT COUNT(*) FROM post p WHERE p.topic_id = @topic AND {Shown.Post("p.id")} AND {Shown.Topic("p.topic_id")}", new { topic = Guid.NewGuid().ToByteArray() }));
        Assert.Equal(3, PlanKey().Count(plan));
    }

    [GeneratedRegex("\"(key|index_name)\": *\"by_subject\"", RegexOptions.CultureInvariant)]
    private static partial Regex PlanKey();

    /// <summary>A post and that it waits are one transaction: whoever looks all the time never sees one without the other.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public async Task There_is_no_moment_at_which_others_see_what_waits(string engine)
    {
        var stage = StageOn.Of(engine, mariaDb, mysql);
        using var admin = stage.Admin(stage.A);
        using var ann = stage.A.Client(await UnlimitedAsync(admin, "Ann"));
        using var guest = stage.B.Client(await stage.MemberAsync($"Bob {PageTests.Unique()}"));
        var word = $"zw{PageTests.Unique().ToLowerInvariant()}";
        (await admin.PutAsJsonAsync("/api/v1/words", new { word, effect = "wait" })).EnsureSuccessStatusCode();
        var topic = await stage.TopicAsync();
        using var stop = new CancellationTokenSource();
        var (seen, looks) = (0, 0);
        var looking = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var posts = (await guest.GetFromJsonAsync<JsonElement>($"/api/v1/topics/{topic}/posts?limit=200")).GetProperty("items").GetArrayLength();
                var here = await stage.SqlAsync(c => c.ExecuteScalar<long>("SELECT COUNT(*) FROM post p WHERE p.topic_id = @topic AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.subject_id = p.id)", new { topic = Uuid7.ToBytes(topic) }));
                if (posts != 1 || here != 1) seen++;
                looks++;
            }
        });
        for (var i = 0; i < 25; i++) await PostAsync(ann, topic, $"{word} {i}");
        await stop.CancelAsync();
        await looking;
        Assert.True(looks > 3, $"it was looked only {looks} times");
        Assert.Equal(0, seen);
        Assert.Equal(26, (await admin.GetFromJsonAsync<JsonElement>($"/api/v1/topics/{topic}/posts?limit=200")).GetProperty("items").GetArrayLength());
    }

    /// <summary>Two moderators decide on two sides of a partition: the later decision counts on every node, in whatever order they arrive, and both stand in the log.</summary>
    [Theory]
    [InlineData("MariaDB", true, true)]
    [InlineData("MariaDB", true, false)]
    [InlineData("MariaDB", false, true)]
    [InlineData("MariaDB", false, false)]
    [InlineData("MySQL", true, true)]
    [InlineData("MySQL", false, false)]
    public async Task Of_two_moderators_on_two_sides_of_a_partition_the_later_one_counts(string engine, bool approvedLater, bool laterArrivesFirst)
    {
        var stage = StageOn.Of(engine, mariaDb, mysql);
        using var admin = stage.Admin(stage.A);
        using var guest = stage.B.Client(await stage.MemberAsync($"Bob {PageTests.Unique()}"));
        var (topic, other) = (await stage.TopicAsync(), await stage.TopicAsync("Far away"));
        var post = await PostAsync(admin, topic, "far away");
        var ids = new Uuid7(TimeProvider.System);
        foreach (var subject in new[] { post, other })
        {
            await HoldAsync(stage, ids.Next(), subject, Approval.OfNewMember);
            (Guid Id, string Value, int Node)[] two = [(ids.Next(), approvedLater ? Approval.Rejected : Approval.Given, 4721), (ids.Next(), approvedLater ? Approval.Given : Approval.Rejected, 4722)];
            foreach (var (id, value, node) in laterArrivesFirst ? two.Reverse() : two) await HoldAsync(stage, id, subject, value, node);
        }
        await stage.B.Service<TopicDirectory>().CurrentAsync(CancellationToken.None);
        Assert.Equal(approvedLater, (await guest.GetAsync($"/api/v1/posts/{post}")).IsSuccessStatusCode);
        Assert.Equal(approvedLater ? 2 : 1, (await guest.GetFromJsonAsync<JsonElement>($"/api/v1/topics/{topic}/posts")).GetProperty("items").GetArrayLength());
        Assert.Equal(approvedLater, (await guest.GetAsync($"/api/v1/topics/{other}")).IsSuccessStatusCode);
        Assert.Equal(approvedLater, (await guest.GetStringAsync("/api/v1/channels/general/topics?limit=200")).Contains(other.ToString(), StringComparison.Ordinal));
        // The next one has read both, and so is later than both, wherever it is made.
        Assert.Equal(1, await DecidedAsync(admin, post, approvedLater ? "reject" : "approve"));
        Assert.Equal(!approvedLater, (await guest.GetAsync($"/api/v1/posts/{post}")).IsSuccessStatusCode);
        var log = (await admin.GetFromJsonAsync<JsonElement>("/api/v1/decisions?limit=200")).GetProperty("items").EnumerateArray().Count(d => d.GetProperty("subject").GetGuid() == post);
        Assert.Equal(4, log);
    }

    [Fact]
    public async Task On_pages_without_JavaScript_its_author_sees_that_it_waits_and_a_moderator_decides()
    {
        using var admin = mariaDb.Admin(mariaDb.A);
        var word = $"zx{PageTests.Unique().ToLowerInvariant()}";
        var (author, name) = ($"Author {PageTests.Unique()}", $"Moderator {PageTests.Unique()}");
        using var moderator = new PlainBrowser(mariaDb.A.Url);
        await moderator.SignUpAsync(name);
        (await admin.PutAsJsonAsync($"/api/v1/accounts/{await AccountAsync(name)}/role", new { role = Roles.Moderator })).EnsureSuccessStatusCode();
        await Wait.UntilAsync(async () => (await moderator.GoAsync("/moderation/words")).QuerySelector("#add") is not null, Sessions.Known + TimeSpan.FromSeconds(5), "a moderator sees the list");
        var list = await moderator.SendAsync("#add", ("Word", word), ("Effect", "wait"), ("act", "list"));
        Assert.Equal("waits", list.QuerySelectorAll("#words li").Single(l => l.TextContent.Contains(word, StringComparison.Ordinal)).QuerySelector(".badge")!.TextContent);
        await moderator.SendAsync("#add", ("Word", word), ("Effect", "burn"), ("act", "list"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, moderator.Status);

        var topic = await mariaDb.TopicAsync();
        using var writes = new PlainBrowser(mariaDb.A.Url);
        using var reads = new PlainBrowser(mariaDb.B.Url);
        await writes.SignUpAsync(author);
        await reads.SignUpAsync($"Reader {PageTests.Unique()}");
        await writes.GoAsync($"/t/{topic}");
        var card = (await writes.SendAsync("#reply", ("Body", $"{word} {Script}"))).QuerySelector("article.post.held")!;
        Assert.Contains("waits for a moderator", card.QuerySelector(".waits")!.TextContent, StringComparison.Ordinal);
        Assert.Null(card.QuerySelector("[data-reply]"));
        var post = card.GetAttribute("data-id")!;
        var own = await writes.GoAsync($"/p/{post}");
        Assert.Null(own.QuerySelector("#edit, #react, .approve"));
        Assert.NotNull(own.QuerySelector("#delete"));
        Assert.DoesNotContain(word, (await reads.GoAsync($"/t/{topic}")).DocumentElement.OuterHtml, StringComparison.Ordinal);
        await reads.GoAsync($"/p/{post}");
        Assert.Equal(HttpStatusCode.NotFound, reads.Status);
        await writes.GoAsync("/c/general/new");
        var opened = await writes.SendAsync("main form", ("Title", $"{Script} {word}"), ("Body", $"a beginning {Script}"));
        Assert.Equal("waits for a moderator", opened.QuerySelector("h1 .badge")!.TextContent);
        Assert.Contains("waits for a moderator", opened.QuerySelector(".closed")!.TextContent, StringComparison.Ordinal);
        Assert.Null(opened.QuerySelector("#reply"));
        var topic2 = writes.Path.Split('?')[0];
        Assert.Contains(topic2, (await writes.GoAsync("/c/general")).QuerySelector(".list")!.InnerHtml, StringComparison.Ordinal);
        await reads.GoAsync(topic2);
        Assert.Equal(HttpStatusCode.NotFound, reads.Status);

        // What they wrote is text on the page where it is decided, and others cannot decide.
        await writes.GoAsync("/moderation");
        Assert.Equal(HttpStatusCode.Forbidden, writes.Status);
        var queue = await moderator.GoAsync("/moderation");
        Assert.Empty(queue.QuerySelectorAll("main script, main img:not([src^='/f/']), [onerror]"));
        var waiting = Of(queue, post);
        Assert.Contains("<script>", waiting.QuerySelector(".prose")!.TextContent, StringComparison.Ordinal);
        Assert.Contains($"for the sake of “{word}”", waiting.TextContent, StringComparison.Ordinal);
        await moderator.SendFormAsync(Form(waiting), ("act", "burn"));
        Assert.Equal(HttpStatusCode.BadRequest, moderator.Status);
        queue = await moderator.SendFormAsync(Form(waiting), ("Reason", "fine"), ("act", "approve"));
        Assert.DoesNotContain(post, queue.QuerySelector("main")!.InnerHtml, StringComparison.Ordinal);
        Assert.Contains(word, (await reads.GoAsync($"/p/{post}")).QuerySelector(".prose")!.TextContent, StringComparison.Ordinal);
        var second = queue.QuerySelectorAll(".waiting").Single(w => w.TextContent.Contains($"{Script} {word}", StringComparison.Ordinal));
        queue = await moderator.SendFormAsync(Form(second), ("Reason", Script), ("act", "reject"));
        Assert.DoesNotContain(topic2["/t/".Length..], queue.QuerySelector("main")!.InnerHtml, StringComparison.Ordinal);
        var rejected = await writes.GoAsync(topic2);
        Assert.Contains("<script>", rejected.QuerySelector("article .waits")!.TextContent, StringComparison.Ordinal);
        Assert.Empty(rejected.QuerySelectorAll("main img, [onerror]"));
        await reads.GoAsync(topic2);
        Assert.Equal(HttpStatusCode.NotFound, reads.Status);
        // Where it was rejected it can be approved after all.
        await moderator.GoAsync(rejected.QuerySelector("article .post-foot a:last-of-type")!.GetAttribute("href")!);
        await moderator.SendAsync(".approve", ("act", "approve"));
        Assert.Contains(word, (await reads.GoAsync(topic2)).QuerySelector("h1")!.TextContent, StringComparison.Ordinal);
        var log = (await moderator.GoAsync("/moderation/log")).QuerySelector(".log")!.TextContent;
        foreach (var line in new[] { $"which waits for the sake of “{word}”", "approved", "rejected", $"put “{word}” on the word list: posts with it wait" }) Assert.Contains(line, log, StringComparison.Ordinal);

        // Another text of what others see already cannot wait: it is not taken, and what was typed is kept.
        await writes.GoAsync($"/t/{topic}");
        var plain = (await writes.SendAsync("#reply", ("Body", "harmless"))).QuerySelectorAll("article.post")[^1].GetAttribute("data-id")!;
        await writes.GoAsync($"/p/{plain}");
        var again = await writes.SendAsync("#edit", ("Body", $"now with {word}"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, writes.Status);
        Assert.Contains($"Moderators look at posts with “{word}”", again.QuerySelector("#edit .fault")!.TextContent, StringComparison.Ordinal);
        Assert.Contains(word, again.QuerySelector("#edit textarea")!.TextContent, StringComparison.Ordinal);
        await writes.GoAsync($"/p/{post}");
        Assert.Contains($"{word}, edited", (await writes.SendAsync("#edit", ("Body", $"{word}, edited"))).QuerySelector($"#p-{post}")!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_first_posts_of_a_new_member_wait_until_enough_of_them_are_approved()
    {
        await using var board = await BoardNode.StartAsync(mariaDb.Server, "n7", s => s.Posts.NewMembers = new() { Wait = 2 });
        await board.ReadyAsync();
        await Wait.UntilAsync(() => Task.FromResult(board.Service<SearchFeeder>().IsComplete), TimeSpan.FromSeconds(60), "the index is read");
        var (topic, name) = (await mariaDb.TopicAsync(), $"Ann {PageTests.Unique()}");
        using var admin = board.Client(mariaDb.Token);
        using var ann = board.Client(await mariaDb.MemberAsync(name));
        var account = await AccountAsync(name);
        using var others = mariaDb.B.Client(await mariaDb.MemberAsync($"Bob {PageTests.Unique()}"));
        var (first, second, third) = (await PostAsync(ann, topic, "my first"), await PostAsync(ann, topic, "my second"), await PostAsync(ann, topic, "my third"));
        foreach (var post in new[] { first, second, third })
        {
            Assert.Equal("waiting", Held(await ann.GetFromJsonAsync<JsonElement>($"/api/v1/posts/{post}")).State);
            Assert.Equal(HttpStatusCode.NotFound, (await others.GetAsync($"/api/v1/posts/{post}")).StatusCode);
        }
        var waiting = (await admin.GetFromJsonAsync<JsonElement>("/api/v1/waiting")).GetProperty("items").EnumerateArray().Single(w => w.GetProperty("id").GetGuid() == first);
        Assert.Equal(JsonValueKind.Null, waiting.GetProperty("word").ValueKind);
        // What its author has deleted needs no decision, and leaves nothing where others could see it.
        (await ann.DeleteAsync($"/api/v1/posts/{third}")).EnsureSuccessStatusCode();
        Assert.DoesNotContain(third.ToString(), await admin.GetStringAsync("/api/v1/waiting"), StringComparison.Ordinal);
        Assert.DoesNotContain(third.ToString(), await others.GetStringAsync($"/api/v1/topics/{topic}/posts"), StringComparison.Ordinal);
        // Moderators' never wait.
        Assert.Equal(JsonValueKind.Null, (await admin.GetFromJsonAsync<JsonElement>($"/api/v1/posts/{await PostAsync(admin, topic, "a moderator's")}")).GetProperty("held").ValueKind);

        Assert.Equal(1, await DecidedAsync(admin, first, "approve"));
        Assert.Equal(HttpStatusCode.OK, (await others.GetAsync($"/api/v1/posts/{first}")).StatusCode);
        // Whose posts wait cannot make another one of what was approved.
        var edited = await ann.PutAsJsonAsync($"/api/v1/posts/{first}", new { body = "buy my pills" });
        Assert.Equal(HttpStatusCode.UnprocessableEntity, edited.StatusCode);
        Assert.Contains("those that were approved stay as they are", (await edited.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(1, await DecidedAsync(admin, second, "approve"));
        await Wait.UntilAsync(async () => await board.Service<SearchFeeder>().Index!.CountOfAsync(account, 9, CancellationToken.None) == 2, Soon, "the index knows what was approved, and nothing else");
        Assert.Equal(JsonValueKind.Null, (await ann.GetFromJsonAsync<JsonElement>($"/api/v1/posts/{await PostAsync(ann, topic, "no longer new")}")).GetProperty("held").ValueKind);
        (await ann.PutAsJsonAsync($"/api/v1/posts/{first}", new { body = "my first, edited" })).EnsureSuccessStatusCode();
        Assert.Single(new Node.Settings.NewMemberSettings { Wait = 1001 }.Faults());
    }

    [Fact]
    public void A_topic_that_waits_stands_in_the_list_of_its_author_and_of_moderators_alone_and_a_post_that_is_gone_counts_no_more()
    {
        var (table, ids) = (new TopicTable(), new Uuid7(TimeProvider.System));
        var (channel, author, one, two, post) = (ids.Next(), ids.Next(), ids.Next(), ids.Next(), ids.Next());
        table.Set(new(one, channel, one, false, false, false));
        table.Set(new(two, channel, two, false, false, false, author));
        Assert.Equal([one], Topics(false, null));
        Assert.Equal([one], Topics(false, Guid.NewGuid()));
        Assert.Equal([two, one], Topics(false, author));
        Assert.Equal([two, one], Topics(true, null));
        table.Set(new(two, channel, two, false, Hidden: true, false, author));
        Assert.Equal([one], Topics(false, author));
        table.Set(new(two, channel, two, false, false, false));
        Assert.True(table.Posted(one, post));
        Assert.Equal([one, two], Topics(false, null));
        table.Set(new(one, channel, one, false, false, false), anew: true);
        Assert.Equal([two, one], Topics(false, null));

        IEnumerable<Guid> Topics(bool withHidden, Guid? reader) => table.Recent(channel, withHidden, null, 9, reader).Select(p => p.Topic);
    }

    /// <summary>A decision as it arrives from another node.</summary>
    internal static Task<int> HoldAsync(StageOn stage, Guid id, Guid subject, string value, int node = 4720) => stage.SqlAsync(c => c.Execute(
        "INSERT INTO decision (id, node, subject_id, property, value, author_id, reason) VALUES (@id, @node, @subject, @property, @value, @id, '')",
        new { id = Uuid7.ToBytes(id), node, subject = Uuid7.ToBytes(subject), property = Decidable.Waits, value }));

    private static (string? State, string? Reason) Held(JsonElement item) => (item.GetProperty("held").GetProperty("state").GetString(), item.GetProperty("held").GetProperty("reason").GetString());

    private static AngleSharp.Dom.IElement Of(IHtmlDocument queue, string post) => queue.QuerySelectorAll(".waiting").Single(w => w.QuerySelector($"#p-{post}") is not null);

    private static IHtmlFormElement Form(AngleSharp.Dom.IElement waiting) => (IHtmlFormElement)waiting.QuerySelector("form")!;

    private Task<Guid> AccountAsync(string name) => mariaDb.SqlAsync(c => Uuid7.FromBytes(c.QueryFirst<byte[]>("SELECT id FROM account WHERE name = @name ORDER BY id LIMIT 1", new { name })));

    private static async Task<string> UnlimitedAsync(HttpClient admin, string name) =>
        (await JsonAsync(await admin.PostAsJsonAsync("/api/v1/tokens", new { account = $"{name} {PageTests.Unique()}", label = "test", unlimited = true }))).GetProperty("token").GetString()!;

    private static async Task<Guid> PostAsync(HttpClient http, Guid topic, string body, Guid? inReplyTo = null, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/topics/{topic}/posts") { Content = JsonContent.Create(new { body, inReplyTo }) };
        if (key is not null) request.Headers.Add("Idempotency-Key", key);
        return (await JsonAsync(await http.SendAsync(request))).GetProperty("id").GetGuid();
    }

    private static async Task<List<Guid>> SearchAsync(HttpClient http, string query) =>
        [.. (await http.GetFromJsonAsync<JsonElement>($"/api/v1/search?q={query}")).GetProperty("items").EnumerateArray().Select(i => i.GetProperty("post").GetProperty("id").GetGuid())];

    private static Task<HttpResponseMessage> DecideAsync(HttpClient http, Guid id, string act, string? reason = null) => http.PostAsJsonAsync($"/api/v1/waiting/{id}/{act}", new { reason });

    private static async Task<int> DecidedAsync(HttpClient http, Guid id, string act, string? reason = null) => (await JsonAsync(await DecideAsync(http, id, act, reason))).GetProperty("decided").GetArrayLength();

    private static async Task<JsonElement> JsonAsync(HttpResponseMessage answer)
    {
        Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }
}
