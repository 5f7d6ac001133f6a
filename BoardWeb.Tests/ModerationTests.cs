using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Tests.Stage;
using Connect.Node.Database;
using Dapper;
using Xunit;

namespace Connect.BoardWeb.Tests;

/// <summary>Roles, bans, reports, what is decided about topics and channels, and the log of it.</summary>
public sealed class ModerationTests(MariaDbStage mariaDb, MySqlStage mysql)
{
    private const string Attack = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";

    public static TheoryData<string> Engines => new("MariaDB", "MySQL");

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task An_administrator_makes_a_moderator_who_may_what_moderators_may(string engine)
    {
        var stage = On(engine);
        using var admin = stage.Admin(stage.A);
        var (member, token) = await MemberAsync(stage);
        using var before = stage.A.Client(token);
        Assert.Equal(HttpStatusCode.Forbidden, (await before.GetAsync("/api/v1/decisions")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, await RoleAsync(before, member, Roles.Moderator));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, await RoleAsync(admin, member, "emperor"));
        Assert.Equal(HttpStatusCode.NotFound, await RoleAsync(admin, Guid.NewGuid(), Roles.Moderator));
        Assert.Equal(HttpStatusCode.OK, await RoleAsync(admin, member, Roles.Moderator, Attack));
        using var moderator = stage.B.Client(token);
        var log = await moderator.GetFromJsonAsync<JsonElement>("/api/v1/decisions");
        var entry = log.GetProperty("items").EnumerateArray().First(d => d.GetProperty("subject").GetGuid() == member);
        Assert.Equal((Decidable.Role, Roles.Moderator, Attack, "administrator"), (Text(entry, "property"), Text(entry, "value"), Text(entry, "reason"), Text(entry, "by")));
        Assert.Equal(Roles.Moderator, Text(await moderator.GetFromJsonAsync<JsonElement>($"/api/v1/accounts/{member}"), "role"));
        // The node that has just asked for a role takes it for what it was no longer than it says.
        await Wait.UntilAsync(async () => (await before.GetAsync("/api/v1/decisions")).IsSuccessStatusCode, Sessions.Known + TimeSpan.FromSeconds(5), "its other node knows");

        // Nobody gives a role to themselves, and a moderator gives none: an administrator always remains.
        Assert.Equal(HttpStatusCode.Forbidden, await RoleAsync(moderator, member, Roles.Administrator));
        Assert.Equal(HttpStatusCode.Forbidden, await RoleAsync(admin, await AccountAsync(stage, "administrator"), Roles.Member));
        Assert.Equal(HttpStatusCode.Forbidden, await BanAsync(moderator, await AccountAsync(stage, "administrator"), 1));

        var topic = await stage.TopicAsync();
        var post = (await moderator.GetFromJsonAsync<JsonElement>($"/api/v1/topics/{topic}/posts")).GetProperty("items")[0].GetProperty("id").GetGuid();
        Assert.Equal(HttpStatusCode.OK, (await moderator.DeleteAsync($"/api/v1/posts/{post}?reason=off+topic")).StatusCode);
        var latest = (await moderator.GetFromJsonAsync<JsonElement>("/api/v1/decisions?limit=200")).GetProperty("items").EnumerateArray().First(d => d.GetProperty("subject").GetGuid() == post);
        Assert.Equal((Decidable.Post, "delete", "off topic"), (Text(latest, "property"), Text(latest, "value"), Text(latest, "reason")));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_locked_topic_takes_posts_of_moderators_alone(string engine)
    {
        var stage = On(engine);
        using var admin = stage.Admin(stage.A);
        var (_, token) = await MemberAsync(stage);
        using var member = stage.B.Client(token);
        var topic = await stage.TopicAsync();
        Assert.Equal(HttpStatusCode.Forbidden, await ChangeAsync(member, $"/api/v1/topics/{topic}", new { locked = true }));
        Assert.Equal(["locked"], await DecideAsync(admin, $"/api/v1/topics/{topic}", new { locked = true, reason = "it went round in circles" }));
        Assert.Empty(await DecideAsync(admin, $"/api/v1/topics/{topic}", new { locked = true })); // it is so already
        var refused = await PostAsync(member, topic);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Contains("it went round in circles", Text(await refused.Content.ReadFromJsonAsync<JsonElement>(), "detail"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Created, (await PostAsync(admin, topic)).StatusCode);

        using var reader = new PlainBrowser(stage.B.Url);
        await reader.SignUpAsync($"Reader {PageTests.Unique()}");
        var page = await reader.GoAsync($"/t/{topic}");
        Assert.Null(page.QuerySelector("#reply"));
        Assert.Contains("it went round in circles", page.QuerySelector(".closed")!.TextContent, StringComparison.Ordinal);
        Assert.Equal("locked", page.QuerySelector("h1 .badge")!.TextContent);
        Assert.Equal(["locked"], await DecideAsync(admin, $"/api/v1/topics/{topic}", new { locked = false }));
        Assert.Equal(HttpStatusCode.Created, (await PostAsync(member, topic)).StatusCode);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_hidden_topic_is_there_for_moderators_alone_wherever_one_looks(string engine)
    {
        var stage = On(engine);
        using var admin = stage.Admin(stage.A);
        var (_, token) = await MemberAsync(stage);
        using var member = stage.B.Client(token);
        var title = $"Hidden {PageTests.Unique()}";
        var topic = await stage.TopicAsync(title);
        var post = (await member.GetFromJsonAsync<JsonElement>($"/api/v1/topics/{topic}/posts")).GetProperty("items")[0].GetProperty("id").GetGuid();
        string[] places = [$"/t/{topic}", $"/t/{topic}/live", $"/t/{topic}/settings", $"/p/{post}", $"/p/{post}/report", $"/api/v1/topics/{topic}", $"/api/v1/topics/{topic}/posts", $"/api/v1/topics/{topic}/attention", $"/api/v1/posts/{post}", $"/api/v1/posts/{post}/revisions"];
        Assert.Equal(["hidden"], await DecideAsync(admin, $"/api/v1/topics/{topic}", new { hidden = true }));
        foreach (var place in places)
        {
            var status = (await member.GetAsync(place)).StatusCode;
            Assert.True(status == HttpStatusCode.NotFound || (place.EndsWith("settings", StringComparison.Ordinal) && status == HttpStatusCode.Redirect) || (place.EndsWith("report", StringComparison.Ordinal) && status == HttpStatusCode.Redirect), $"{place}: {status}");
        }
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync(member, topic)).StatusCode);
        Assert.DoesNotContain(title, await member.GetStringAsync("/api/v1/channels/general/topics?limit=200"), StringComparison.Ordinal);
        Assert.DoesNotContain(title, await member.GetStringAsync("/c/general"), StringComparison.Ordinal);
        Assert.Contains(title, await admin.GetStringAsync("/api/v1/channels/general/topics?limit=200"), StringComparison.Ordinal);
        Assert.Equal(["hidden"], await DecideAsync(admin, $"/api/v1/topics/{topic}", new { hidden = false }));
        Assert.Contains(title, await member.GetStringAsync("/c/general"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Topics_are_pinned_and_moved_and_channels_named_placed_and_archived(string engine)
    {
        var stage = On(engine);
        using var admin = stage.Admin(stage.A);
        var (_, token) = await MemberAsync(stage);
        using var member = stage.B.Client(token);
        var (from, to) = (await ChannelAsync(admin), await ChannelAsync(admin));
        var topics = new List<Guid>();
        for (var i = 0; i < 3; i++) topics.Add((await (await admin.PostAsJsonAsync($"/api/v1/channels/{from}/topics", new { title = $"Topic {i}", body = "text" })).Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid());
        Assert.Equal([topics[2], topics[1], topics[0]], await TopicsAsync(member, from));
        Assert.Equal(["pinned"], await DecideAsync(admin, $"/api/v1/topics/{topics[0]}", new { pinned = true }));
        Assert.Equal([topics[0], topics[2], topics[1]], await TopicsAsync(member, from));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, await ChangeAsync(admin, $"/api/v1/topics/{topics[1]}", new { channel = "nowhere" }));
        Assert.Equal(["channel"], await DecideAsync(admin, $"/api/v1/topics/{topics[1]}", new { channel = to, reason = "it belongs there" }));
        Assert.Equal(["channel"], await DecideAsync(admin, $"/api/v1/topics/{topics[0]}", new { channel = to }));
        Assert.Equal([topics[2]], await TopicsAsync(member, from));
        Assert.Equal([topics[0], topics[1]], await TopicsAsync(member, to));
        Assert.Equal(["channel"], await DecideAsync(admin, $"/api/v1/topics/{topics[1]}", new { channel = from }));
        Assert.Equal([topics[2], topics[1]], await TopicsAsync(member, from));

        Assert.Equal(HttpStatusCode.Forbidden, await ChangeAsync(member, $"/api/v1/channels/{to}", new { title = "Mine" }));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await ChangeAsync(admin, $"/api/v1/channels/{to}", new { description = "two\nlines" }));
        Assert.Equal(["title", "description", "place", "archived"], await DecideAsync(admin, $"/api/v1/channels/{to}", new { title = "Old things", description = Attack, place = -7, archived = true }));
        var channel = (await member.GetFromJsonAsync<JsonElement>("/api/v1/channels")).GetProperty("items").EnumerateArray().First(c => Text(c, "slug") == to);
        Assert.Equal(("Old things", Attack, -7, true), (Text(channel, "title"), Text(channel, "description"), channel.GetProperty("place").GetInt32(), channel.GetProperty("archived").GetBoolean()));
        Assert.Equal(HttpStatusCode.Forbidden, (await PostAsync(member, topics[0])).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await member.PostAsJsonAsync($"/api/v1/channels/{to}/topics", new { title = "late", body = "text" })).StatusCode);
        using var reader = new PlainBrowser(stage.B.Url);
        var page = await reader.GoAsync($"/c/{to}");
        Assert.Contains(Attack, page.QuerySelector(".lead")!.TextContent, StringComparison.Ordinal);
        Assert.Empty(page.QuerySelectorAll("main script, main img:not([src^='/f/'])"));
        // Those with a place stand in front, archived ones at the end all the same.
        Assert.Equal(["archived"], await DecideAsync(admin, $"/api/v1/channels/{to}", new { archived = false }));
        Assert.Equal(to, Text((await member.GetFromJsonAsync<JsonElement>("/api/v1/channels")).GetProperty("items")[0], "slug"));
        Assert.Equal(["archived"], await DecideAsync(admin, $"/api/v1/channels/{to}", new { archived = true }));
        Assert.NotEqual(to, Text((await member.GetFromJsonAsync<JsonElement>("/api/v1/channels")).GetProperty("items")[0], "slug"));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Whoever_is_banned_reads_and_does_not_write_until_the_ban_is_over(string engine)
    {
        var stage = On(engine);
        using var admin = stage.Admin(stage.A);
        var name = $"Loud {PageTests.Unique()}";
        using var browser = new PlainBrowser(stage.B.Url);
        await browser.SignUpAsync(name);
        var account = await AccountAsync(stage, name);
        var topic = await stage.TopicAsync();
        await browser.GoAsync($"/t/{topic}");

        Assert.Equal(HttpStatusCode.UnprocessableEntity, await BanAsync(admin, account, -1));
        Assert.Equal(HttpStatusCode.OK, await BanAsync(admin, account, 2, "calm down first"));
        using var program = stage.B.Client(await stage.MemberAsync(name));
        var refused = await PostAsync(program, topic);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Contains("calm down first", Text(await refused.Content.ReadFromJsonAsync<JsonElement>(), "detail"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await program.GetAsync($"/api/v1/topics/{topic}/posts")).StatusCode);
        // The browser was let in before: its node finds out within the time it says.
        await Wait.UntilAsync(async () => (await browser.GoAsync($"/t/{topic}")).QuerySelector(".closed") is not null, Sessions.Known + TimeSpan.FromSeconds(5), "the page says it");
        Assert.Contains("calm down first", (await browser.GoAsync($"/t/{topic}")).QuerySelector(".closed")!.TextContent, StringComparison.Ordinal);
        var blocked = await browser.GoAsync("/new-channel");
        blocked = await browser.SendAsync("main form", ("Title", "Mine"), ("Slug", "mine"));
        Assert.Equal(HttpStatusCode.Forbidden, browser.Status);
        Assert.Contains("calm down first", blocked.Body!.TextContent, StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.OK, await BanAsync(admin, account, null));
        using var free = stage.A.Client(await stage.MemberAsync(name));
        Assert.Equal(HttpStatusCode.Created, (await PostAsync(free, topic)).StatusCode);
        // One that is over by itself binds nobody either.
        await ArriveAsync(stage, new Uuid7(TimeProvider.System).Next(), account, Decidable.Banned, DateTimeOffset.UtcNow.AddSeconds(-1).ToString("O"));
        using var later = stage.A.Client(await stage.MemberAsync(name));
        Assert.Equal(HttpStatusCode.Created, (await PostAsync(later, topic)).StatusCode);
        // A reader may read.
        Assert.Equal(HttpStatusCode.OK, await RoleAsync(admin, account, Roles.Reader));
        using var quiet = stage.A.Client(await stage.MemberAsync(name));
        Assert.Equal(HttpStatusCode.Forbidden, (await PostAsync(quiet, topic)).StatusCode);
    }

    /// <summary>Two moderators decide on two sides of a partition: the later decision counts on every node, in whatever order they arrive, and what was posted meanwhile stays.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Of_two_decisions_on_two_sides_of_a_partition_the_later_one_counts(bool laterFirst)
    {
        using var admin = mariaDb.Admin(mariaDb.A);
        var (here, there) = (await ChannelAsync(admin), await ChannelAsync(admin));
        var topic = await mariaDb.TopicAsync();
        var ids = await admin.GetFromJsonAsync<JsonElement>("/api/v1/channels");
        Guid Channel(string slug) => ids.GetProperty("items").EnumerateArray().First(c => Text(c, "slug") == slug).GetProperty("id").GetGuid();
        var made = new Uuid7(TimeProvider.System);
        (Guid Id, string Property, string Value)[] early = [(made.Next(), Decidable.Locked, Decidable.Yes), (made.Next(), Decidable.Channel, Decidable.IdText(Channel(here)))];
        (Guid Id, string Property, string Value)[] late = [(made.Next(), Decidable.Locked, ""), (made.Next(), Decidable.Channel, Decidable.IdText(Channel(there)))];
        foreach (var (id, property, value) in laterFirst ? late.Concat(early) : early.Concat(late)) await ArriveAsync(mariaDb, id, topic, property, value);
        var item = await admin.GetFromJsonAsync<JsonElement>($"/api/v1/topics/{topic}");
        Assert.False(item.GetProperty("locked").GetBoolean());
        Assert.Equal(Channel(there), item.GetProperty("channel").GetGuid());
        Assert.Empty(await TopicsAsync(admin, here));
        Assert.Equal([topic], await TopicsAsync(admin, there));
        // Whoever decides next has seen both, so that decision is the latest on every node, although the clock that made the other one is ahead.
        var future = new Uuid7(new Ahead());
        await ArriveAsync(mariaDb, future.Next(), topic, Decidable.Locked, "");
        Assert.Equal(["locked"], await DecideAsync(admin, $"/api/v1/topics/{topic}", new { locked = true }));
        Assert.True((await admin.GetFromJsonAsync<JsonElement>($"/api/v1/topics/{topic}")).GetProperty("locked").GetBoolean());
        // The two boards share a server, and so an origin: until then the ids of the one that is ahead hide those of the other from whoever follows arrivals.
        await Task.Delay(Ahead.By, TestContext.Current.CancellationToken);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_post_is_reported_and_handled(string engine)
    {
        var stage = On(engine);
        using var admin = stage.Admin(stage.A);
        var (_, token) = await MemberAsync(stage);
        using var member = stage.B.Client(token);
        var topic = await stage.TopicAsync();
        var post = (await (await PostAsync(admin, topic)).Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await member.PostAsJsonAsync($"/api/v1/posts/{post}/reports", new { reason = " " })).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await member.PostAsJsonAsync($"/api/v1/posts/{Guid.NewGuid()}/reports", new { reason = "bad" })).StatusCode);
        var report = await ReportAsync(member);
        Assert.Equal(report, await ReportAsync(member)); // a second click
        Assert.Equal(HttpStatusCode.Forbidden, (await member.GetAsync("/api/v1/reports")).StatusCode);
        Assert.Contains(await OpenAsync(), r => r == report);
        Assert.Equal(HttpStatusCode.Forbidden, (await member.PostAsJsonAsync($"/api/v1/reports/{report}/handled", new { reason = "" })).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await admin.PostAsJsonAsync($"/api/v1/reports/{report}/handled", new { reason = "all is well" })).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await admin.PostAsJsonAsync($"/api/v1/reports/{report}/handled", new { reason = "again" })).StatusCode);
        Assert.DoesNotContain(await OpenAsync(), r => r == report);
        Assert.NotEqual(report, await ReportAsync(member)); // it may be reported again

        async Task<Guid> ReportAsync(HttpClient http) =>
            (await (await http.PostAsJsonAsync($"/api/v1/posts/{post}/reports", new { reason = Attack })).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();

        async Task<List<Guid>> OpenAsync() => [.. (await admin.GetFromJsonAsync<JsonElement>("/api/v1/reports")).GetProperty("items").EnumerateArray().Select(r => r.GetProperty("id").GetGuid())];
    }

    [Fact]
    public async Task On_pages_without_JavaScript_a_post_is_reported_and_a_moderator_deletes_it_locks_the_topic_and_bans_its_author()
    {
        using var admin = mariaDb.Admin(mariaDb.A);
        var (author, reporter) = ($"Author {PageTests.Unique()}", $"Reporter {PageTests.Unique()}");
        using var writes = new PlainBrowser(mariaDb.A.Url);
        await writes.SignUpAsync(author);
        var topic = await mariaDb.TopicAsync();
        await writes.GoAsync($"/t/{topic}");
        var shown = await writes.SendAsync("#reply", ("Body", "Buy my pills."));
        var post = shown.QuerySelector("article.post:last-of-type")!.GetAttribute("data-id")!;

        using var reports = new PlainBrowser(mariaDb.B.Url);
        await reports.SignUpAsync(reporter);
        await reports.GoAsync($"/p/{post}/report");
        var thanks = await reports.SendAsync("#report", ("Reason", Attack));
        Assert.Contains("Thank you", thanks.QuerySelector(".notice")!.TextContent, StringComparison.Ordinal);
        await reports.GoAsync("/moderation");
        Assert.Equal(HttpStatusCode.Forbidden, reports.Status);

        using var moderator = new PlainBrowser(mariaDb.A.Url);
        var name = $"Moderator {PageTests.Unique()}";
        await moderator.SignUpAsync(name);
        await RoleAsync(admin, await AccountAsync(mariaDb, name), Roles.Moderator);
        var queue = await moderator.GoAsync("/moderation");
        var waiting = queue.QuerySelectorAll(".reported").Single(s => s.TextContent.Contains(reporter, StringComparison.Ordinal));
        Assert.Contains("Buy my pills.", waiting.QuerySelector(".prose")!.TextContent, StringComparison.Ordinal);
        Assert.Contains(Attack, waiting.QuerySelector(".reports")!.TextContent, StringComparison.Ordinal);
        Assert.Empty(queue.QuerySelectorAll("main script, main img:not([src^='/f/'])"));
        queue = await moderator.SendFormAsync((AngleSharp.Html.Dom.IHtmlFormElement)waiting.QuerySelector("form")!, ("Reason", "advertising"), ("act", "delete"));
        Assert.DoesNotContain(reporter, queue.Body!.TextContent, StringComparison.Ordinal);

        var page = await moderator.GoAsync($"/t/{topic}");
        Assert.Contains("advertising", page.QuerySelector("article.post.deleted .gone")!.TextContent, StringComparison.Ordinal);
        await moderator.FollowAsync(".head a.button");
        page = await moderator.SendAsync("main form", ("Locked", "true"), ("Reason", "no more of this"));
        Assert.Equal("locked", page.QuerySelector("h1 .badge")!.TextContent);
        var settings = await moderator.FollowAsync(".head a.button");
        Assert.True(((AngleSharp.Html.Dom.IHtmlInputElement)settings.QuerySelector("[name=Locked]")!).IsChecked);
        await moderator.GoAsync($"/u/{await AccountAsync(mariaDb, author)}");
        var person = await moderator.SendAsync("#ban", ("Days", "3"), ("Reason", "advertising"));
        Assert.Contains("advertising", person.QuerySelector(".notice")!.TextContent, StringComparison.Ordinal);
        Assert.Null(person.QuerySelector("#role"));

        var log = await moderator.GoAsync("/moderation/log");
        string[] words = [.. log.QuerySelectorAll(".log li").Take(4).Select(li => li.TextContent)];
        Assert.Contains("banned until", words[0], StringComparison.Ordinal);
        Assert.Contains("locked", words[1], StringComparison.Ordinal);
        Assert.Contains("handled the report", words[2], StringComparison.Ordinal);
        Assert.Contains("deleted", words[3], StringComparison.Ordinal);
        Assert.All(words, w => Assert.Contains(name, w, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Signing_out_everywhere_and_another_password_end_sessions_on_every_node(bool byPassword)
    {
        const string Another = "another long password";
        var name = $"Careful {PageTests.Unique()}";
        using var here = new PlainBrowser(mariaDb.A.Url);
        await here.SignUpAsync(name);
        using var stolen = new PlainBrowser(mariaDb.B.Url);
        Assert.Equal(name, (await stolen.SignInAsync(name, PlainBrowser.Password)).QuerySelector(".me")!.TextContent);

        await here.GoAsync("/account");
        if (byPassword)
        {
            await here.SendAsync("#password", ("Old", "not the password"), ("New", Another));
            Assert.Equal(HttpStatusCode.UnprocessableEntity, here.Status);
            await here.SendAsync("#password", ("Old", PlainBrowser.Password), ("New", "short"));
            Assert.Equal(HttpStatusCode.UnprocessableEntity, here.Status);
            var done = await here.SendAsync("#password", ("Old", PlainBrowser.Password), ("New", Another));
            Assert.Equal(name, done.QuerySelector(".me")!.TextContent); // this browser goes on
        }
        else
        {
            var done = await here.SendAsync("#everywhere");
            Assert.Null(done.QuerySelector(".me"));
        }
        await Wait.UntilAsync(async () => (await stolen.GoAsync("/")).QuerySelector(".me") is null, Sessions.Known + TimeSpan.FromSeconds(5), "the other session has ended");
        var again = await stolen.SignInAsync(name, PlainBrowser.Password);
        Assert.Equal(byPassword ? null : name, again.QuerySelector(".me")?.TextContent);
        if (byPassword) again = await stolen.SendAsync("main form", ("Name", name), ("Password", Another));
        Assert.Equal(name, again.QuerySelector(".me")!.TextContent);
    }

    [Fact]
    public async Task Whoever_has_forgotten_their_password_chooses_another_with_a_code_that_opens_once()
    {
        const string Another = "another long password";
        var name = $"Forgets {PageTests.Unique()}";
        using var reader = new PlainBrowser(mariaDb.A.Url);
        await reader.SignUpAsync(name);
        var account = await AccountAsync(mariaDb, name);
        using var admin = mariaDb.Admin(mariaDb.A);
        using var other = mariaDb.A.Client((await MemberAsync(mariaDb)).Token);
        Assert.Equal(HttpStatusCode.Forbidden, (await other.PostAsync($"/api/v1/accounts/{account}/reset", null)).StatusCode);
        var code = Text(await (await admin.PostAsync($"/api/v1/accounts/{account}/reset", null)).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>(), "code");

        using var forgetful = new PlainBrowser(mariaDb.B.Url); // every node understands it
        await forgetful.GoAsync("/reset");
        foreach (var wrong in new[] { "x", code[..^3], code[..20] + "AAAA" + code[24..], new string('A', 5000) })
        {
            var fault = await forgetful.SendAsync("main form", ("Code", wrong), ("Password", Another));
            Assert.Contains("not valid", fault.QuerySelector(".fault")!.TextContent + fault.Body!.TextContent, StringComparison.Ordinal);
        }
        await forgetful.SendAsync("main form", ("Code", code), ("Password", "short"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, forgetful.Status);
        await forgetful.SendAsync("main form", ("Code", code), ("Password", Another));
        Assert.Equal("/signin", forgetful.Path);
        Assert.Equal(name, (await forgetful.SendAsync("main form", ("Name", name), ("Password", Another))).QuerySelector(".me")!.TextContent);
        await Wait.UntilAsync(async () => (await reader.GoAsync("/")).QuerySelector(".me") is null, Sessions.Known + TimeSpan.FromSeconds(5), "the session of before has ended");
        await reader.GoAsync("/reset");
        Assert.Contains("not valid", (await reader.SendAsync("main form", ("Code", code), ("Password", "a third long password"))).Body!.TextContent, StringComparison.Ordinal);
        var log = (await admin.GetFromJsonAsync<JsonElement>("/api/v1/decisions?limit=200")).GetProperty("items").EnumerateArray();
        Assert.Contains(log, d => d.GetProperty("subject").GetGuid() == account && Text(d, "property") == Decidable.Reset && Text(d, "by") == "administrator");
        Assert.DoesNotContain(code, await admin.GetStringAsync("/api/v1/decisions?limit=200"), StringComparison.Ordinal);
    }

    private StageOn On(string engine) => StageOn.Of(engine, mariaDb, mysql);

    private static async Task<(Guid Account, string Token)> MemberAsync(StageOn stage)
    {
        var name = $"Member {PageTests.Unique()}";
        var token = await stage.MemberAsync(name);
        return (await AccountAsync(stage, name), token);
    }

    private static Task<Guid> AccountAsync(StageOn stage, string name) =>
        stage.SqlAsync(c => Uuid7.FromBytes(c.QueryFirst<byte[]>("SELECT id FROM account WHERE name = @name ORDER BY id LIMIT 1", new { name })));

    private static async Task<string> ChannelAsync(HttpClient admin)
    {
        var slug = $"c-{PageTests.Unique().ToLowerInvariant()}";
        (await admin.PostAsJsonAsync("/api/v1/channels", new { slug, title = slug })).EnsureSuccessStatusCode();
        return slug;
    }

    private static async Task<List<Guid>> TopicsAsync(HttpClient http, string channel) =>
        [.. (await http.GetFromJsonAsync<JsonElement>($"/api/v1/channels/{channel}/topics")).GetProperty("items").EnumerateArray().Select(t => t.GetProperty("id").GetGuid())];

    private static Task<HttpResponseMessage> PostAsync(HttpClient http, Guid topic) => http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "a reply" });

    private static async Task<HttpStatusCode> RoleAsync(HttpClient http, Guid account, string role, string? reason = null) =>
        (await http.PutAsJsonAsync($"/api/v1/accounts/{account}/role", new { role, reason })).StatusCode;

    private static async Task<HttpStatusCode> BanAsync(HttpClient http, Guid account, int? days, string? reason = null) =>
        (await http.PutAsJsonAsync($"/api/v1/accounts/{account}/ban", new { until = days is { } d ? DateTimeOffset.UtcNow.AddDays(d) : (DateTimeOffset?)null, reason })).StatusCode;

    private static async Task<HttpStatusCode> ChangeAsync(HttpClient http, string path, object body) => (await http.PatchAsJsonAsync(path, body)).StatusCode;

    private static async Task<string[]> DecideAsync(HttpClient http, string path, object body)
    {
        var answer = await http.PatchAsJsonAsync(path, body);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return [.. (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("decided").EnumerateArray().Select(p => p.GetString()!)];
    }

    private static Task<int> ArriveAsync(StageOn stage, Guid id, Guid subject, string property, string value) => stage.SqlAsync(c => c.Execute(
        "INSERT INTO decision (id,node,subject_id,property,value,author_id,reason) VALUES (@id,4713,@subject,@property,@value,@id,'')",
        new { id = Uuid7.ToBytes(id), subject = Uuid7.ToBytes(subject), property, value }));

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    /// <summary>The clock of a node that is ahead, though less than ids may be pulled along (Uuid7.MaxDrift).</summary>
    private sealed class Ahead : TimeProvider
    {
        public static readonly TimeSpan By = TimeSpan.FromSeconds(2);

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow + By;
    }
}
