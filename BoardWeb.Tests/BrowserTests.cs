using System.Net.Http.Json;
using System.Text.Json;
using Connect.BoardWeb.Approvals;
using Connect.BoardWeb.Tests.Stage;
using Connect.Node.Database;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Xunit;

namespace Connect.BoardWeb.Tests;

/// <summary>A real browser. Set CONNECT_SCREENSHOTS to a folder to look at the pages.</summary>
public sealed class BrowserTests(MariaDbStage ring, BrowserTests.Chromium chromium) : IClassFixture<BrowserTests.Chromium>
{
    /// <summary>Milliseconds that a page may take to be what it is expected to be, on a machine that does other things. How fast it is, is measured elsewhere.</summary>
    internal const float Patience = 20_000;

    private static readonly string[] Reported = ["report.created"];

    private static readonly string? Screenshots = Environment.GetEnvironmentVariable("CONNECT_SCREENSHOTS");

    /// <summary>WCAG 2.2, levels A and AA, and what the checker's authors hold for good practice.</summary>
    private static readonly AxeRunOptions Wcag = new() { RunOnly = new() { Type = "tag", Values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] } };

    private readonly List<string> _faults = [];

    [Fact]
    public async Task Two_people_talk_live_through_two_nodes()
    {
        var (ann, bob) = (await OpenAsync(ring.A), await OpenAsync(ring.B));
        await SignUpAsync(ann, "Ann");
        await SignUpAsync(bob, "Bob");
        await ann.GotoAsync(ring.A.Url + "/c/general/new");
        await ann.GetByLabel("Title").FillAsync("Which tea for rainy days?");
        await ann.GetByLabel("Text").FillAsync("I am for **Assam**, strong, with milk.\n\n> It rains all week.\n\nSee [the weather](https://weather.example/) and `make tea`.");
        await ann.GetByRole(AriaRole.Button, new() { Name = "Open the topic" }).ClickAsync();
        await ArriveAsync(ann, "/t/");
        await bob.GotoAsync(ring.B.Url + new Uri(ann.Url).AbsolutePath);
        await Assertions.Expect(bob.Locator("#posts[data-connected=yes]")).ToBeVisibleAsync();
        await Assertions.Expect(ann.Locator("#posts[data-connected=yes]")).ToBeVisibleAsync();

        await bob.GetByLabel("Your reply").FillAsync("Lapsang. Smells of campfire:\n\n1. boil\n2. wait\n3. *sniff*");
        await bob.GetByRole(AriaRole.Button, new() { Name = "Post", Exact = true }).ClickAsync();
        await Assertions.Expect(ann.Locator("article.post")).ToHaveCountAsync(2);
        // Nothing twice for whoever wrote it, and no reload for whoever reads.
        await Assertions.Expect(bob.Locator("article.post")).ToHaveCountAsync(2);

        await ann.Locator("article.post").Last.GetByRole(AriaRole.Link, new() { Name = "Reply" }).ClickAsync();
        await Assertions.Expect(ann.Locator(".answering b")).ToContainTextAsync("Bob");
        await ann.GetByLabel("Your reply").FillAsync("Then I come round.");
        await ann.GetByRole(AriaRole.Button, new() { Name = "Post", Exact = true }).ClickAsync();
        await Assertions.Expect(bob.Locator("article.post")).ToHaveCountAsync(3);
        await Assertions.Expect(bob.Locator("article.post").Last.Locator(".replies-to")).ToContainTextAsync("Bob");
        await ShowAsync(bob, "topic");
        await bob.GotoAsync(ring.B.Url + "/c/general");
        await ShowAsync(bob, "channel");
        Assert.Empty(_faults);
    }

    [Fact]
    public async Task Two_people_on_two_nodes_see_each_other_come_and_go_and_nothing_moves()
    {
        var topic = await ring.TopicAsync();
        var (ann, bob) = (await OpenAsync(ring.A), await OpenAsync(ring.B));
        await SignUpAsync(ann, "Ann");
        await SignUpAsync(bob, "Bob");
        var (annsName, bobsName) = (await ann.Locator(".me").TextContentAsync() ?? "", await bob.Locator(".me").TextContentAsync() ?? "");
        await ann.GotoAsync($"/t/{topic}");
        var line = ann.Locator("#here");
        var begins = await ann.EvaluateAsync<double>("document.getElementById('posts').getBoundingClientRect().top");
        await Assertions.Expect(line).ToContainTextAsync(annsName);
        await bob.GotoAsync($"/t/{topic}");
        await Assertions.Expect(line).ToContainTextAsync(bobsName);
        await Assertions.Expect(bob.Locator("#here")).ToContainTextAsync(annsName);
        Assert.Equal(begins, await ann.EvaluateAsync<double>("document.getElementById('posts').getBoundingClientRect().top"));
        Assert.False(await line.EvaluateAsync<bool>("e => e.closest('[aria-live], [role=status], [role=log], [role=alert]') !== null"), "it is announced whenever it changes");
        await ShowAsync(ann, "here", fullPage: false);
        await bob.GotoAsync("/account");
        await Assertions.Expect(line).Not.ToContainTextAsync(bobsName);
        await bob.GetByRole(AriaRole.Button, new() { Name = "Do not show me" }).ClickAsync();
        await Assertions.Expect(bob.GetByRole(AriaRole.Button, new() { Name = "Show me", Exact = true })).ToBeVisibleAsync();
        await bob.GotoAsync($"/t/{topic}");
        await Assertions.Expect(bob.Locator("#here")).ToContainTextAsync(annsName);
        await Assertions.Expect(bob.Locator("#here")).Not.ToContainTextAsync(bobsName);

        // What another node says is text, whatever it says.
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new(ring.A.Daemon.Url) };
        http.DefaultRequestHeaders.Authorization = new("Bearer", Connect.Node.Security.ClusterKeys.Load(ring.A.Settings.KeyFile).ApiToken);
        var evil = new { from = "n2", topics = new[] { new { topic, people = new[] { new { id = Guid.NewGuid(), name = "<img src=x onerror=alert(1)>" } }, more = 3, guests = 0 } } };
        (await http.PostAsJsonAsync("/v1/here/member", evil)).EnsureSuccessStatusCode();
        await Assertions.Expect(line).ToContainTextAsync("<img src=x onerror=alert(1)>");
        await Assertions.Expect(line).ToContainTextAsync("and 3 more");
        Assert.Equal(0, await line.Locator("*").CountAsync());
        Assert.Equal(begins, await ann.EvaluateAsync<double>("document.getElementById('posts').getBoundingClientRect().top"));
        Assert.Empty(_faults);
    }

    [Fact]
    public async Task Whoever_has_scrolled_up_is_told_of_new_posts_and_nothing_jumps()
    {
        var topic = await ring.TopicAsync(body: string.Join("\n\n", Enumerable.Repeat("A long line of reading.", 80)));
        var page = await OpenAsync(ring.B);
        await page.GotoAsync($"{ring.B.Url}/t/{topic}");
        await Assertions.Expect(page.Locator("#posts[data-connected=yes]")).ToBeVisibleAsync();
        using var http = ring.Admin(ring.A);
        await http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "news" });
        await http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "more news" });
        var button = page.Locator("#arrived button");
        await Assertions.Expect(button).ToHaveTextAsync("2 new posts");
        Assert.Equal(0, await page.EvaluateAsync<int>("scrollY"));
        await ShowAsync(page, "arrived", fullPage: false);
        await button.ClickAsync();
        await Assertions.Expect(page.GetByText("more news")).ToBeInViewportAsync();
        await Assertions.Expect(button).ToBeHiddenAsync();
        Assert.Empty(_faults);
    }

    /// <summary>As a browser that has never been here before loads it: everything counts, as it comes over the wire.</summary>
    [Fact]
    public async Task A_page_of_fifty_posts_is_light_does_not_jump_and_waits_for_no_script()
    {
        var topic = await ring.TopicAsync(body: "The opening post of a topic with **fifty** of them.");
        using var http = ring.Admin(ring.A);
        var random = new Random(1);
        for (var i = 1; i < 50; i++)
        {
            var words = string.Join(' ', Enumerable.Range(0, 60 + random.Next(40)).Select(_ => random.NextInt64(36 * 36 * 36).ToString("x", System.Globalization.CultureInfo.InvariantCulture)));
            (await http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = words + "\n\n> quoted\n\nand `code`" })).EnsureSuccessStatusCode();
        }
        var page = await OpenAsync(ring.A);
        var network = await page.Context.NewCDPSessionAsync(page);
        await network.SendAsync("Network.enable");
        var (kinds, bytes) = (new Dictionary<string, string>(), new Dictionary<string, double>());
        network.Event("Network.responseReceived").OnEvent += (_, e) => { lock (kinds) kinds[e!.Value.GetProperty("requestId").GetString()!] = e.Value.GetProperty("type").GetString()!; };
        network.Event("Network.loadingFinished").OnEvent += (_, e) => { lock (kinds) bytes[e!.Value.GetProperty("requestId").GetString()!] = e.Value.GetProperty("encodedDataLength").GetDouble(); };
        await page.AddInitScriptAsync("self.shifts = []; new PerformanceObserver(list => self.shifts.push(...list.getEntries().map(e => e.value))).observe({ type: 'layout-shift', buffered: true })");
        await page.GotoAsync($"{ring.A.Url}/t/{topic}");
        await Assertions.Expect(page.Locator("#posts[data-connected=yes]")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("article.post")).ToHaveCountAsync(50);

        double Sum(params string[] of) { lock (kinds) return bytes.Where(b => kinds.TryGetValue(b.Key, out var kind) && (of.Length == 0 || of.Contains(kind))).Sum(b => b.Value); }
        var (script, all) = (Sum("Script"), Sum());
        TestContext.Current.TestOutputHelper?.WriteLine($"a topic page of 50 posts: {script:0} bytes of script, {all:0} in all");
        Assert.True(Sum("Document") > 3000 && Sum("Stylesheet") > 1000 && script > 1000, "Not everything was counted.");
        Assert.InRange(script, 1, 15 * 1024);
        Assert.InRange(all, 1, 60 * 1024);
        Assert.Equal(0, await page.EvaluateAsync<double>("self.shifts.reduce((sum, each) => sum + each, 0)"));
        Assert.Empty(await page.EvaluateAsync<string[]>("performance.getEntriesByType('resource').filter(e => e.initiatorType === 'script' && e.renderBlockingStatus !== 'non-blocking').map(e => e.name)"));
        Assert.Empty(_faults);
    }

    [Fact]
    public async Task A_reader_whose_node_goes_away_and_comes_back_misses_nothing()
    {
        var topic = await ring.TopicAsync();
        var settings = BoardNode.SettingsFor(ring.Server, "n3", ring.Server.Folder);
        var page = await OpenAsync(ring.B);
        await using (var node = await BoardNode.StartAsync(ring.Server, "n3", s => s.Web.Url = settings.Web.Url))
        {
            await page.GotoAsync($"{settings.Web.Url}/t/{topic}");
            await Assertions.Expect(page.Locator("#posts[data-connected=yes]")).ToBeVisibleAsync();
        }
        using var http = ring.Admin(ring.A);
        await http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "while you were away" });
        await using var again = await BoardNode.StartAsync(ring.Server, "n3", s => s.Web.Url = settings.Web.Url);
        await Assertions.Expect(page.GetByText("while you were away")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Everything_works_with_scripts_switched_off()
    {
        var page = await OpenAsync(ring.A, new() { JavaScriptEnabled = false });
        await SignUpAsync(page, "Plain");
        await page.GotoAsync(ring.A.Url + "/c/general/new");
        await page.GetByLabel("Title").FillAsync("No scripts");
        await page.GetByLabel("Text").FillAsync("Just HTML");
        await page.GetByRole(AriaRole.Button, new() { Name = "Preview" }).ClickAsync();
        await Assertions.Expect(page.Locator(".preview")).ToContainTextAsync("Just HTML");
        await page.GetByRole(AriaRole.Button, new() { Name = "Open the topic" }).ClickAsync();
        await page.GetByLabel("Your reply").FillAsync("And a reply");
        await page.GetByRole(AriaRole.Button, new() { Name = "Post", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("article.post")).ToHaveCountAsync(2);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "Sign in" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task An_edit_appears_on_an_open_page_in_its_place()
    {
        var (ann, bob) = (await OpenAsync(ring.A), await OpenAsync(ring.B));
        await SignUpAsync(ann, "Ann");
        var topic = await ring.TopicAsync();
        await ann.GotoAsync($"/t/{topic}");
        await ann.GetByLabel("Your reply").FillAsync("We met at the brige.");
        await ann.GetByRole(AriaRole.Button, new() { Name = "Post", Exact = true }).ClickAsync();
        await bob.GotoAsync($"/t/{topic}");
        await Assertions.Expect(bob.Locator("#posts[data-connected=yes]")).ToBeVisibleAsync();
        await Assertions.Expect(bob.Locator("article.post")).ToHaveCountAsync(2);

        await ann.Locator("article.post").Last.GetByRole(AriaRole.Link, new() { Name = "More" }).ClickAsync();
        await ann.GetByLabel("Edit the text").FillAsync("We met at the bridge.");
        await ann.GetByLabel("Why (may be empty").FillAsync("spelling");
        await ann.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await ArriveAsync(ann, "/t/");
        await Assertions.Expect(bob.Locator("article.post").Last).ToContainTextAsync("bridge");
        await Assertions.Expect(bob.Locator("article.post")).ToHaveCountAsync(2);
        await bob.Locator("article.post").Last.GetByRole(AriaRole.Link, new() { Name = "edited" }).ClickAsync();
        await Assertions.Expect(bob.Locator(".history")).ToContainTextAsync("spelling");
        await ann.GotoAsync(new Uri(bob.Url).AbsolutePath);
        await ShowAsync(ann, "post");
        Assert.Empty(_faults);
    }

    [Theory]
    [InlineData(ColorScheme.Light, 1100)]
    [InlineData(ColorScheme.Dark, 1100)]
    [InlineData(ColorScheme.Light, 320)]
    public async Task Every_page_fits_its_width_keeps_nobody_out_and_breaks_no_rule_of_its_own_policy(ColorScheme scheme, int width)
    {
        var page = await OpenAsync(ring.A, new() { ColorScheme = scheme, ViewportSize = new() { Width = width, Height = 800 } });
        await SignUpAsync(page, "Wide-ranging");
        var person = (await page.Locator(".me").GetAttributeAsync("href"))!;
        using var admin = ring.Admin(ring.A);
        (await admin.PutAsJsonAsync($"/api/v1/accounts/{person["/u/".Length..]}/role", new { role = "administrator" })).EnsureSuccessStatusCode(); // so that every page shows all it has
        await page.GotoAsync(ring.A.Url + "/c/general/new");
        await page.GetByLabel("Title").FillAsync("A title with_a_very_long_word_" + new string('x', 60));
        await page.GetByLabel("Text").FillAsync(
            "# Heading\n\nA paragraph with `code`, **strong** and a very_long_word_" + new string('y', 80) + "\n\n- one\n- two\n\n> quoted\n\n    code block " + new string('z', 90));
        await page.GetByLabel("Pictures and files").SetInputFilesAsync(new FilePayload { Name = "a boat.png", MimeType = "image/png", Buffer = FileTests.Png(1500, 600) });
        await page.GetByRole(AriaRole.Button, new() { Name = "Open the topic" }).ClickAsync();
        await ArriveAsync(page, "/t/");
        var picture = page.Locator("article.post .prose img");
        Assert.True(await picture.EvaluateAsync<bool>("async i => { await i.decode(); return i.naturalWidth > 0 }"), "the picture is not shown");
        var (shown, file) = ((await picture.GetAttributeAsync("src"))!, (await page.Locator("article.post .prose a[href^='/f/']").GetAttributeAsync("href"))!);
        file = file[..file.LastIndexOf('/')];
        var topic = new Uri(page.Url).AbsolutePath;
        var post = (await page.Locator("article.post .post-foot a").Last.GetAttributeAsync("href"))!;
        await page.GotoAsync(post);
        await page.GetByLabel("Edit the text").FillAsync("Another paragraph with another_very_long_word_" + new string('w', 80));
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await ArriveAsync(page, "/t/");
        for (var i = 0; i < 2; i++) // two of one author in the queue
        {
            var reply = await (await admin.PostAsJsonAsync($"/api/v1{topic.Replace("/t/", "/topics/")}/posts", new { body = $"Reply {i}\n\n![A boat]({shown})", inReplyTo = post["/p/".Length..] })).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
            (await admin.PostAsJsonAsync($"/api/v1/posts/{reply.GetProperty("id").GetString()}/reports", new { reason = "A reason with a_very_long_word_" + new string('v', 80) })).EnsureSuccessStatusCode();
        }
        (await admin.PatchAsJsonAsync($"/api/v1/topics/{topic["/t/".Length..]}", new { locked = true, pinned = true, reason = "tidy" })).EnsureSuccessStatusCode();
        using var ann = new PlainBrowser(ring.B.Url);
        await ann.SignUpAsync($"Ann {PageTests.Unique()}");
        var other = (await ann.GoAsync("/")).QuerySelector(".me")!.GetAttribute("href")!;
        foreach (var waits in new[] { await ring.TopicAsync("A_very_long_title_" + new string('t', 80)), await ring.TopicAsync() }) await ApprovalTests.HoldAsync(ring, new Uuid7(TimeProvider.System).Next(), waits, Approval.OfWord("a_very_long_word"), 4723);
        var hook = (await (await admin.PostAsJsonAsync("/api/v1/hooks", new { url = "https://receiver.example/a_very_long_address_" + new string('u', 80), events = Reported })).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString();
        (await admin.PatchAsJsonAsync($"/api/v1/hooks/{hook}", new { on = false })).EnsureSuccessStatusCode();
        (await admin.PostAsync($"/api/v1/hooks/{hook}/test", null)).EnsureSuccessStatusCode();
        ring.A.Daemon.Ring = OpsTests.With("silent");
        ring.A.Daemon.Audit = [new(DateTimeOffset.UtcNow, "n1", "bridge n2", "a_very_long_word_" + new string('e', 80), "replicates from n3")];
        string[] paths = ["/", "/c/general", "/c/general/new", "/c/general/settings", topic, topic + "/settings", post, post + "/report", post + "/erase", person, other, "/account", "/account/tokens", "/account/sign-in", "/account/mail", "/mail/confirm", "/mail/unsubscribe", "/hooks", $"/hooks/{hook}", "/files", file, "/notifications", "/moderation", "/moderation/log", "/moderation/words", "/ops", "/search", "/search?q=paragraph", "/language", "/signin", "/signin/external", "/signin/passkey", "/signup", "/reset", "/new-channel", "/nothing"];
        foreach (var path in paths)
        {
            await page.GotoAsync(ring.A.Url + path);
            await ShowAsync(page, $"{scheme}-{width}-{(path == "/" ? "index" : path.Replace(topic, "topic").Replace(post, "post").Replace(person, "person").Replace(file, "file").Replace(hook!, "one").Replace(other, "other").Trim('/').Replace('/', '-'))}".ToLowerInvariant());
            Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), $"{path} is wider than {width} px");
            if (width < 1100) continue; // what the checker looks at is the same, and it takes its time
            var barriers = (await page.RunAxe(Wcag)).Violations;
            Assert.True(barriers.Length == 0, $"{path}: {string.Join("; ", barriers.Select(b => $"{b.Id}: {b.Help} ({string.Join(", ", b.Nodes.Select(n => n.Html))})"))}");
        }
        Assert.DoesNotContain(_faults, f => !f.Contains("404", StringComparison.Ordinal) && !f.Contains("400", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_console_is_renewed_while_it_is_open_and_says_so_when_it_is_not()
    {
        var page = await OpenAsync(ring.A);
        await page.GotoAsync("/signin");
        await page.GetByLabel("Name").FillAsync("administrator");
        await page.GetByLabel("Password").FillAsync(ring.Token);
        await page.Locator("main").GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator(".me")).ToHaveTextAsync("administrator");
        ring.A.Daemon.Ring = OpsTests.Well();
        await page.GotoAsync("/ops");
        await Assertions.Expect(page.Locator(".verdict.well")).ToBeVisibleAsync();
        await ShowAsync(page, "ops-well");
        ring.A.Daemon.Ring = OpsTests.With("silent");
        await Assertions.Expect(page.Locator(".findings .ill code")).ToHaveTextAsync("./connect start n2");
        await ShowAsync(page, "ops-ill");
        await Assertions.Expect(page.Locator("#ops-old")).ToBeHiddenAsync();
        await page.Context.SetOfflineAsync(true);
        await Assertions.Expect(page.Locator("#ops-old")).ToBeVisibleAsync();
        await page.Context.SetOfflineAsync(false);
        await Assertions.Expect(page.Locator("#ops-old")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task The_board_in_German_keeps_nobody_out_either()
    {
        var page = await OpenAsync(ring.A, new() { Locale = "de-DE" });
        await page.GotoAsync("/signup");
        await page.GetByLabel("Name").FillAsync($"Anna {PageTests.Unique()}");
        await page.GetByLabel("Passwort").FillAsync(PlainBrowser.Password);
        await page.Locator("main").GetByRole(AriaRole.Button, new() { Name = "Registrieren" }).ClickAsync();
        await Assertions.Expect(page.Locator(".me")).ToContainTextAsync("Anna");
        var topic = await ring.TopicAsync(body: string.Join("\n\n", Enumerable.Repeat("Eine lange Zeile zum Lesen.", 80)));
        var person = (await page.Locator(".me").GetAttributeAsync("href"))!;
        foreach (var path in new[] { "/", "/c/general", "/c/general/new", $"/t/{topic}", person, "/account", "/account/tokens", "/account/sign-in", "/notifications", "/search", "/language", "/signin", "/reset", "/nothing" })
        {
            await page.GotoAsync(path);
            Assert.Equal("de", await page.EvaluateAsync<string>("document.documentElement.lang"));
            await ShowAsync(page, $"de-{(path.StartsWith("/t/", StringComparison.Ordinal) ? "topic" : path == person ? "person" : path.Trim('/').Replace('/', '-'))}");
            var barriers = (await page.RunAxe(Wcag)).Violations;
            Assert.True(barriers.Length == 0, $"{path}: {string.Join("; ", barriers.Select(b => $"{b.Id}: {b.Help} ({string.Join(", ", b.Nodes.Select(n => n.Html))})"))}");
        }
        await page.GotoAsync($"/t/{topic}");
        Assert.Matches(@"^\d{1,2}\.\d{1,2}\.\d{4}, \d\d:\d\d$", await page.Locator("article.post time").First.TextContentAsync() ?? "");
        await Assertions.Expect(page.Locator("#posts[data-connected=yes]")).ToBeVisibleAsync();
        using var http = ring.Admin(ring.A);
        await http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "eins" });
        await Assertions.Expect(page.Locator("#arrived button")).ToHaveTextAsync("1 neuer Beitrag");
        await http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "zwei" });
        await Assertions.Expect(page.Locator("#arrived button")).ToHaveTextAsync("2 neue Beiträge");
        await Assertions.Expect(page.Locator("article.post").Last.GetByRole(AriaRole.Link, new() { Name = "Zitieren" })).ToBeAttachedAsync();
        Assert.DoesNotContain(_faults, f => !f.Contains("404", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Single_keys_lead_about_but_not_while_somebody_types_or_does_not_want_them()
    {
        var page = await OpenAsync(ring.A);
        await SignUpAsync(page, "Keys");
        var topic = await ring.TopicAsync("First by keys");
        using var http = ring.Admin(ring.A);
        await http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "second" });
        await page.GotoAsync("/");
        await page.Keyboard.PressAsync("?");
        await Assertions.Expect(page.Locator("dialog#keys")).ToBeVisibleAsync();
        var barriers = (await page.RunAxe(Wcag)).Violations;
        Assert.True(barriers.Length == 0, string.Join("; ", barriers.Select(b => $"{b.Id}: {b.Help}")));
        await ShowAsync(page, "keys", fullPage: false);
        await page.Keyboard.PressAsync("c"); // nothing while the sheet is open
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.Locator("dialog#keys")).ToBeHiddenAsync();

        await page.Keyboard.PressAsync("j");
        Assert.Equal("title", await page.EvaluateAsync<string>("document.activeElement.className"));
        await page.GotoAsync($"/t/{topic}");
        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("j");
        var second = await page.Locator("article.post").Last.GetAttributeAsync("data-id");
        Assert.Equal(second, await page.EvaluateAsync<string>("document.activeElement.dataset.id"));
        await page.Keyboard.PressAsync("k");
        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("r");
        var field = page.GetByLabel("Your reply");
        await Assertions.Expect(field).ToBeFocusedAsync();
        Assert.Equal(second, await page.Locator("#reply [name=InReplyTo]").InputValueAsync());
        await page.Keyboard.TypeAsync("jk?gh/");
        await Assertions.Expect(field).ToHaveValueAsync("jk?gh/");

        await page.GotoAsync($"/t/{topic}");
        await page.Keyboard.PressAsync("/");
        await ArriveAsync(page, "/search");
        await page.Keyboard.PressAsync("/");
        await Assertions.Expect(page.Locator("#q")).ToBeFocusedAsync();
        await page.GotoAsync("/c/general");
        await page.Keyboard.PressAsync("c");
        await ArriveAsync(page, "/c/general/new");
        await page.GotoAsync("/signin"); // a field has the focus
        await page.Locator("h1").ClickAsync();
        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("h");
        await ArriveAsync(page, "/$");

        await page.GetByRole(AriaRole.Button, new() { Name = "Keyboard shortcuts" }).ClickAsync();
        await page.GetByLabel("Use these keys").UncheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Close" }).ClickAsync();
        await page.GotoAsync("/c/general");
        await page.Keyboard.PressAsync("?");
        await page.Keyboard.PressAsync("/");
        await Assertions.Expect(page.Locator("dialog#keys")).ToBeHiddenAsync();
        Assert.EndsWith("/c/general", page.Url, StringComparison.Ordinal);
        Assert.Empty(_faults);
    }

    private async Task<IPage> OpenAsync(BoardNode node, BrowserNewContextOptions? options = null)
    {
        options ??= new();
        options.BaseURL = node.Url;
        options.ExtraHTTPHeaders = [new("X-Forwarded-For", $"198.51.100.{Random.Shared.Next(1, 255)}")];
        Assert.SkipWhen(chromium.Browser is null, $"There is no browser at {Chromium.Path}: set CONNECT_CHROMIUM.");
        var context = await chromium.Browser!.NewContextAsync(options);
        context.SetDefaultTimeout(Patience);
        var page = await context.NewPageAsync();
        page.Console += (_, message) =>
        {
            if (message.Type == "error") lock (_faults) _faults.Add(message.Text);
        };
        page.PageError += (_, error) =>
        {
            lock (_faults) _faults.Add(error);
        };
        return page;
    }

    private static async Task SignUpAsync(IPage page, string name)
    {
        await page.GotoAsync("/signup");
        await page.GetByLabel("Name").FillAsync($"{name} {PageTests.Unique()}");
        await page.GetByLabel("Password").FillAsync(PlainBrowser.Password);
        await page.Locator("main").GetByRole(AriaRole.Button, new() { Name = "Sign up" }).ClickAsync();
        await Assertions.Expect(page.Locator(".me")).ToContainTextAsync(name);
    }

    /// <summary>Waits until a page whose path begins so is there with its scripts. The browser's driver would miss the load of one now and then, so the page itself is asked.</summary>
    private static Task ArriveAsync(IPage page, string path) => Wait.UntilAsync(async () =>
    {
        try
        {
            return await page.EvaluateAsync<bool>("path => document.readyState === 'complete' && new RegExp('^' + path).test(location.pathname)", path);
        }
        catch (PlaywrightException)
        {
            return false; // it is on its way
        }
    }, TimeSpan.FromMilliseconds(Patience), $"the page {path}");

    private static async Task ShowAsync(IPage page, string name, bool fullPage = true)
    {
        if (Screenshots is not null) await page.ScreenshotAsync(new() { Path = System.IO.Path.Combine(Screenshots, name + ".png"), FullPage = fullPage });
    }

    /// <summary>One browser for all of these tests; each of them has its own profile in it.</summary>
    public sealed class Chromium : IAsyncLifetime
    {
        public static string Path { get; } = Environment.GetEnvironmentVariable("CONNECT_CHROMIUM") ?? "/usr/bin/chromium";

        // It calls nobody but the board.
        private static readonly string[] Arguments =
        [
            "--no-sandbox", "--disable-background-networking", "--no-first-run", "--disable-quic", "--disable-component-update", "--disable-sync",
        ];

        private IPlaywright? _playwright;

        public IBrowser? Browser { get; private set; }

        public async ValueTask InitializeAsync()
        {
            if (!File.Exists(Path)) return;
            _playwright = await Playwright.CreateAsync();
            Assertions.SetDefaultExpectTimeout(Patience);
            Browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = Path, Args = Arguments });
        }

        public async ValueTask DisposeAsync()
        {
            if (Browser is not null) await Browser.CloseAsync();
            _playwright?.Dispose();
        }
    }
}
