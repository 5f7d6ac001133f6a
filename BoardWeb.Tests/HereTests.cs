using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Connect.BoardWeb.Presence;
using Connect.BoardWeb.Tests.Stage;
using Connect.Node.Presence;
using Connect.Node.Security;
using Dapper;
using Xunit;
using static Connect.BoardWeb.Tests.LiveTests;

namespace Connect.BoardWeb.Tests;

/// <summary>Who has a topic open, on two boards whose daemons tell each other.</summary>
public sealed class HereTests(MariaDbStage mariaDb, MySqlStage mysql)
{
    public static TheoryData<string> Engines => new("MariaDB", "MySQL");

    [Fact]
    public async Task People_on_two_nodes_see_each_other_come_and_go()
    {
        var topic = await mariaDb.TopicAsync();
        var (ann, bob) = (await PersonAsync(mariaDb.A, "Ann"), await PersonAsync(mariaDb.B, "Bob"));
        using var anns = await Listener.OpenAsync(mariaDb.A, $"/t/{topic}/live", session: ann.Session);
        await UntilAsync(anns, line => line.Contains(ann.Name, StringComparison.Ordinal) && line.StartsWith("Here now (1): ", StringComparison.Ordinal));
        using (var bobs = await Listener.OpenAsync(mariaDb.B, $"/t/{topic}/live", session: bob.Session))
        {
            await UntilAsync(bobs, line => line.Contains(ann.Name, StringComparison.Ordinal) && line.Contains(bob.Name, StringComparison.Ordinal));
            await UntilAsync(anns, line => line.Contains(bob.Name, StringComparison.Ordinal));
            // A page that is loaded meanwhile says so without a script.
            using var reader = new PlainBrowser(mariaDb.A.Url);
            Assert.Contains(bob.Name, (await reader.GoAsync($"/t/{topic}")).QuerySelector("#here")!.TextContent, StringComparison.Ordinal);
        }
        await UntilAsync(anns, line => !line.Contains(bob.Name, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Somebody_on_two_nodes_is_one_person_and_guests_are_counted()
    {
        var topic = await mariaDb.TopicAsync();
        var ann = await PersonAsync(mariaDb.A, "Ann");
        using var here = await Listener.OpenAsync(mariaDb.A, $"/t/{topic}/live", session: ann.Session);
        using var there = await Listener.OpenAsync(mariaDb.B, $"/t/{topic}/live", session: ann.Session);
        using var guest = await Listener.OpenAsync(mariaDb.B, $"/t/{topic}/live");
        await UntilAsync(here, line => line.StartsWith("Here now (2): ", StringComparison.Ordinal) && line.EndsWith("; 1 not signed in", StringComparison.Ordinal));
        using var admin = mariaDb.Admin(mariaDb.A);
        var now = await admin.GetFromJsonAsync<JsonElement>($"/api/v1/topics/{topic}/here");
        Assert.Equal(ann.Name, now.GetProperty("people").EnumerateArray().Single().GetProperty("name").GetString());
        Assert.Equal((0, 1), (now.GetProperty("more").GetInt32(), now.GetProperty("guests").GetInt32()));
        Assert.Equal(HttpStatusCode.NotFound, (await admin.GetAsync($"/api/v1/topics/{Guid.NewGuid()}/here")).StatusCode);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Whoever_does_not_want_to_be_shown_is_neither_named_nor_counted_and_that_holds_on_open_pages_of_every_node(string engine)
    {
        var stage = StageOn.Of(engine, mariaDb, mysql);
        var topic = await stage.TopicAsync();
        var (ann, bob) = (await PersonAsync(stage.A, "Ann"), await PersonAsync(stage.B, "Bob"));
        using var anns = await Listener.OpenAsync(stage.A, $"/t/{topic}/live", session: ann.Session);
        using var bobs = await Listener.OpenAsync(stage.B, $"/t/{topic}/live", session: bob.Session);
        await UntilAsync(anns, line => line.Contains(bob.Name, StringComparison.Ordinal));
        // Chosen on the node where he does not read.
        using var browser = new PlainBrowser(stage.A.Url);
        browser.SetCookie("connect", bob.Session);
        await browser.GoAsync("/account");
        var account = await browser.SendAsync("#shown", ("Shown", "false"));
        Assert.Equal("true", account.QuerySelector("#shown button")!.GetAttribute("value"));
        await UntilAsync(anns, line => !line.Contains(bob.Name, StringComparison.Ordinal) && line.StartsWith("Here now (1): ", StringComparison.Ordinal));
        await browser.SendAsync("#shown", ("Shown", "false"));
        await browser.SendAsync("#shown", ("Shown", "true"));
        await browser.SendAsync("#shown", ("Shown", "perhaps"));
        Assert.Equal(HttpStatusCode.BadRequest, browser.Status);
        Assert.Equal(2, await stage.SqlAsync(c => c.ExecuteScalar<int>("SELECT COUNT(*) FROM here_choice WHERE account_id = @id", new { id = Node.Database.Uuid7.ToBytes(bob.Id) })));
        await UntilAsync(anns, line => line.Contains(bob.Name, StringComparison.Ordinal));
    }

    [Fact]
    public async Task On_the_node_where_it_is_made_a_choice_holds_at_the_next_look()
    {
        var topic = await mariaDb.TopicAsync();
        var (ann, bob) = (await PersonAsync(mariaDb.A, "Ann"), await PersonAsync(mariaDb.A, "Bob"));
        using var anns = await Listener.OpenAsync(mariaDb.A, $"/t/{topic}/live", session: ann.Session);
        using var bobs = await Listener.OpenAsync(mariaDb.A, $"/t/{topic}/live", session: bob.Session);
        await UntilAsync(anns, line => line.Contains(bob.Name, StringComparison.Ordinal));
        var began = Stopwatch.GetTimestamp();
        foreach (var shown in new[] { false, true, false, true })
        {
            await mariaDb.A.Service<HereChoices>().ChooseAsync(bob.Id, shown, TestContext.Current.CancellationToken);
            await UntilAsync(anns, line => line.Contains(bob.Name, StringComparison.Ordinal) == shown);
        }
        // Four looks are 8 s; three of these choices would have waited 10 s each, had the board taken him to want what he wanted before.
        Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(20), $"it took {Stopwatch.GetElapsedTime(began)}");
    }

    [Fact]
    public async Task A_program_chooses_for_its_own_account_only_and_in_words_it_is_told_how()
    {
        using var member = mariaDb.A.Client(await mariaDb.MemberAsync($"Programmer {PageTests.Unique()}"));
        Assert.True((await member.GetFromJsonAsync<JsonElement>("/api/v1/account/here")).GetProperty("shown").GetBoolean());
        (await member.PutAsJsonAsync("/api/v1/account/here", new { shown = false })).EnsureSuccessStatusCode();
        Assert.False((await member.GetFromJsonAsync<JsonElement>("/api/v1/account/here")).GetProperty("shown").GetBoolean());
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await member.PutAsJsonAsync("/api/v1/account/here", new { })).StatusCode);
        using var guest = mariaDb.A.Client();
        Assert.Equal(HttpStatusCode.Unauthorized, (await guest.PutAsJsonAsync("/api/v1/account/here", new { shown = false })).StatusCode);
    }

    [Fact]
    public async Task While_no_page_is_open_nobody_tells_anybody_anything_and_reading_writes_no_rows()
    {
        var topic = await mariaDb.TopicAsync();
        await QuietAsync();
        var position = await PositionAsync();
        var before = Counts();
        await Task.Delay(TimeSpan.FromSeconds(5)); // more than two looks
        Assert.Equal(before, Counts());
        using (var guest = await Listener.OpenAsync(mariaDb.A, $"/t/{topic}/live"))
        {
            await UntilAsync(guest, line => line.Contains("1 not signed in", StringComparison.Ordinal));
            await Wait.UntilAsync(() => Task.FromResult(mariaDb.A.Daemon.Relay.Calls > before.A), TimeSpan.FromSeconds(5), "the other node was told");
        }
        await QuietAsync();
        Assert.Equal(position, await PositionAsync());
        Assert.Equal(before.B, Counts().B); // whoever has no page open was told, and tells nothing

        (long A, long B, long Boards) Counts() =>
            (mariaDb.A.Daemon.Relay.Calls, mariaDb.B.Daemon.Relay.Calls, mariaDb.A.Service<HereWatch>().Tellings + mariaDb.B.Service<HereWatch>().Tellings);

        Task<string> PositionAsync() => mariaDb.SqlAsync(c => c.ExecuteScalar<string>("SELECT @@gtid_binlog_pos")!);

        async Task QuietAsync()
        {
            var (last, since) = (Counts(), Stopwatch.GetTimestamp());
            await Wait.UntilAsync(() =>
            {
                if (Counts() != last) (last, since) = (Counts(), Stopwatch.GetTimestamp());
                return Task.FromResult(Stopwatch.GetElapsedTime(since) > TimeSpan.FromSeconds(3.5));
            }, TimeSpan.FromSeconds(40), "it is quiet");
        }
    }

    [Fact]
    public async Task A_board_that_is_told_not_to_says_nothing_of_it()
    {
        await using var node = await BoardNode.StartAsync(mariaDb.Server, "n3", s => s.Web.ShowReaders = false);
        await node.ReadyAsync();
        var topic = await mariaDb.TopicAsync();
        var ann = await PersonAsync(node, "Ann");
        using var stream = await Listener.OpenAsync(node, $"/t/{topic}/live", session: ann.Session);
        await stream.NextAsync("ping");
        using var browser = new PlainBrowser(node.Url);
        browser.SetCookie("connect", ann.Session);
        Assert.Null((await browser.GoAsync($"/t/{topic}")).QuerySelector("#here"));
        Assert.Null((await browser.GoAsync("/account")).QuerySelector("#shown"));
        using var admin = mariaDb.Admin(node);
        Assert.Equal(HttpStatusCode.NotFound, (await admin.GetAsync($"/api/v1/topics/{topic}/here")).StatusCode);
        Assert.Equal(0, node.Service<HereWatch>().Tellings);
    }

    [Fact]
    public async Task A_daemon_that_does_not_answer_leaves_the_board_with_its_own_readers()
    {
        await using var node = await BoardNode.StartAsync(mariaDb.Server, "n3");
        await node.ReadyAsync();
        var topic = await mariaDb.TopicAsync();
        node.Daemon.Broken = true;
        using var guest = await Listener.OpenAsync(node, $"/t/{topic}/live");
        await UntilAsync(guest, line => line == "Here now (1): 1 not signed in");
    }

    [Fact]
    public async Task A_daemon_takes_only_what_a_member_says_and_no_more_than_the_bounds()
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new(mariaDb.A.Daemon.Url) };
        http.DefaultRequestHeaders.Authorization = new("Bearer", ClusterKeys.Load(mariaDb.A.Settings.KeyFile).ApiToken);
        var topic = Guid.NewGuid();
        var crowd = new HereTopic(topic, [.. Enumerable.Range(0, 100).Select(i => new HerePerson(Guid.NewGuid(), $"Person {i:00}"))], 5, 2_000_000_000);
        Assert.Equal(HttpStatusCode.Conflict, (await http.PostAsJsonAsync("/v1/here/member", new HereOfMember("n9", [crowd]))).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await http.PostAsJsonAsync("/v1/here/member", new HereOfMember(null, null))).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await http.PostAsJsonAsync("/v1/here/member", new HereOfMember("n1", [crowd]))).StatusCode);
        (await http.PostAsJsonAsync("/v1/here/member", new HereOfMember("n2", [crowd, .. Enumerable.Range(0, 500).Select(_ => crowd with { Topic = Guid.NewGuid() })]))).EnsureSuccessStatusCode();
        var answer = await (await http.PostAsJsonAsync("/v1/here", new HereTold([], [topic]))).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<HereAnswer>();
        var told = Assert.Single(answer!.Topics!)!;
        Assert.Equal((12, 1_000_000), (told.People.Count, told.Guests));
        (await http.PostAsJsonAsync("/v1/here/member", new HereOfMember("n2", []))).EnsureSuccessStatusCode();
    }

    private static async Task UntilAsync(Listener stream, Func<string, bool> line)
    {
        while (!line((await stream.NextAsync("here")).Data.Replace("\u2068", "", StringComparison.Ordinal).Replace("\u2069", "", StringComparison.Ordinal)))
        {
        }
    }

    private static async Task<(Guid Id, string Name, string Session)> PersonAsync(BoardNode node, string name)
    {
        name = $"{name} {PageTests.Unique()}";
        using var browser = new PlainBrowser(node.Url);
        await browser.SignUpAsync(name);
        return (Guid.Parse((await browser.GoAsync("/")).QuerySelector(".me")!.GetAttribute("href")!["/u/".Length..]), name, browser.Cookie("connect")!);
    }
}
