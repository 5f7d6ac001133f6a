using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AngleSharp.Html.Dom;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Tests.Stage;
using Dapper;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.Mvc.RazorPages.Infrastructure;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Connect.BoardWeb.Tests;

/// <summary>What people with bad intentions try. Pages and endpoints are found by themselves, so a new one is attacked without anybody thinking of it.</summary>
public sealed class AttackTests(MariaDbStage mariaDb, MySqlStage mysql)
{
    private const string Script = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";

    private static readonly string[] Injections =
        ["' OR '1'='1", "'; DROP TABLE post; -- ", "\\'; DROP TABLE post; -- ", "\" OR \"\"=\"", "1' UNION SELECT password_hash FROM login_key -- ", "%' /*", "0x27", "＇ OR 1=1", "';SELECT SLEEP(5);-- "];

    private static readonly string[] HookEvents = ["report.created"];

    public static TheoryData<string> Engines => new("MariaDB", "MySQL");

    [Fact]
    public async Task No_form_of_any_page_is_taken_without_its_own_token_or_with_somebody_elses()
    {
        using var attacker = new PlainBrowser(mariaDb.A.Url);
        await attacker.SignUpAsync($"Attacker {PageTests.Unique()}");
        var stolen = ((IHtmlInputElement)(await attacker.GoAsync("/new-channel")).QuerySelector("main [name=__RequestVerificationToken]")!).Value;
        var (refused, without) = (new List<string>(), new List<string>());
        foreach (var (path, _) in await PagesAsync())
        {
            using var victim = await AdministratorAsync(); // one of its own, or they would have posted too much
            foreach (var fields in new (string, string)[][] { [], [("__RequestVerificationToken", stolen)] })
            {
                await victim.ForgeAsync(path, [.. fields, ("Body", "forged"), ("Title", "forged"), ("Reason", "forged"), ("Role", "member"), ("Days", "9")]);
                if (victim.Status == HttpStatusCode.BadRequest) refused.Add(path);
                else if (victim.Status is HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotFound) without.Add(path);
                else Assert.Fail($"a forged form at {path} was answered {victim.Status}");
            }
        }
        Assert.True(refused.Distinct().Count() > 12, $"only {string.Join(", ", refused.Distinct())} have forms");
        Assert.DoesNotContain("/c/general/new", without);
    }

    [Fact]
    public async Task A_browsers_cookie_is_no_token_for_programs()
    {
        using var victim = await AdministratorAsync();
        using var http = mariaDb.A.Client();
        http.DefaultRequestHeaders.Add("Cookie", $"connect={victim.Cookie("connect")}");
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/moderation")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/api/v1/channels")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.PostAsJsonAsync($"/api/v1/topics/{await mariaDb.TopicAsync()}/posts", new { body = "forged" })).StatusCode);
    }

    [Fact]
    public async Task No_page_says_what_stands_in_its_address_as_markup()
    {
        using var admin = await AdministratorAsync();
        var payload = Uri.EscapeDataString(Script);
        foreach (var (path, names) in await PagesAsync())
        {
            // Each name alone: a page may refuse to go on when one of them is nonsense, and would say nothing of the others.
            foreach (var address in (string[])[.. names.Select(n => $"{path}?{n}={payload}"), $"{path}?{string.Join('&', names.Select(n => $"{n}={payload}"))}", $"{path.TrimEnd('/')}/{payload}", $"{path}?{payload}"])
            {
                var page = await admin.GoAsync(address);
                Assert.True((int)admin.Status < 500, $"{address}: {admin.Status}");
                Harmless(page, address);
            }
        }
    }

    [Fact]
    public async Task What_is_stored_in_any_field_is_text_wherever_it_is_shown()
    {
        using var admin = mariaDb.Admin(mariaDb.A);
        using var browser = await AdministratorAsync();
        var slug = $"x-{PageTests.Unique().ToLowerInvariant()}";
        (await admin.PostAsJsonAsync("/api/v1/channels", new { slug, title = Script })).EnsureSuccessStatusCode();
        (await admin.PatchAsJsonAsync($"/api/v1/channels/{slug}", new { description = Script, reason = Script })).EnsureSuccessStatusCode();
        var made = await (await admin.PostAsJsonAsync($"/api/v1/channels/{slug}/topics", new { title = Script, body = Script })).Content.ReadFromJsonAsync<JsonElement>();
        var (topic, post) = (made.GetProperty("id").GetGuid(), made.GetProperty("postId").GetGuid());
        (await admin.PutAsJsonAsync($"/api/v1/posts/{post}", new { body = Script + "!", reason = Script })).EnsureSuccessStatusCode();
        (await admin.PostAsJsonAsync($"/api/v1/posts/{post}/reports", new { reason = Script })).EnsureSuccessStatusCode();
        (await admin.PatchAsJsonAsync($"/api/v1/topics/{topic}", new { locked = true, pinned = true, reason = Script })).EnsureSuccessStatusCode();
        (await admin.PutAsJsonAsync("/api/v1/words", new { word = $"{Script} {PageTests.Unique()}", reason = Script })).EnsureSuccessStatusCode();
        await ApprovalTests.HoldAsync(mariaDb, new Node.Database.Uuid7(TimeProvider.System).Next(), await mariaDb.TopicAsync(Script, Script), Approvals.Approval.OfWord(Script), 4725);
        string[] pages = ["/", $"/c/{slug}", $"/c/{slug}/settings", $"/c/{slug}/new", $"/t/{topic}", $"/t/{topic}/settings", $"/p/{post}", $"/p/{post}/report", $"/p/{post}/erase", "/moderation", "/moderation/log", "/moderation/words"];
        foreach (var path in pages)
        {
            var page = await browser.GoAsync(path);
            Assert.Equal(HttpStatusCode.OK, browser.Status);
            Harmless(page, path);
        }
        // A feed is read by programs that may believe more than a browser with this board's policy does.
        foreach (var feed in new[] { $"/c/{slug}/feed", $"/t/{topic}/feed" })
        {
            using var http = mariaDb.A.Client();
            var xml = System.Xml.Linq.XDocument.Parse(await http.GetStringAsync(feed));
            Assert.DoesNotContain(xml.Descendants(), e => e.Name.LocalName is "script" or "img");
            var html = new AngleSharp.Html.Parser.HtmlParser().ParseDocument(string.Concat(xml.Descendants().Where(e => e.Attribute("type")?.Value == "html").Select(e => e.Value)));
            Assert.Empty(html.QuerySelectorAll("script, img, [onerror]"));
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Whatever_is_typed_is_data_for_the_database(string engine)
    {
        var stage = On(engine);
        using var admin = stage.Admin(stage.A);
        var topic = await stage.TopicAsync();
        var secrets = await stage.SqlAsync(c => c.Query<string>("SELECT password_hash FROM login_key").ToList());
        var tables = await TablesAsync();
        foreach (var injection in Injections)
        {
            var escaped = Uri.EscapeDataString(injection);
            var began = Stopwatch.GetTimestamp();
            var post = await (await admin.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = injection })).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
            var id = post.GetProperty("id").GetGuid();
            Assert.Equal(injection, (await admin.GetFromJsonAsync<JsonElement>($"/api/v1/posts/{id}")).GetProperty("body").GetString());
            using (var keyed = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/topics/{topic}/posts") { Content = JsonContent.Create(new { body = "keyed" }) })
            {
                Assert.True(keyed.Headers.TryAddWithoutValidation("Idempotency-Key", injection.Where(char.IsAscii).ToArray().AsSpan().ToString()));
                (await admin.SendAsync(keyed)).EnsureSuccessStatusCode();
            }
            (HttpMethod Method, string Path, object? Body)[] tried =
            [
                (HttpMethod.Get, $"/api/v1/channels/{escaped}/topics", null), (HttpMethod.Get, $"/c/{escaped}", null), (HttpMethod.Get, $"/api/v1/topics/{topic}/posts?after={escaped}", null),
                (HttpMethod.Get, $"/t/{topic}?at={escaped}", null), (HttpMethod.Get, $"/t/{topic}/live?after={escaped}&x", null), (HttpMethod.Post, "/api/v1/channels", new { slug = injection, title = injection }),
                (HttpMethod.Post, "/api/v1/channels/general/topics", new { title = injection, body = injection }), (HttpMethod.Put, $"/api/v1/posts/{id}", new { body = injection + "!", reason = injection }),
                (HttpMethod.Post, $"/api/v1/posts/{id}/reports", new { reason = injection }), (HttpMethod.Patch, $"/api/v1/topics/{topic}", new { channel = injection, reason = injection }),
                (HttpMethod.Patch, "/api/v1/channels/general", new { description = injection, reason = injection }), (HttpMethod.Post, "/api/v1/tokens", new { account = injection, label = injection }),
                (HttpMethod.Put, $"/api/v1/accounts/{id}/role", new { role = injection }), (HttpMethod.Get, $"/api/v1/decisions?after={escaped}", null),
                (HttpMethod.Put, $"/api/v1/topics/{topic}/attention", new { level = injection }), (HttpMethod.Put, $"/api/v1/topics/{topic}/read", new { upTo = injection }),
                (HttpMethod.Post, $"/api/v1/topics/{topic}/posts", new { body = $"@{injection} @\"{injection}\" @a{injection}" }), (HttpMethod.Get, $"/api/v1/notifications?after={escaped}", null),
                (HttpMethod.Get, $"/api/v1/channels/{escaped}/unread?after={escaped}", null), (HttpMethod.Get, $"/notifications?after={escaped}", null),
                (HttpMethod.Post, $"/api/v1/posts/{Guid.NewGuid()}/erase", new { reason = injection }),
                (HttpMethod.Put, "/api/v1/words", new { word = injection, effect = injection, reason = injection }), (HttpMethod.Put, "/api/v1/words", new { word = injection, reason = injection }), (HttpMethod.Post, $"/api/v1/waiting/{id}/reject", new { reason = injection }), (HttpMethod.Delete, $"/api/v1/words?word={escaped}&reason={escaped}", null),
                (HttpMethod.Post, $"/api/v1/files?name={escaped}", new { text = injection }), (HttpMethod.Get, $"/f/{id}/{escaped}", null), (HttpMethod.Get, $"/api/v1/files?after={escaped}", null),
                (HttpMethod.Put, "/api/v1/mail/address", new { address = injection }), (HttpMethod.Put, "/api/v1/mail/digest", new { frequency = injection }), (HttpMethod.Post, "/api/v1/mail/confirm", new { token = injection }),
                (HttpMethod.Get, $"/api/v1/topics/{escaped}/here", null), (HttpMethod.Put, "/api/v1/account/here", new { shown = injection }),
                (HttpMethod.Post, "/api/v1/hooks", new { url = $"https://receiver.example/{injection}", events = new[] { injection } }), (HttpMethod.Get, $"/api/v1/hooks/{id}/deliveries?after={escaped}", null),
                (HttpMethod.Get, $"/mail/confirm?token={escaped}", null), (HttpMethod.Get, $"/mail/unsubscribe?token={escaped}", null),
            ];
            foreach (var (method, path, body) in tried)
            {
                using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
                using var answer = await admin.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
                Assert.True((int)answer.StatusCode < 500, $"{method} {path} with {injection}: {answer.StatusCode}");
                if (answer.Content.Headers.ContentType?.MediaType == "text/event-stream") continue;
                var text = await answer.Content.ReadAsStringAsync();
                Assert.All(secrets, secret => Assert.DoesNotContain(secret, text, StringComparison.Ordinal));
            }
            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(4.5) || !injection.Contains("SLEEP", StringComparison.Ordinal), "the server slept as it was told");
            using var reader = new PlainBrowser(stage.A.Url);
            Assert.Null((await reader.SignInAsync("administrator", injection)).QuerySelector(".me"));
            Assert.Null((await reader.SignInAsync(injection, injection)).QuerySelector(".me"));
        }
        Assert.Equal(tables, await TablesAsync());

        Task<string> TablesAsync() => stage.SqlAsync(c => string.Join(' ', c.Query<string>("SELECT table_name FROM information_schema.tables WHERE table_schema = 'connect' ORDER BY table_name")));
    }

    [Theory]
    [InlineData("//evil.example/")]
    [InlineData("/\\evil.example")]
    [InlineData("\\\\evil.example")]
    [InlineData("https:evil.example")]
    [InlineData("javascript:alert(1)")]
    [InlineData("/\t/evil.example")]
    [InlineData("/%09/evil.example")]
    [InlineData("/\r\nSet-Cookie: connect=mine")]
    public async Task Nobody_is_led_away_after_signing_in(string returnUrl)
    {
        var name = $"Led {PageTests.Unique()}";
        using var reader = new PlainBrowser(mariaDb.A.Url);
        await reader.SignUpAsync(name);
        await reader.SendAsync(".top form");
        await reader.GoAsync($"/signin?returnUrl={Uri.EscapeDataString(returnUrl)}");
        var page = await reader.SendAsync("main form", ("Name", name), ("Password", PlainBrowser.Password), ("ReturnUrl", returnUrl));
        Assert.Equal(name, page.QuerySelector(".me")?.TextContent ?? (await reader.GoAsync("/")).QuerySelector(".me")!.TextContent);
    }

    [Fact]
    public async Task A_session_that_somebody_else_chose_is_not_taken_over_and_a_changed_cookie_is_nobodys()
    {
        var name = $"Fixed {PageTests.Unique()}";
        using var reader = new PlainBrowser(mariaDb.A.Url);
        reader.SetCookie("connect", "chosen-by-somebody-else");
        await reader.SignUpAsync(name);
        var first = reader.Cookie("connect")!;
        Assert.NotEqual("chosen-by-somebody-else", first);
        await reader.SendAsync(".top form");
        Assert.Null(reader.Cookie("connect"));
        await reader.SignInAsync(name, PlainBrowser.Password);
        var second = reader.Cookie("connect")!;
        Assert.NotEqual(first, second);
        for (var at = 10; at < second.Length; at += second.Length / 7)
        {
            reader.SetCookie("connect", second[..at] + (second[at] == 'A' ? 'B' : 'A') + second[(at + 1)..]);
            Assert.Null((await reader.GoAsync("/")).QuerySelector(".me"));
            Assert.Equal(HttpStatusCode.OK, reader.Status);
        }
        reader.SetCookie("connect", second);
        Assert.Equal(name, (await reader.GoAsync("/")).QuerySelector(".me")!.TextContent);
    }

    /// <summary>Nothing here unpacks what it is sent: 64 MiB of zeros are 64 KiB that are no JSON.</summary>
    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task A_bomb_is_not_unpacked(string encoding)
    {
        using var admin = mariaDb.Admin(mariaDb.A);
        using var packed = new MemoryStream();
        await using (Stream bomb = encoding switch { "gzip" => new GZipStream(packed, CompressionLevel.Optimal, true), "br" => new BrotliStream(packed, CompressionLevel.Fastest, true), _ => new ZLibStream(packed, CompressionLevel.Optimal, true) })
        {
            bomb.Write("{\"body\":\""u8);
            var zeros = new byte[1 << 20];
            zeros.AsSpan().Fill((byte)'0');
            for (var i = 0; i < 64; i++) bomb.Write(zeros);
            bomb.Write("\"}"u8);
        }
        var before = GC.GetTotalAllocatedBytes();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/topics/{await mariaDb.TopicAsync()}/posts") { Content = new ByteArrayContent(packed.ToArray()) };
        request.Content.Headers.ContentType = new("application/json");
        request.Content.Headers.ContentEncoding.Add(encoding);
        Assert.InRange((int)(await admin.SendAsync(request)).StatusCode, 400, 415);
        Assert.True(GC.GetTotalAllocatedBytes() - before < 16 << 20, "it was unpacked");
    }

    [Fact]
    public async Task Ten_thousand_quotes_in_each_other_are_shown_at_once_and_as_they_were_typed()
    {
        using var admin = mariaDb.Admin(mariaDb.A);
        var topic = await mariaDb.TopicAsync();
        foreach (var deep in new[] { new string('>', 10_000) + " deep", string.Concat(Enumerable.Repeat("> ", 10_000)) + "deep", string.Concat(Enumerable.Repeat("- ", 10_000)) + "deep", string.Join('\n', Enumerable.Range(0, 170).Select(i => new string('>', i) + " x")) })
        {
            var began = Stopwatch.GetTimestamp();
            var html = MarkdownText.ToHtml(deep);
            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(1), $"{deep[..20]}… took {Stopwatch.GetElapsedTime(began)}");
            Assert.Contains("as-typed", html, StringComparison.Ordinal);
            (await admin.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = deep })).EnsureSuccessStatusCode();
        }
        Assert.Equal(HttpStatusCode.OK, (await admin.GetAsync($"/t/{topic}")).StatusCode);
    }

    private static void Harmless(IHtmlDocument page, string where)
    {
        Assert.True(page.Scripts.All(s => s.Type == "application/ld+json" ? !s.Text.Contains('<', StringComparison.Ordinal) : s.Source?.StartsWith("/js/", StringComparison.Ordinal) == true), $"{where}: a script");
        var odd = page.QuerySelectorAll("main img:not([src^='/f/']), main svg, iframe, object, embed, base, meta[http-equiv], style").Concat(page.All.Where(e => e.Attributes.Any(a => a.Name.StartsWith("on", StringComparison.OrdinalIgnoreCase) || a.Name == "style"))).ToList();
        Assert.True(odd.Count == 0, $"{where}: {string.Join(", ", odd.Select(e => e.OuterHtml))}");
        var links = page.QuerySelectorAll("[href], [action], [src], [formaction]").Select(e => e.GetAttribute("href") ?? e.GetAttribute("action") ?? e.GetAttribute("src") ?? e.GetAttribute("formaction")!);
        Assert.All(links, link => Assert.Matches("^(/(?![/\\\\])|#|\\?|$|https?://|mailto:)", link));
    }

    /// <summary>The address of every page, with what is there for those that need something, and the names that its code reads from addresses and forms.</summary>
    private async Task<List<(string Path, IReadOnlyList<string> Names)>> PagesAsync()
    {
        using var admin = mariaDb.Admin(mariaDb.A);
        var topic = await mariaDb.TopicAsync();
        var post = (await admin.GetFromJsonAsync<JsonElement>($"/api/v1/topics/{topic}/posts")).GetProperty("items")[0].GetProperty("id").GetGuid();
        var person = await mariaDb.SqlAsync(c => Node.Database.Uuid7.FromBytes(c.QueryFirst<byte[]>("SELECT id FROM account WHERE name = 'administrator' ORDER BY id LIMIT 1")));
        using var sent = new ByteArrayContent("a file"u8.ToArray());
        var file = (await (await admin.PostAsync("/api/v1/files?name=attacked.txt", sent)).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
        var hooks = (await admin.GetFromJsonAsync<JsonElement>("/api/v1/hooks")).GetProperty("items").EnumerateArray().Select(h => h.GetProperty("id").GetGuid()).ToList();
        var hook = hooks.Count > 0 ? hooks[0] : (await (await admin.PostAsJsonAsync("/api/v1/hooks", new { url = "https://receiver.example/", events = HookEvents })).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
        (await admin.PatchAsJsonAsync($"/api/v1/hooks/{hook}", new { on = false })).EnsureSuccessStatusCode(); // it calls nobody
        var loader = mariaDb.A.Service<PageLoader>();
        var pages = new List<(string Path, IReadOnlyList<string> Names)>();
        foreach (var endpoint in mariaDb.A.App.Services.GetServices<EndpointDataSource>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>())
        {
            var route = "/" + endpoint.RoutePattern.RawText!.TrimStart('/');
            if (endpoint.Metadata.GetMetadata<PageActionDescriptor>() is not { } found || route.StartsWith("/error", StringComparison.OrdinalIgnoreCase) || pages.Exists(p => p.Path == At(route))) continue;
            var page = await loader.LoadAsync(found, EndpointMetadataCollection.Empty);
            pages.Add((At(route), [.. page.HandlerMethods.SelectMany(h => h.Parameters).Where(p => p.ParameterType != typeof(CancellationToken)).Select(p => p.Name)
                .Concat(page.BoundProperties.Select(p => p.Name)).Append("handler").Append("preview").Distinct(StringComparer.OrdinalIgnoreCase)]));
        }
        Assert.All(pages, p => Assert.DoesNotContain("{", p.Path, StringComparison.Ordinal));
        Assert.True(pages.Count > 14, $"only {pages.Count} pages");
        Assert.Contains("q", pages.Single(p => p.Path == "/search").Names);
        Assert.Contains("ReturnUrl", pages.Single(p => p.Path == "/signin").Names, StringComparer.OrdinalIgnoreCase);
        return pages;

        string At(string route) => route.Replace("{slug}", "general", StringComparison.Ordinal).Replace("{id:guid}", (route.Split('/')[1] switch { "t" => topic, "p" => post, "f" => file, "hooks" => hook, _ => person }).ToString(), StringComparison.Ordinal);
    }

    private async Task<PlainBrowser> AdministratorAsync()
    {
        var browser = new PlainBrowser(mariaDb.A.Url);
        await browser.SignUpAsync($"Victim {PageTests.Unique()}");
        var person = (await browser.GoAsync("/")).QuerySelector(".me")!.GetAttribute("href")!;
        using var admin = mariaDb.Admin(mariaDb.A);
        (await admin.PutAsJsonAsync($"/api/v1/accounts/{person["/u/".Length..]}/role", new { role = "administrator" })).EnsureSuccessStatusCode();
        return browser;
    }

    private StageOn On(string engine) => StageOn.Of(engine, mariaDb, mysql);
}
