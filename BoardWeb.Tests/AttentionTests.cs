using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AngleSharp.Dom;
using AngleSharp.Html.Parser;
using Connect.BoardWeb.Attention;
using Connect.BoardWeb.Metrics;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Tests.Stage;
using Connect.BoardWeb.Writes;
using Connect.Node.Database;
using Dapper;
using Xunit;

namespace Connect.BoardWeb.Tests;

/// <summary>Keeping up: unread posts, followed and muted topics, mentions and notifications.</summary>
public sealed class AttentionTests(MariaDbStage mariaDb, MySqlStage mysql)
{
    private const string Attack = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";

    /// <summary>For so long a node may show the number it knew, and then some for a machine that is slow.</summary>
    private static readonly TimeSpan Soon = NotificationCount.Known + TimeSpan.FromSeconds(10);

    public static TheoryData<string> Engines => new("MariaDB", "MySQL");

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task What_was_read_on_one_node_is_unread_on_no_other(string engine)
    {
        var stage = On(engine);
        using var admin = stage.Admin(stage.A);
        var channel = await ChannelAsync(admin);
        var (old, _) = await OpenAsync(admin, channel, "From before");
        using var reader = new PlainBrowser(stage.B.Url);
        await reader.SignUpAsync($"Reader {PageTests.Unique()}");
        Assert.Empty((await reader.GoAsync($"/c/{channel}")).QuerySelectorAll(".list .unread")); // nobody begins with what was there before them
        var (topic, first) = await OpenAsync(admin, channel, "News");
        await PostAsync(admin, topic, "more news");
        Assert.Equal($"/t/{topic}?at={first}#p-{first}", (await reader.GoAsync($"/c/{channel}")).QuerySelector(".list .unread")!.GetAttribute("href"));
        await UnreadAsync(reader, channel, true);

        reader.MoveTo(stage.A.Url);
        await reader.GoAsync($"/t/{topic}");
        reader.MoveTo(stage.B.Url);
        await Wait.UntilAsync(async () => (await reader.GoAsync($"/c/{channel}")).QuerySelector(".list .unread") is null, TimeSpan.FromSeconds(10), "it is read on the other node");
        await UnreadAsync(reader, channel, false);

        var late = await PostAsync(admin, topic, "late news");
        var page = await reader.GoAsync($"/c/{channel}");
        Assert.Equal($"/t/{topic}?at={late}#p-{late}", page.QuerySelector(".list .unread")!.GetAttribute("href"));
        Assert.Equal($"p-{late}", (await reader.FollowAsync(".list .unread")).QuerySelector("article.post")!.Id);
        var older = await PostAsync(admin, old, "the old topic goes on");
        Assert.Equal($"/t/{old}?at={older}#p-{older}", (await reader.GoAsync($"/c/{channel}")).QuerySelector(".list .unread")!.GetAttribute("href"));
        Assert.Empty((await reader.SendAsync("#read")).QuerySelectorAll(".list .unread"));
        Assert.Null(reader.Status == HttpStatusCode.OK ? (await reader.GoAsync($"/c/{channel}")).QuerySelector("#read") : null);
        await PostAsync(admin, old, "and on");
        Assert.Single((await reader.GoAsync($"/c/{channel}")).QuerySelectorAll(".list .unread"));
        using var guest = new PlainBrowser(stage.A.Url);
        Assert.Empty((await guest.GoAsync($"/c/{channel}")).QuerySelectorAll(".unread, #read"));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_mark_only_moves_forward_and_is_ones_own(string engine)
    {
        var stage = On(engine);
        using var admin = stage.Admin(stage.A);
        var token = (await (await admin.PostAsJsonAsync("/api/v1/tokens", new { account = $"Ann {PageTests.Unique()}", unlimited = true })).Content.ReadFromJsonAsync<JsonElement>()).GetProperty("token").GetString();
        using var ann = stage.A.Client(token); // who asks more often than people may
        var bobsName = $"Bob {PageTests.Unique()}";
        using var bob = stage.B.Client(await stage.MemberAsync(bobsName));
        var bobsId = await AccountAsync(stage, bobsName);
        var topic = await stage.TopicAsync();
        var posts = new List<Guid>();
        for (var i = 0; i < 3; i++) posts.Add(await PostAsync(admin, topic, $"post {i}"));
        Assert.Equal(HttpStatusCode.OK, await ReadAsync(ann, topic, posts[1], bobsId));
        Assert.Equal(posts[2], (await AttentionAsync(ann, topic)).FirstUnread);
        Assert.Equal(HttpStatusCode.OK, await ReadAsync(ann, topic, posts[0])); // back is nowhere
        Assert.Equal(HttpStatusCode.OK, await ReadAsync(ann, topic, posts[1]));
        var (readUpTo, firstUnread) = await AttentionAsync(ann, topic);
        Assert.Equal((posts[1], posts[2]), (readUpTo, firstUnread));
        Assert.Equal(1, await stage.SqlAsync(c => c.ExecuteScalar<int>("SELECT COUNT(*) FROM read_mark WHERE subject_id = @topic AND account_id <> @admin",
            new { topic = Uuid7.ToBytes(topic), admin = c.QueryFirst<byte[]>("SELECT author_id FROM topic WHERE id = @topic", new { topic = Uuid7.ToBytes(topic) }) })));
        Assert.NotNull((await AttentionAsync(bob, topic)).FirstUnread); // ann named bob in the request, and marked nothing of his
        Assert.NotEqual(posts[1], (await AttentionAsync(bob, topic)).ReadUpTo);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, await ReadAsync(ann, await stage.TopicAsync(), posts[2]));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await ReadAsync(ann, topic, null));
        Assert.Equal(HttpStatusCode.NotFound, await ReadAsync(ann, Guid.NewGuid(), posts[2]));
        foreach (var future in new[] { Uuid7.LowestAt(DateTimeOffset.UtcNow.AddYears(1)), Guid.AllBitsSet, new Uuid7(new Ahead()).Next() })
        {
            Assert.Equal(HttpStatusCode.UnprocessableEntity, (await ann.PutAsJsonAsync("/api/v1/notifications/seen", new { upTo = future })).StatusCode);
            Assert.Equal(HttpStatusCode.UnprocessableEntity, (await ann.PutAsJsonAsync("/api/v1/channels/general/read", new { upTo = future })).StatusCode);
        }
        (await admin.PatchAsJsonAsync($"/api/v1/topics/{topic}", new { hidden = true })).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.NotFound, await ReadAsync(ann, topic, posts[2]));
        Assert.Equal(HttpStatusCode.NotFound, await LevelAsync(ann, topic, "follow"));
        Assert.Equal(HttpStatusCode.NotFound, (await ann.GetAsync($"/api/v1/topics/{topic}/attention")).StatusCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_read_on_two_sides_of_a_partition_adds_up_in_whatever_order_it_arrives(bool furtherFirst)
    {
        using var admin = mariaDb.Admin(mariaDb.A);
        var name = $"Ann {PageTests.Unique()}";
        using var ann = mariaDb.B.Client(await mariaDb.MemberAsync(name));
        var account = await AccountAsync(mariaDb, name);
        var topic = await mariaDb.TopicAsync();
        var (near, far) = (await PostAsync(admin, topic, "near"), await PostAsync(admin, topic, "far"));
        var last = await PostAsync(admin, topic, "last");
        var ids = new Uuid7(TimeProvider.System);
        foreach (var upTo in furtherFirst ? new[] { far, near } : [near, far])
            await mariaDb.SqlAsync(c => c.Execute("INSERT INTO read_mark (id,node,account_id,subject_id,up_to) VALUES (@id,4715,@account,@topic,@upTo)",
                new { id = Uuid7.ToBytes(ids.Next()), account = Uuid7.ToBytes(account), topic = Uuid7.ToBytes(topic), upTo = Uuid7.ToBytes(upTo) }));
        Assert.Equal((far, last), await AttentionAsync(ann, topic));
    }

    /// <summary>Every order of arrival, and every subset: the state is a function of the rows.</summary>
    [Fact]
    public void Of_choices_the_latest_counts_but_a_mute_is_not_undone_by_posting()
    {
        (Guid Id, string Level)[] Rows(params string[] levels) => [.. levels.Select((level, i) => (Uuid7.LowestAt(DateTimeOffset.UnixEpoch.AddDays(i + 1)), level))];
        (string[] Levels, string Expected)[] cases =
        [
            ([], "normal"), (["follow"], "follow"), (["joined"], "follow"), (["mute"], "mute"), (["mute", "joined"], "mute"), (["mute", "follow"], "follow"), (["follow", "normal"], "normal"),
            (["normal", "joined"], "follow"), (["joined", "normal"], "normal"), (["joined", "mute"], "mute"), (["follow", "mute", "joined"], "mute"), (["mute", "normal", "joined"], "follow"),
            (["mute", "joined", "normal"], "normal"),
        ];
        foreach (var (levels, expected) in cases)
        {
            Assert.Equal(expected, AttentionLevel.Of(Rows(levels)));
            Assert.Equal(expected, AttentionLevel.Of(Rows(levels).Reverse()));
            Assert.Equal(expected, AttentionLevel.Of(Rows(levels).OrderBy(r => r.Level)));
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_page_neither_waits_for_a_mark_nor_fails_because_of_it(string engine)
    {
        var stage = On(engine);
        await using var node = await BoardNode.StartAsync(stage.Server, "n5");
        await node.ReadyAsync();
        using var reader = new PlainBrowser(stage.A.Url);
        await reader.SignUpAsync($"Patient {PageTests.Unique()}");
        var topic = await stage.TopicAsync();
        node.Daemon.Writable = false;
        await Wait.UntilAsync(() => Task.FromResult(node.Service<IWriteGate>().Closed is not null), TimeSpan.FromSeconds(15), "the node takes no writes");
        reader.MoveTo(node.Url);
        var page = await reader.GoAsync($"/t/{topic}");
        Assert.Equal(HttpStatusCode.OK, reader.Status);
        Assert.Single(page.QuerySelectorAll("article.post"));
        await reader.GoAsync("/notifications");
        Assert.Equal(HttpStatusCode.OK, reader.Status);
        var dropped = node.Service<BoardMetrics>().ReadMarksDropped;
        await Wait.UntilAsync(() => Task.FromResult(dropped.Value > 0), TimeSpan.FromSeconds(10), "the note is dropped");
        Assert.Equal(0, await stage.SqlAsync(c => c.ExecuteScalar<int>("SELECT COUNT(*) FROM read_mark r JOIN topic t ON t.id = r.subject_id WHERE t.id = @topic AND r.account_id <> t.author_id", new { topic = Uuid7.ToBytes(topic) })));

        var marks = node.Service<ReadMarks>();
        var (before, began, ids) = (dropped.Value, Stopwatch.GetTimestamp(), new Uuid7(TimeProvider.System));
        for (var i = 0; i < 20 * ReadMarks.MaxWaiting; i++) marks.Note(ids.Next(), topic, topic);
        Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(2), $"leaving notes took {Stopwatch.GetElapsedTime(began)}");
        Assert.True(dropped.Value - before > 10 * ReadMarks.MaxWaiting, $"only {dropped.Value - before} were dropped");

        node.Daemon.Writable = true;
        await Wait.UntilAsync(() => Task.FromResult(node.Service<IWriteGate>().Closed is null), TimeSpan.FromSeconds(15), "the node takes writes");
        await Wait.UntilAsync(async () =>
        {
            await reader.GoAsync($"/t/{topic}");
            return (await reader.GoAsync("/c/general")).QuerySelector($".list .unread[href*='{topic}']") is null;
        }, TimeSpan.FromSeconds(15), "the next page leaves another");
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Who_posts_follows_and_is_told_of_new_posts_unless_they_mute(string engine)
    {
        var stage = On(engine);
        using var admin = stage.Admin(stage.A);
        using var ann = stage.B.Client(await stage.MemberAsync($"Ann {PageTests.Unique()}"));
        var topic = await stage.TopicAsync("Tea & coffee");
        Assert.Equal("normal", await LevelAsync(ann, topic));
        await PostAsync(admin, topic, "nobody is told");
        Assert.Empty(await NotificationsAsync(ann));
        await PostAsync(ann, topic, "I am here");
        Assert.Equal("follow", await LevelAsync(ann, topic));
        Assert.Empty(await NotificationsAsync(ann)); // neither one's own nor what was there before
        var first = await PostAsync(admin, topic, "one");
        await PostAsync(admin, topic, "two");
        var deleted = await PostAsync(admin, topic, "three");
        (await admin.DeleteAsync($"/api/v1/posts/{deleted}")).EnsureSuccessStatusCode();
        var line = Assert.Single(await NotificationsAsync(ann));
        Assert.Equal(("topic", topic, "Tea & coffee", first, 2, true), (Text(line, "kind"), line.GetProperty("topic").GetGuid(), Text(line, "title"), line.GetProperty("post").GetGuid(), line.GetProperty("posts").GetInt32(), line.GetProperty("new").GetBoolean()));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, await LevelAsync(ann, topic, "joined"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await LevelAsync(ann, topic, Attack));
        Assert.Equal(HttpStatusCode.NotFound, await LevelAsync(ann, Guid.NewGuid(), "mute"));
        Assert.Equal(HttpStatusCode.OK, await LevelAsync(ann, topic, "mute"));
        Assert.Empty(await NotificationsAsync(ann));
        await PostAsync(ann, topic, "quietly");
        Assert.Equal("mute", await LevelAsync(ann, topic));
        await PostAsync(admin, topic, "@Ann this is muted");
        Assert.Empty(await NotificationsAsync(ann));
        Assert.Null((await AttentionAsync(ann, topic)).FirstUnread);
        Assert.Equal(HttpStatusCode.OK, await LevelAsync(ann, topic, "follow"));
        Assert.Empty(await NotificationsAsync(ann)); // from now on
        var next = await PostAsync(admin, topic, "four");
        Assert.Equal(next, Assert.Single(await NotificationsAsync(ann)).GetProperty("post").GetGuid());
        Assert.Equal(HttpStatusCode.OK, await ReadAsync(ann, topic, next));
        Assert.Empty(await NotificationsAsync(ann));
        await PostAsync(admin, topic, "five");
        Assert.Equal(HttpStatusCode.OK, await LevelAsync(ann, topic, "normal"));
        Assert.Empty(await NotificationsAsync(ann));
        Assert.Equal(HttpStatusCode.OK, await LevelAsync(ann, topic, "follow"));
        await PostAsync(admin, topic, "six");
        (await admin.PatchAsJsonAsync($"/api/v1/topics/{topic}", new { hidden = true })).EnsureSuccessStatusCode();
        Assert.Empty(await NotificationsAsync(ann));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Replies_and_mentions_are_seen_once_on_all_nodes_and_counted_at_the_top(string engine)
    {
        var stage = On(engine);
        using var admin = stage.Admin(stage.A);
        using var reader = new PlainBrowser(stage.A.Url);
        var name = $"Ann {PageTests.Unique()}";
        await reader.SignUpAsync(name);
        Assert.Null((await reader.GoAsync("/")).QuerySelector(".notifications .count"));
        await reader.GoAsync("/c/general/new");
        var page = await reader.SendAsync("main form", ("Title", Attack), ("Body", $"I call myself @\"{name}\"")); // nobody is told of themselves
        var (topic, mine) = (Guid.Parse(reader.Path["/t/".Length..]), page.QuerySelector("article.post")!.GetAttribute("data-id")!);
        Assert.Equal(name, page.QuerySelector(".prose a.mention")!.TextContent.TrimStart('@'));
        Assert.Equal("true", page.QuerySelector("#attention [value=follow]")!.GetAttribute("aria-pressed"));
        page = await reader.SendAsync("#attention", ("Level", "normal"));
        Assert.Equal("true", page.QuerySelector("#attention [value=normal]")!.GetAttribute("aria-pressed"));

        var reply = (await (await admin.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = $"Yes, @\"{name}\"", inReplyTo = mine })).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
        var elsewhere = await PostAsync(admin, await stage.TopicAsync("Elsewhere"), $"Ask @{name.Replace(' ', '-').ToUpperInvariant()}.");
        foreach (var node in new[] { stage.A, stage.B })
        {
            reader.MoveTo(node.Url);
            await Wait.UntilAsync(async () => (await reader.GoAsync("/c/general")).QuerySelector(".notifications .count")?.TextContent == "2 new", Soon, "two are new");
        }
        page = await reader.GoAsync("/notifications");
        Assert.Equal(["administrator mentioned you", "administrator answered you"], page.QuerySelectorAll(".notified .title").Select(t => t.TextContent));
        Assert.Contains($"#p-{reply}", page.QuerySelectorAll(".notified .title")[1].GetAttribute("href"), StringComparison.Ordinal);
        Assert.Contains(Attack, page.QuerySelectorAll(".notified .meta")[1].TextContent, StringComparison.Ordinal);
        Assert.Equal(2, page.QuerySelectorAll(".notified .unread").Length);
        Assert.Null(page.QuerySelector(".notifications .count"));
        reader.MoveTo(stage.A.Url);
        await Wait.UntilAsync(async () => (await reader.GoAsync("/c/general")).QuerySelector(".notifications .count") is null, Soon, "they have been seen, on the other node");
        await Wait.UntilAsync(async () => (await reader.GoAsync("/notifications")).QuerySelector(".notified .unread") is null, Soon, "they are no longer new");
        Assert.Equal(2, (await reader.GoAsync("/notifications")).QuerySelectorAll(".notified .title").Length);

        (await admin.DeleteAsync($"/api/v1/posts/{elsewhere}")).EnsureSuccessStatusCode();
        Assert.Single((await reader.GoAsync("/notifications")).QuerySelectorAll(".notified .title"));
        (await admin.PostAsync($"/api/v1/posts/{elsewhere}/restore", null)).EnsureSuccessStatusCode();
        Assert.Equal(2, (await reader.GoAsync("/notifications")).QuerySelectorAll(".notified .title").Length);
        (await admin.PatchAsJsonAsync($"/api/v1/topics/{topic}", new { hidden = true })).EnsureSuccessStatusCode();
        Assert.Single((await reader.GoAsync("/notifications")).QuerySelectorAll(".notified .title"));

        using var guest = new PlainBrowser(stage.A.Url);
        await guest.GoAsync("/notifications");
        Assert.StartsWith("/signin", guest.Path, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Programs_page_through_notifications_and_say_what_they_have_seen(string engine)
    {
        var stage = On(engine);
        using var admin = stage.Admin(stage.A);
        var name = $"Ann{PageTests.Unique()}";
        using var ann = stage.B.Client(await stage.MemberAsync(name));
        var topic = await stage.TopicAsync();
        var posts = new List<Guid>();
        for (var i = 0; i < 5; i++) posts.Add(await PostAsync(admin, topic, $"@{name} {i}, @{name} again and @\"{name}\""));
        var found = new List<Guid>();
        string? next = null;
        do
        {
            var page = await ann.GetFromJsonAsync<JsonElement>($"/api/v1/notifications?limit=2{(next is null ? "" : "&after=" + next)}");
            found.AddRange(page.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("post").GetGuid()));
            next = page.GetProperty("next").GetString();
        }
        while (next is not null);
        Assert.Equal(Enumerable.Reverse(posts), found);
        var items = await NotificationsAsync(ann);
        (await ann.PutAsJsonAsync("/api/v1/notifications/seen", new { upTo = items[2].GetProperty("id").GetGuid() })).EnsureSuccessStatusCode();
        Assert.Equal([true, true, false, false, false], (await NotificationsAsync(ann)).Select(i => i.GetProperty("new").GetBoolean()));
        await ReadAsync(ann, topic, posts[3]); // whoever has read it in its place need not be told
        Assert.Equal([true, false, false, false, false], (await NotificationsAsync(ann)).Select(i => i.GetProperty("new").GetBoolean()));
        using var other = stage.A.Client(await stage.MemberAsync($"Eve {PageTests.Unique()}"));
        Assert.Empty(await NotificationsAsync(other));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await ann.GetAsync("/api/v1/notifications?after=x")).StatusCode);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await ann.GetAsync("/api/v1/notifications?limit=0")).StatusCode);
        using var guest = stage.A.Client();
        Assert.Equal(HttpStatusCode.Unauthorized, (await guest.GetAsync("/api/v1/notifications")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await guest.PutAsJsonAsync($"/api/v1/topics/{topic}/attention", new { level = "mute" })).StatusCode);
    }

    [Fact]
    public async Task An_edit_mentions_too_and_what_is_quoted_does_not()
    {
        using var admin = mariaDb.Admin(mariaDb.A);
        var name = $"Ann{PageTests.Unique()}";
        using var ann = mariaDb.A.Client(await mariaDb.MemberAsync(name));
        var topic = await mariaDb.TopicAsync();
        var post = await PostAsync(admin, topic, "> nobody is told by @" + name);
        Assert.Empty(await NotificationsAsync(ann));
        (await admin.PutAsJsonAsync($"/api/v1/posts/{post}", new { body = $"but now @{name}" })).EnsureSuccessStatusCode();
        Assert.Equal("mention", Text(Assert.Single(await NotificationsAsync(ann)), "kind"));
        Assert.Contains("class=\"mention\"", Text(await admin.GetFromJsonAsync<JsonElement>($"/api/v1/posts/{post}"), "html"), StringComparison.Ordinal);
        (await admin.PutAsJsonAsync($"/api/v1/posts/{post}", new { body = $"once more @{name}" })).EnsureSuccessStatusCode();
        Assert.Single(await NotificationsAsync(ann)); // one post, one line
        (await admin.PutAsJsonAsync($"/api/v1/posts/{post}", new { body = "nobody" })).EnsureSuccessStatusCode();
        Assert.DoesNotContain("mention", Text(await admin.GetFromJsonAsync<JsonElement>($"/api/v1/posts/{post}"), "html"), StringComparison.Ordinal);
    }

    /// <summary>A name that came to be later is not linked: a text says what it said when it was written, on every node.</summary>
    [Fact]
    public async Task A_name_is_a_link_if_somebody_had_it_when_it_was_written_and_of_two_with_one_name_the_suffix_tells()
    {
        using var admin = mariaDb.Admin(mariaDb.A);
        var (later, twin) = ($"Later{PageTests.Unique()}", $"Twin{PageTests.Unique()}");
        var topic = await mariaDb.TopicAsync(body: $"@{later}");
        await mariaDb.MemberAsync(later);
        await mariaDb.MemberAsync(twin);
        var second = new Uuid7(TimeProvider.System).Next();
        await mariaDb.SqlAsync(c => c.Execute("INSERT INTO account (id,node,name,name_key) VALUES (@id,4715,@twin,@key)", new { id = Uuid7.ToBytes(second), twin, key = Accounts.AccountName.KeyOf(twin) }));
        var post = await PostAsync(admin, topic, $"@{twin} and @{twin}~{second.ToString("N")[^4..]}");
        var html = (await admin.GetFromJsonAsync<JsonElement>($"/api/v1/topics/{topic}/posts")).GetProperty("items").EnumerateArray().Select(i => Text(i, "html")).ToList();
        Assert.DoesNotContain("<a", html[0], StringComparison.Ordinal);
        var links = new HtmlParser().ParseDocument(html[1]).QuerySelectorAll("a.mention").Select(a => a.GetAttribute("href")).ToList();
        Assert.Equal([$"/u/{await AccountAsync(mariaDb, twin)}", $"/u/{second}"], links);
        Assert.Equal(2, await mariaDb.SqlAsync(c => c.ExecuteScalar<int>("SELECT COUNT(*) FROM mention WHERE post_id = @post", new { post = Uuid7.ToBytes(post) })));
    }

    [Theory]
    [InlineData("@bob", "bob")]
    [InlineData("Hello @Bob, (@ann) and *@eve*: @bob.", "bob ann eve")]
    [InlineData("@\"Two Words\" and @two-words and @two_words", "two-words")]
    [InlineData("@b.o_b~AB12!", "b-o-b~ab12")]
    [InlineData("@Ανθή, @Петр und @Jörg", "avθή пetp jörg")]
    [InlineData("**@bob** | _x_ @ann\n@eve", "bob ann eve")]
    [InlineData("- @bob\n\n# @ann\n\n| a |\n|-|\n| @eve |", "bob ann eve")]
    [InlineData("bob@example.com, <bob@example.com>, mailto:bob@example.com, x.@bob, x+@bob, @bob@example.social", "")]
    [InlineData("`@bob` ``x @bob`` \n\n    @bob\n\n```\n@bob\n```\n\n\\@bob", "")]
    [InlineData("> @bob\n> > @ann\n\n@eve", "eve")]
    [InlineData("[@bob](https://e.example/@ann) https://e.example/@bob <https://e.example/@bob> ![@bob](x)", "")]
    [InlineData("@ @@ @\" @\"\" @\"x @-bob @\"two\nwords\" @~ab12 @bob~ @bob~zzzz @\"<b>\" @\"a  b\" @a\u202Eb", "bob a")]
    [InlineData("@" + "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee", "")]
    [InlineData("@a @b @c @d @e @f @g @h @i @j @k @l", "a b c d e f g h i j")]
    public void A_name_after_an_at_sign_is_a_mention_unless_it_is_something_else(string body, string expected) =>
        Assert.Equal(expected, string.Join(' ', MarkdownText.MentionsIn(body)));

    [Fact]
    public void A_mention_is_no_way_to_markup()
    {
        var people = new Dictionary<string, Guid> { ["bob"] = Guid.Parse("01920000-0000-7000-8000-000000000001"), ["two-words"] = Guid.Parse("01920000-0000-7000-8000-000000000002") };
        string[] texts =
        [
            $"@bob{Attack}", $"{Attack} @bob", $"@\"{Attack}\"", "@\"two words\" onclick=alert(1)", "[x](@bob)", "[@bob](javascript:alert(1))", "<@bob>", "<a href=\"@bob\">@bob</a>", "![@bob](javascript:alert(1))",
            "@bob](javascript:alert(1))", "[a @bob b](https://e.example)", "*@bob*_@bob_~~@bob~~", "@\"two words", "&#64;bob @&#98;ob", "@bob\u0000\"", "https://@bob/", "www.@bob.example", "<javascript:@bob>",
        ];
        foreach (var text in texts)
        {
            var html = MarkdownText.ToHtml(text, people);
            var page = new HtmlParser().ParseDocument(html);
            Assert.Empty(page.QuerySelectorAll("script, img, svg, a a"));
            Assert.DoesNotContain(page.All, e => e.Attributes.Any(a => a.Name.StartsWith("on", StringComparison.OrdinalIgnoreCase) || a.Name == "style"));
            Assert.All(page.QuerySelectorAll("a"), a => Assert.Matches("^(#|https?://|mailto:|/u/01920000-0000-7000-8000-00000000000[12]$)", a.GetAttribute("href")!));
            Assert.All(page.QuerySelectorAll("a.mention"), a => Assert.Matches("^@(bob|two words)$", a.TextContent));
        }
        Assert.Contains("<a href=\"/u/01920000-0000-7000-8000-000000000002\" class=\"mention\">@two words</a>", MarkdownText.ToHtml("@\"two words\"", people), StringComparison.Ordinal);
        var began = Stopwatch.GetTimestamp();
        foreach (var much in new[] { "@", "@a ", "@\"", "@\"a\" ", "@a_", "*@a", "@a~", "[@a](" }) MarkdownText.MentionsIn(string.Concat(Enumerable.Repeat(much, PostRules.MaxBodyBytes / much.Length)));
        Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(8), $"it took {Stopwatch.GetElapsedTime(began)}");
    }

    private static async Task UnreadAsync(PlainBrowser reader, string channel, bool expected) => await Wait.UntilAsync(
        async () => (await reader.GoAsync("/")).QuerySelector($".list li:has(a[href='/c/{channel}']) .unread") is not null == expected, TimeSpan.FromSeconds(10), $"the front page says {expected}");

    private StageOn On(string engine) => StageOn.Of(engine, mariaDb, mysql);

    private static async Task<string> ChannelAsync(HttpClient admin)
    {
        var slug = $"k-{PageTests.Unique().ToLowerInvariant()}";
        (await admin.PostAsJsonAsync("/api/v1/channels", new { slug, title = slug })).EnsureSuccessStatusCode();
        return slug;
    }

    private static async Task<(Guid Topic, Guid Post)> OpenAsync(HttpClient http, string channel, string title)
    {
        var made = await (await http.PostAsJsonAsync($"/api/v1/channels/{channel}/topics", new { title, body = "its first post" })).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
        return (made.GetProperty("id").GetGuid(), made.GetProperty("postId").GetGuid());
    }

    private static async Task<Guid> PostAsync(HttpClient http, Guid topic, string body) =>
        (await (await http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body })).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();

    private static async Task<HttpStatusCode> ReadAsync(HttpClient http, Guid topic, Guid? upTo, Guid? account = null) =>
        (await http.PutAsJsonAsync($"/api/v1/topics/{topic}/read", new { upTo, account, accountId = account })).StatusCode;

    private static async Task<HttpStatusCode> LevelAsync(HttpClient http, Guid topic, string level) => (await http.PutAsJsonAsync($"/api/v1/topics/{topic}/attention", new { level })).StatusCode;

    private static async Task<string> LevelAsync(HttpClient http, Guid topic) => Text(await http.GetFromJsonAsync<JsonElement>($"/api/v1/topics/{topic}/attention"), "level");

    private static async Task<(Guid ReadUpTo, Guid? FirstUnread)> AttentionAsync(HttpClient http, Guid topic)
    {
        var item = await http.GetFromJsonAsync<JsonElement>($"/api/v1/topics/{topic}/attention");
        return (item.GetProperty("readUpTo").GetGuid(), item.GetProperty("firstUnread") is { ValueKind: JsonValueKind.String } first ? first.GetGuid() : null);
    }

    private static async Task<List<JsonElement>> NotificationsAsync(HttpClient http) =>
        [.. (await http.GetFromJsonAsync<JsonElement>("/api/v1/notifications")).GetProperty("items").EnumerateArray()];

    private static Task<Guid> AccountAsync(StageOn stage, string name) =>
        stage.SqlAsync(c => Uuid7.FromBytes(c.QueryFirst<byte[]>("SELECT id FROM account WHERE name = @name ORDER BY id LIMIT 1", new { name })));

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    /// <summary>A clock that is further ahead than ids may be.</summary>
    private sealed class Ahead : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow.AddMinutes(5);
    }
}
