using System.Collections;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Resources;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using Connect.BoardWeb.Admission;
using Connect.BoardWeb.Approvals;
using Connect.BoardWeb.Hooks;
using Connect.BoardWeb.Languages;
using Connect.BoardWeb.Mail;
using Connect.BoardWeb.Pages;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Tests.Stage;
using Connect.Node.Database;
using Connect.Node.Settings;
using Xunit;

namespace Connect.BoardWeb.Tests;

/// <summary>The board in more than one language: nothing is missing, nothing is left in another one, and nobody gets somebody else's.</summary>
public sealed partial class LanguageTests(MariaDbStage ring)
{
    private static readonly CultureInfo German = Language.Named("de")!;

    private static readonly Dictionary<string, string> English = TextsIn(CultureInfo.InvariantCulture);

    /// <summary>Words that are not texts: a name, and what stands in an address.</summary>
    private static readonly string[] NotTexts = ["Connect", "/c/"];

    /// <summary>What a webhook is told of.</summary>
    private static readonly string[] Reported = ["report.created"];

    /// <summary>Keys that the code puts together from a part and a name.</summary>
    private static readonly string[] Families = ["Role.", "Reaction.", "Keys.", "AtMost.", "DigestFrequency.", "HookEvent.", "HookOutcome.", "WordEffect."];

    public static TheoryData<string> Translations => [.. Language.All.Skip(1).Select(l => l.Name)];

    [Theory]
    [MemberData(nameof(Translations))]
    public void Every_text_exists_in_every_language_with_the_same_places_and_the_same_markup(string language)
    {
        var texts = TextsIn(Language.Named(language)!);
        Assert.Equal(English.Keys.Order(StringComparer.Ordinal), texts.Keys.Order(StringComparer.Ordinal));
        foreach (var (key, text) in texts)
        {
            Assert.False(string.IsNullOrWhiteSpace(text), key);
            Assert.Equal(Parts(English[key]), Parts(text));
        }

        // The places of values, and the tags, in any order: a sentence is built differently in another language.
        static List<string> Parts(string text) => [.. Place().Matches(text).Concat(Tag().Matches(text)).Select(m => m.Value).Distinct().Order(StringComparer.Ordinal)];
    }

    [Fact]
    public void Every_text_that_is_asked_for_exists_and_every_text_is_asked_for()
    {
        var asked = new HashSet<string>();
        foreach (var file in Sources("*.cs").Concat(Sources("*.cshtml")).Concat(Sources("*.razor")))
        {
            foreach (Match match in Asked().Matches(File.ReadAllText(file)))
            {
                string[] keys = match.Groups["count"].Success ? [$"{match.Groups["key"]}.One", $"{match.Groups["key"]}.Many"] : [match.Groups["key"].Value];
                foreach (var key in keys.Where(k => !Families.Contains(k))) Assert.True(asked.Add(key) | English.ContainsKey(key), $"{file} asks for '{key}', which no language has");
            }
        }
        Assert.All(asked, key => Assert.True(English.ContainsKey(key), $"'{key}' is asked for, and no language has it"));
        Assert.DoesNotContain(English.Keys, k => !asked.Contains(k) && !Families.Any(f => k.StartsWith(f, StringComparison.Ordinal)));
        foreach (var role in Moderation.Roles.All) Assert.Contains("Role." + role, English.Keys);
        foreach (var frequency in DigestFrequency.All) Assert.Contains("DigestFrequency." + frequency, English.Keys);
        foreach (var name in HookEvent.All) Assert.Contains("HookEvent." + name, English.Keys);
        foreach (var effect in WordEffect.All) Assert.Contains("WordEffect." + effect, English.Keys);
        foreach (var outcome in new[] { HookOutcome.Delivered, HookOutcome.Failed, HookOutcome.GivenUp, HookOutcome.Skipped }) Assert.Contains("HookOutcome." + outcome, English.Keys);
        foreach (var what in new[] { "Links", "People", "Times" }) Assert.All(["None", "One", "Many"], n => Assert.Contains($"AtMost.{what}.{n}", English.Keys));
        foreach (var kind in ReactionKind.All) Assert.Contains("Reaction." + kind.Name, English.Keys);
    }

    [Fact]
    public void No_page_has_words_of_its_own()
    {
        foreach (var file in Sources("*.cshtml").Concat(Sources("*.razor")))
        {
            // What stands in quotes is an attribute or code; of attributes those that people hear or read are looked at by themselves.
            var text = Comment().Replace(File.ReadAllText(file).Split("@code {")[0], "");
            var attributes = ReadAttribute().Matches(text).Select(m => m.Groups[1].Value);
            var titles = OwnTitle().Matches(text).Select(m => m.Groups[1].Value);
            var words = TextNode().Matches(Quoted().Replace(text, "")).Select(m => m.Groups[1].Value.Trim()).Where(w => !w.StartsWith('@'));
            Assert.All(attributes.Concat(titles).Concat(words).Where(w => Word().IsMatch(WebUtility.HtmlDecode(w))), w => Assert.True(NotTexts.Contains(w), $"{file}: '{w}' is in no resource file"));
        }
        foreach (var file in Sources("*.cshtml.cs"))
            Assert.All(OwnFault().Matches(File.ReadAllText(file)).Select(m => m.Value), fault => Assert.Fail($"{file}: {fault}"));
    }

    [Fact]
    public async Task Every_page_speaks_German_to_whoever_asks_for_it_and_has_nothing_English_left()
    {
        var foreign = new List<string>();
        using var reader = new PlainBrowser(ring.A.Url) { Language = "de-AT, en;q=0.5" };
        await reader.SignUpAsync($"Leserin {PageTests.Unique()}");
        using var admin = ring.Admin(ring.A);
        var person = (await reader.GoAsync("/")).QuerySelector(".me")!.GetAttribute("href")!;
        (await admin.PutAsJsonAsync($"/api/v1/accounts/{person["/u/".Length..]}/role", new { role = "administrator" })).EnsureSuccessStatusCode();
        var topic = await ring.TopicAsync("Wetter", "Es regnet.");
        var post = (await admin.GetFromJsonAsync<JsonElement>($"/api/v1/topics/{topic}/posts")).GetProperty("items")[0].GetProperty("id").GetGuid();
        (await admin.PutAsJsonAsync($"/api/v1/posts/{post}", new { body = "Es schneit.", reason = "anders" })).EnsureSuccessStatusCode();
        (await admin.PutAsJsonAsync($"/api/v1/posts/{post}/reactions/like", new { })).EnsureSuccessStatusCode();
        (await admin.PostAsJsonAsync($"/api/v1/posts/{post}/reports", new { reason = "zu nass" })).EnsureSuccessStatusCode();
        (await admin.PatchAsJsonAsync($"/api/v1/topics/{topic}", new { pinned = true, reason = "wichtig" })).EnsureSuccessStatusCode();
        var gone = (await (await admin.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "weg" })).Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
        (await admin.DeleteAsync($"/api/v1/posts/{gone}")).EnsureSuccessStatusCode();
        using var sent = new ByteArrayContent("eine Datei"u8.ToArray());
        var file = (await (await admin.PostAsync("/api/v1/files?name=datei.txt", sent)).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
        var erased = (await (await admin.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "ganz weg" })).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
        await reader.GoAsync($"/p/{erased}/erase");
        foreign.AddRange(Foreign(await reader.SendAsync("#erase", ("Reason", "darum")), "a post that was erased"));
        await reader.GoAsync("/moderation/words");
        foreign.AddRange(Foreign(await reader.SendAsync("#add", ("Word", $"wort{PageTests.Unique()}"), ("act", "list")), "/moderation/words, listed"));
        var held = await ring.TopicAsync("Regen", "Es regnet noch.");
        await ApprovalTests.HoldAsync(ring, new Uuid7(TimeProvider.System).Next(), held, Approval.OfNewMember, 4724);
        var hook = (await (await admin.PostAsJsonAsync("/api/v1/hooks", new { url = "https://receiver.example/", events = Reported })).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString();
        (await admin.PatchAsJsonAsync($"/api/v1/hooks/{hook}", new { on = false })).EnsureSuccessStatusCode();
        (await admin.PostAsync($"/api/v1/hooks/{hook}/test", null)).EnsureSuccessStatusCode();
        await reader.GoAsync("/account/tokens");
        foreign.AddRange(Foreign(await reader.SendAsync("#make", ("Label", "Probe"), ("Scopes", "read")), "/account/tokens, made"));
        string[] paths =
        [
            "/", "/c/general", "/c/general/new", "/c/general/settings", $"/t/{topic}", $"/t/{topic}/settings", $"/p/{post}", $"/p/{post}/report", $"/p/{gone}", person, "/account", "/account/tokens",
            "/account/sign-in", "/files", $"/f/{file}", "/notifications", "/moderation", "/moderation/log", "/search", "/search?q=schneit", "/search?q=%22", "/signin", "/signin/external", "/signin/passkey", "/signup", "/reset", "/new-channel",
            $"/p/{post}/erase", $"/p/{erased}", $"/t/{held}", "/account/mail", "/mail/confirm", "/mail/unsubscribe", "/moderation/words", "/hooks", $"/hooks/{hook}", "/language", "/nothing", "/error/403", "/error/429", "/error/503", "/error/500",
        ];
        foreach (var path in paths) foreign.AddRange(Foreign(await reader.GoAsync(path), path));
        await reader.GoAsync("/new-channel");
        foreign.AddRange(Foreign(await reader.SendAsync("main form", ("Title", ""), ("Slug", "Ä")), "a form with faults"));
        await reader.GoAsync("/c/general/settings");
        foreign.AddRange(Foreign(await reader.SendAsync("main form", ("Place", "vorn")), "a field that the framework cannot read"));
        await reader.GoAsync("/account");
        foreign.AddRange(Foreign(await reader.SendAsync("#password", ("Old", "falsch"), ("New", "kurz")), "faults of a password"));
        await reader.GoAsync("/moderation/words");
        foreign.AddRange(Foreign(await reader.SendAsync("#add", ("Word", "***"), ("act", "list")), "a word that is none"));
        await reader.GoAsync($"/p/{post}/erase");
        foreign.AddRange(Foreign(await reader.SendAsync("#erase", ("Reason", "")), "an erasure without a reason"));
        await reader.GoAsync("/hooks");
        foreign.AddRange(Foreign(await reader.SendAsync("#make", ("Address", "ftp://receiver.example")), "a webhook with faults"));
        Assert.True(foreign.Count == 0, string.Join('\n', foreign));
    }

    [Fact]
    public async Task A_choice_counts_more_than_the_browser_and_can_be_taken_back()
    {
        using var reader = new PlainBrowser(ring.A.Url) { Language = "de" };
        Assert.Equal("de", await LanguageOfAsync("/"));
        await reader.FollowAsync(".bottom a[href^='/language']");
        var page = await reader.SendAsync("main form", ("Name", "en"));
        Assert.Equal(("en", "/"), (page.DocumentElement.GetAttribute("lang"), reader.Path));
        Assert.Equal("en", await LanguageOfAsync("/signin"));
        reader.MoveTo(ring.B.Url);
        Assert.Equal("en", await LanguageOfAsync("/signin"));
        page = await reader.GoAsync("/language?returnUrl=https://evil.example/");
        Assert.Equal("en", page.QuerySelectorAll("main input[type=radio]").OfType<IHtmlInputElement>().Single(i => i.IsChecked).Value);
        await reader.SendAsync("main form", ("Name", "klingon"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, reader.Status);
        await reader.SendAsync("main form", ("Name", ""));
        Assert.Equal("/", reader.Path);
        Assert.Null(reader.Cookie(LanguageChoice.Cookie));
        Assert.Equal("de", await LanguageOfAsync("/"));
        await reader.ForgeAsync("/language", ("Name", "en"));
        Assert.Equal(HttpStatusCode.BadRequest, reader.Status);

        async Task<string?> LanguageOfAsync(string path) => (await reader.GoAsync(path)).DocumentElement.GetAttribute("lang");
    }

    [Theory]
    [InlineData("klingon", null, "en")]
    [InlineData("DE", null, "de")]
    [InlineData("de-DE", null, "en")]
    [InlineData("../../etc/passwd", null, "en")]
    [InlineData("c%3Dde%7Cuic%3Dde", null, "en")]
    [InlineData("<script>", null, "en")]
    [InlineData("%00de", null, "en")]
    [InlineData("%FF%FE", "de", "de")]
    [InlineData("", "de;q=0.1, en;q=0.9", "en")]
    [InlineData("", "fr, it;q=0.9, de-CH;q=0.8", "de")]
    [InlineData("", "*", "en")]
    [InlineData("", "de;q=oops", "en")]
    [InlineData("", ";;;,,,=", "en")]
    [InlineData("", "x-klingon-very-long-subtag-that-is-none, de", "de")]
    [InlineData("", "invariant, iv, \"\"", "en")]
    public async Task Whatever_a_browser_says_it_is_answered_in_a_language_of_the_board(string cookie, string? accepted, string expected)
    {
        using var http = ring.A.Client();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/signin");
        if (cookie.Length > 0) request.Headers.TryAddWithoutValidation("Cookie", $"{LanguageChoice.Cookie}={cookie}");
        if (accepted is not null) request.Headers.TryAddWithoutValidation("Accept-Language", accepted);
        using var answer = await http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains($"<html lang=\"{expected}\">", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(expected, answer.Content.Headers.ContentLanguage.Single());
        foreach (var header in new[] { "Accept-Language", "Cookie" }) Assert.Contains(header, answer.Headers.Vary);
    }

    [Fact]
    public async Task A_list_of_a_thousand_languages_or_a_huge_cookie_costs_nobody_anything()
    {
        using var http = ring.A.Client();
        foreach (var (name, value) in new[] { ("Accept-Language", string.Join(",", Enumerable.Range(0, 1000).Select(i => $"x{i:x}-yy"))), ("Cookie", $"{LanguageChoice.Cookie}={new string('d', 8000)}") })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/signin");
            request.Headers.TryAddWithoutValidation(name, value);
            using var answer = await http.SendAsync(request);
            Assert.Equal((HttpStatusCode.OK, "en"), (answer.StatusCode, answer.Content.Headers.ContentLanguage.Single()));
        }
    }

    [Fact]
    public async Task Two_readers_of_one_topic_get_its_new_posts_each_in_their_own_language()
    {
        var topic = await ring.TopicAsync();
        using var admin = ring.Admin(ring.A);
        using var english = await OpenAsync("en");
        using var german = await OpenAsync("de");
        for (var i = 0; i < 4; i++)
        {
            (await admin.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = $"Nummer {i}" })).EnsureSuccessStatusCode();
            foreach (var (reader, word) in new[] { (english, ">Reply<"), (german, ">Antworten<") })
            {
                var seen = "";
                while (!seen.Contains($"Nummer {i}", StringComparison.Ordinal)) seen = await reader.ReadLineAsync(new CancellationTokenSource(5000).Token) ?? "";
                while (!seen.Contains("</article>", StringComparison.Ordinal)) seen += await reader.ReadLineAsync(new CancellationTokenSource(5000).Token);
                Assert.Contains(word, seen, StringComparison.Ordinal);
            }
        }

        async Task<StreamReader> OpenAsync(string language)
        {
            var http = ring.B.Client();
            http.DefaultRequestHeaders.Add("Accept-Language", language);
            var answer = await http.GetAsync($"/t/{topic}/live", HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal(language, answer.Content.Headers.ContentLanguage.Single());
            return new(await answer.Content.ReadAsStreamAsync());
        }
    }

    [Fact]
    public async Task A_feed_that_was_kept_in_one_language_is_not_the_one_of_the_other()
    {
        await ring.TopicAsync();
        var (english, tag) = await FeedAsync("en", null);
        var (german, other) = await FeedAsync("de", null);
        Assert.Contains("Last post by", english, StringComparison.Ordinal);
        Assert.Contains("Letzter Beitrag von", german, StringComparison.Ordinal);
        Assert.NotEqual(tag, other);
        Assert.Equal("", (await FeedAsync("de", other)).Text);
        Assert.Contains("Letzter Beitrag von", (await FeedAsync("de", tag)).Text, StringComparison.Ordinal);

        async Task<(string Text, string? Tag)> FeedAsync(string language, string? known)
        {
            using var http = ring.A.Client();
            using var request = new HttpRequestMessage(HttpMethod.Get, "/c/general/feed");
            request.Headers.Add("Accept-Language", language);
            if (known is not null) request.Headers.Add("If-None-Match", known);
            using var answer = await http.SendAsync(request);
            Assert.Contains("Accept-Language", answer.Headers.Vary);
            return (await answer.Content.ReadAsStringAsync(), answer.Headers.ETag?.ToString());
        }
    }

    [Fact]
    public async Task Programs_are_told_in_English_whatever_they_ask_for()
    {
        using var admin = ring.Admin(ring.A);
        admin.DefaultRequestHeaders.Add("Accept-Language", "de");
        admin.DefaultRequestHeaders.Add("Cookie", $"{LanguageChoice.Cookie}=de");
        var refused = await (await admin.PostAsJsonAsync($"/api/v1/topics/{await ring.TopicAsync()}/posts", new { body = new string('x', PostRules.MaxBodyBytes + 1) })).Content.ReadAsStringAsync();
        Assert.Contains("A post may have at most 32,768 bytes (32 KB); this one has 32,769.", refused, StringComparison.Ordinal);
        Assert.Contains("A slug is 1 to 64", await (await admin.PostAsJsonAsync("/api/v1/channels", new { slug = "Ä", title = "x" })).Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_digest_can_be_German_and_what_people_wrote_stays_text_in_it()
    {
        var digest = new Digest("<b>Ann</b>", DigestFrequency.Weekly, [new("Bea hat dich erwähnt", "{0} <i>", "https://board.example/t/1", DateTimeOffset.UnixEpoch)], true, "https://board.example", "https://board.example/mail/unsubscribe?token=x");
        var text = Language.Speak(German, () => DigestMail.PlainText(digest));
        Assert.StartsWith("Hallo <b>Ann</b>, das hast du auf Connect noch nicht gesehen:\n\n* {0} <i>\n  Bea hat dich erwähnt, 1. Januar 1970, 00:00 UTC\n", text, StringComparison.Ordinal);
        Assert.Contains("Du bekommst das wöchentlich, weil du es so gewählt hast.", text, StringComparison.Ordinal);
        Assert.StartsWith("Hello <b>Ann</b>", DigestMail.PlainText(digest), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_boards_own_language_is_for_whoever_asks_for_none()
    {
        await using var node = await BoardNode.StartAsync(ring.Server, "n3", s => s.Web.Language = "de");
        using var reader = new PlainBrowser(node.Url);
        Assert.Equal("Anmelden", (await reader.GoAsync("/signin")).QuerySelector("h1")!.TextContent);
        reader.Language = "en";
        Assert.Equal("Sign in", (await reader.GoAsync("/signin")).QuerySelector("h1")!.TextContent);
        var fault = Assert.Throws<SettingsException>(() => Board.Build(BoardNode.SettingsFor(ring.Server, "n4", ring.Server.Folder, s => s.Web.Language = "tlh")));
        Assert.Contains("en, de", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Dates_numbers_and_plurals_are_written_as_the_language_does()
    {
        var at = new DateTimeOffset(2026, 11, 6, 14, 5, 0, TimeSpan.Zero);
        var before = (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture);
        try
        {
            Assert.Equal("6 Nov 2026, 14:05", Times.Shown(at));
            (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture) = (German, German);
            Assert.Equal("6. November 2026, 14:05", Times.Shown(at));
            Assert.Equal("6. März 2026, 14:05", Times.Shown(at.AddMonths(-8)));
            Assert.Equal("2026-11-06T14:05:00.000Z", Times.Machine(at));
            Assert.Contains("höchstens 32.768 Bytes haben (32 KB); dieser hat 40.000", PostRules.Body(new string('x', 40_000)).Fault, StringComparison.Ordinal);
            Assert.Equal(("1 Byte", "999 Bytes", "1,2 kB", "3,5 MB"), (FilesModel.Size(1), FilesModel.Size(999), FilesModel.Size(1234), FilesModel.Size(3_456_789)));
            Assert.Equal(("1 neuer Beitrag", "2 neue Beiträge", "0 neue Beiträge"), (Texts.T.Count("NewPosts", 1), Texts.T.Count("NewPosts", 2), Texts.T.Count("NewPosts", 0)));
            Assert.Equal("<b>&lt;i&gt;</b>", Texts.T.Markup("ServedBy", "<i>").Value[^"<b>&lt;i&gt;</b>, einem von mehreren, die das können.".Length..][.."<b>&lt;i&gt;</b>".Length]);
        }
        finally
        {
            (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture) = before;
        }
    }

    /// <summary>What is not German on a page.</summary>
    private static IEnumerable<string> Foreign(IHtmlDocument page, string where)
    {
        Assert.Equal("de", page.DocumentElement.GetAttribute("lang"));
        var own = TextsIn(German);
        // A text that is the same in both says nothing, nor does one that is hardly more than places.
        var english = English.Where(t => own[t.Key] != t.Value && (Place().IsMatch(t.Value) ? LongWord() : Word()).IsMatch(Place().Replace(Tag().Replace(t.Value, ""), "")))
            .Where(t => !t.Key.StartsWith("Format.", StringComparison.Ordinal))
            .Select(t => new Regex($"^{Place().Replace(Regex.Escape(Spaces().Replace(Tag().Replace(t.Value, ""), " ")).Replace("\\{", "{", StringComparison.Ordinal), ".+")}$")).ToList();
        string[] others = ["code", "pre", ".slug", "script", "[lang=en]", ".prose", "a.title", ".author", ".reports", "q", "option"]; // what people wrote, and names
        var said = page.QuerySelectorAll("*").Where(e => e.Closest(string.Join(", ", others)) is null).SelectMany(e => new[]
        {
            e.GetAttribute("aria-label"), e.GetAttribute("placeholder"), e.GetAttribute("data-one"), e.GetAttribute("data-many"), e.GetAttribute("data-reload"),
            e.Children.All(c => c.LocalName is "b" or "a" or "span" or "time") ? e.TextContent : null, // a sentence with its links
        }.Concat(e.ChildNodes.OfType<IText>().Select(t => t.Text))).OfType<string>().Select(t => Spaces().Replace(t, " ").Trim()).Where(t => t.Length > 1 && !t.Contains("English", StringComparison.Ordinal));
        return said.Where(text => english.Any(e => e.IsMatch(text))).Select(text => $"{where}: {text}").Distinct();
    }

    private static Dictionary<string, string> TextsIn(CultureInfo language) => new ResourceManager(typeof(Texts)).GetResourceSet(language, createIfNotExists: true, tryParents: false)!
        .Cast<DictionaryEntry>().ToDictionary(e => (string)e.Key, e => (string)e.Value!);

    private static IEnumerable<string> Sources(string pattern, [CallerFilePath] string here = "") =>
        Directory.EnumerateFiles(Path.Combine(Path.GetDirectoryName(here)!, "..", "BoardWeb"), pattern, SearchOption.AllDirectories);

    [GeneratedRegex(@"\{\d+(:[^}]*)?\}")]
    private static partial Regex Place();

    [GeneratedRegex("</?[a-z][^>]*>")]
    private static partial Regex Tag();

    [GeneratedRegex("""\b(?:T\[|T\.Html\(|T\.Markup\(|Texts\.In\(\w+, |Language\.InAll\(|(?<count>T\.Count\())"(?<key>[^"]+)""")]
    private static partial Regex Asked();

    [GeneratedRegex(@"@\*.*?\*@", RegexOptions.Singleline)]
    private static partial Regex Comment();

    [GeneratedRegex("""(?:aria-label|placeholder|alt|title)="([^"@]+)"?""")]
    private static partial Regex ReadAttribute();

    [GeneratedRegex("""ViewData\["Title"\] = "([^"]+)""")]
    private static partial Regex OwnTitle();

    [GeneratedRegex("""(?:AddModelError\([^"\n]*(?:"", )?|Refused\(|Stopped\()(?<!T\[)\$?"[^"].*""")]
    private static partial Regex OwnFault();

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex Quoted();

    [GeneratedRegex("(?<![=-])>([^<>@{}();=]+)(?=<|\r?\n|@)")]
    private static partial Regex TextNode();

    [GeneratedRegex(@"\p{L}{2,}")]
    private static partial Regex Word();

    [GeneratedRegex(@"\p{L}{3,}")]
    private static partial Regex LongWord();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
