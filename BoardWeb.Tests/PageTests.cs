using System.Net;
using System.Text.RegularExpressions;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Tests.Stage;
using Xunit;

namespace Connect.BoardWeb.Tests;

/// <summary>The board without JavaScript: a browser that keeps cookies, follows redirects and sends forms.</summary>
public sealed class PageTests(MariaDbStage ring)
{
    private const string Attack = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg onload=alert(3)>";

    [Fact]
    public async Task A_reader_signs_up_opens_a_topic_and_replies_without_JavaScript()
    {
        using var reader = new PlainBrowser(ring.A.Url);
        await reader.SignUpAsync($"Reader {Unique()}");
        await reader.GoAsync("/c/general/new");
        var topic = await reader.SendAsync("main form", ("Title", "Tea or coffee?"), ("Body", "Say **why**."));
        Assert.Equal("Tea or coffee?", topic.QuerySelector("h1")!.TextContent);
        Assert.Equal("why", topic.QuerySelector(".post .prose strong")!.TextContent);
        var replied = await reader.SendAsync("#reply", ("Body", "Tea."));
        Assert.Equal(2, replied.QuerySelectorAll("article.post").Length);
        var link = replied.QuerySelector("article.post:last-of-type .post-foot a")!.GetAttribute("href")!;
        await reader.GoAsync(link);
        var answered = await reader.SendAsync("#reply", ("Body", "Tea it is."));
        Assert.Contains("↩", answered.QuerySelector("article.post:last-of-type .replies-to")!.TextContent, StringComparison.Ordinal);
        Assert.Contains("Tea or coffee?", (await reader.GoAsync("/c/general")).Body!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_signed_in_on_one_node_is_known_on_the_other_and_its_forms_work_there()
    {
        var name = $"Wanderer {Unique()}";
        using var reader = new PlainBrowser(ring.A.Url);
        await reader.SignUpAsync(name);
        var topic = await ring.TopicAsync();
        await reader.GoAsync($"/t/{topic}");
        // The load balancer sends the form to another node than the one that made it.
        reader.MoveTo(ring.B.Url);
        var answer = await reader.SendAsync("#reply", ("Body", "from the other side"));
        Assert.Equal("n2", reader.ServedBy);
        Assert.Equal(name, answer.QuerySelector(".me")!.TextContent);
        Assert.Contains("from the other side", answer.Body!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Signing_out_and_in_again_leads_back_to_this_board_only()
    {
        var name = $"Comes back {Unique()}";
        using var reader = new PlainBrowser(ring.A.Url);
        await reader.SignUpAsync(name);
        await reader.SendAsync(".top form");
        await reader.GoAsync("/signin?returnUrl=https://evil.example/");
        await reader.SendAsync("main form", ("Name", name.ToUpperInvariant()), ("Password", "wrong password"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, reader.Status);
        var home = await reader.SendAsync("main form", ("Name", name), ("Password", PlainBrowser.Password));
        Assert.Equal("/", reader.Path);
        Assert.Equal(name, home.QuerySelector(".me")!.TextContent);
    }

    [Fact]
    public async Task An_administrator_signs_in_with_the_token()
    {
        using var reader = new PlainBrowser(ring.A.Url);
        var home = await reader.SignInAsync("administrator", ring.Token);
        Assert.Equal("administrator", home.QuerySelector(".me")!.TextContent);
    }

    [Theory]
    [InlineData("", "Choose a name")]
    [InlineData("zero\u200Bwidth", "cannot be part")]
    [InlineData("аdministrator", "one alphabet")]
    [InlineData("administrator", "Somebody has this name")]
    [InlineData("ADMINISTRATOR", "Somebody has this name")]
    public async Task Names_that_could_be_mistaken_are_refused(string name, string reason)
    {
        using var reader = new PlainBrowser(ring.A.Url);
        await reader.GoAsync("/signup");
        var page = await reader.SendAsync("main form", ("Name", name), ("Password", PlainBrowser.Password));
        Assert.Contains(reason, page.Body!.TextContent, StringComparison.Ordinal);
    }

    /// <summary>Written wholly in letters of another alphabet that look the same, a name keeps to one alphabet: it is taken all the same.</summary>
    [Theory]
    [InlineData("Coc", "Сос", "COC")] // the second one is Cyrillic
    [InlineData("Tox", "Τοχ", "tOX")] // the second one is Greek
    public async Task A_name_that_looks_like_one_that_is_taken_is_taken(string name, string alike, string inCapitals)
    {
        var number = Random.Shared.Next(1_000_000_000);
        using var first = new PlainBrowser(ring.A.Url);
        await first.SignUpAsync($"{name} {number}");
        foreach (var other in new[] { $"{alike} {number}", $"{inCapitals} {number}", $"{name}_{number}", $"{name}.{number}" })
        {
            using var reader = new PlainBrowser(ring.B.Url);
            await reader.GoAsync("/signup");
            var page = await reader.SendAsync("main form", ("Name", other), ("Password", PlainBrowser.Password));
            Assert.True(page.Body!.TextContent.Contains("Somebody has this name", StringComparison.Ordinal), other);
        }
    }

    [Fact]
    public async Task What_people_type_is_never_markup()
    {
        using var reader = new PlainBrowser(ring.A.Url);
        await reader.SignUpAsync($"Attacker {Unique()}");
        await reader.GoAsync("/c/general/new");
        var topic = await reader.SendAsync("main form", ("Title", Attack),
            ("Body", Attack + "\n\n[a](javascript:alert(4)) [b](data:text/html,x) ![c](https://e.example/x.png) <javascript:alert(5)> [d](//e.example)"));
        foreach (var page in new[] { topic, await reader.GoAsync("/c/general"), await reader.GoAsync($"/signin?returnUrl={Uri.EscapeDataString(Attack)}") })
        {
            Assert.DoesNotContain(page.Scripts, s => s.Type == "application/ld+json" ? s.Text.Contains('<', StringComparison.Ordinal) : s.Source?.StartsWith("/js/", StringComparison.Ordinal) != true);
            Assert.Empty(page.QuerySelectorAll("main img, main svg, [onerror], [onload], style"));
            Assert.DoesNotContain(page.Links, l => Regex.IsMatch(l.GetAttribute("href") ?? "", "^(javascript|data):|^//", RegexOptions.IgnoreCase));
        }
        Assert.All(topic.QuerySelectorAll(".prose a"), a => Assert.Equal("nofollow noopener ugc", a.GetAttribute("rel")));
        Assert.Equal(Attack, topic.QuerySelector("h1")!.TextContent);
    }

    [Theory]
    [InlineData("/", 200)]
    [InlineData("/c/general", 200)]
    [InlineData("/signin", 200)]
    [InlineData("/signup", 200)]
    [InlineData("/nothing", 404)]
    [InlineData("/c/nothing", 404)]
    [InlineData("/t/01920000-0000-7000-8000-000000000000", 404)]
    [InlineData("/css/board.css", 200)]
    [InlineData("/js/board.js", 200)]
    [InlineData("/health/live", 200)]
    [InlineData("/metrics", 200)]
    public async Task Every_answer_carries_the_headers_that_protect_readers(string path, int status)
    {
        using var http = ring.A.Client();
        var answer = await http.GetAsync(path);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.StartsWith("default-src 'none'; script-src 'self'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.NotEmpty(answer.Headers.GetValues("Referrer-Policy"));
        Assert.Equal("n1", answer.Headers.GetValues("X-Connect-Node").Single());
        if (answer.Content.Headers.ContentType?.MediaType != "text/html") return;
        var page = new HtmlParser().ParseDocument(await answer.Content.ReadAsStringAsync());
        Assert.Empty(page.QuerySelectorAll("script:not([src]), style, [style]"));
        Assert.DoesNotContain(page.All, e => e.Attributes.Any(a => a.Name.StartsWith("on", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Styles_and_scripts_have_addresses_that_may_be_kept_for_ever()
    {
        using var http = ring.A.Client();
        var page = await http.GetStringAsync("/");
        var css = Regex.Match(page, "href=\"(/css/board.css\\?v=[^\"]+)\"").Groups[1].Value;
        var answer = await http.GetAsync(css);
        Assert.Contains("immutable", answer.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_form_that_is_sent_twice_posts_once_and_a_changed_text_posts_again()
    {
        using var reader = new PlainBrowser(ring.A.Url);
        await reader.SignUpAsync($"Twice {Unique()}");
        var topic = await ring.TopicAsync();
        var form = (IHtmlFormElement)(await reader.GoAsync($"/t/{topic}")).QuerySelector("#reply")!;
        await reader.SendFormAsync(form, ("Body", "once"));
        await reader.SendFormAsync(form, ("Body", "once"));
        reader.MoveTo(ring.B.Url);
        await reader.SendFormAsync(form, ("Body", "once"));
        var page = await reader.SendFormAsync(form, ("Body", "twice"));
        Assert.Equal(["Its first post", "once", "twice"], page.QuerySelectorAll("article.post .prose").Select(p => p.TextContent.Trim()));
    }

    [Fact]
    public async Task A_text_that_is_too_long_comes_back_with_the_limit_in_words()
    {
        using var reader = new PlainBrowser(ring.A.Url);
        await reader.SignUpAsync($"Long {Unique()}");
        await reader.GoAsync($"/t/{await ring.TopicAsync()}");
        var page = await reader.SendAsync("#reply", ("Body", new string('x', 65536)));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, reader.Status);
        Assert.Contains("32,768", page.Body!.TextContent, StringComparison.Ordinal);
        Assert.Equal(65536, page.QuerySelector("textarea")!.TextContent.Length);
        await reader.SendAsync("#reply", ("Body", new string('x', 400_000)));
        Assert.InRange((int)reader.Status, 400, 413);
    }

    [Fact]
    public async Task A_quoted_post_stands_in_the_form_of_the_answer()
    {
        var topic = await ring.TopicAsync(body: "One line\r\nand *another*");
        using var reader = new PlainBrowser(ring.A.Url);
        await reader.SignUpAsync($"Quotes {Unique()}");
        await reader.GoAsync($"/t/{topic}");
        var form = await reader.FollowAsync("article.post .post-foot a[href*=quote]");
        Assert.Equal("> **administrator**:\n> One line\n> and *another*\n\n", form.QuerySelector("#body")!.TextContent);
        var shown = await reader.SendAsync("#reply", ("Body", form.QuerySelector("#body")!.TextContent + "So it is."));
        var answer = shown.QuerySelector("article.post:last-of-type")!;
        Assert.Contains("administrator", answer.QuerySelector(".replies-to")!.TextContent, StringComparison.Ordinal);
        Assert.Equal("another", answer.QuerySelector("blockquote em")!.TextContent);
        Assert.Equal(PostRules.MaxQuoted + 1, PostRules.Quote("a", new string('x', 5000)).Count(c => c is 'x' or '…'));
    }

    [Fact]
    public void Tables_emoji_and_what_is_struck_out_are_shown_without_styles_of_their_own()
    {
        var html = MarkdownText.ToHtml("| a | b | c |\n|:-|:-:|-:|\n| 1 | ~~2~~ | 3 |\n\n:tada: and 10:30");
        Assert.Contains("<th class=\"center\">b</th>", html, StringComparison.Ordinal);
        Assert.Contains("<td class=\"right\">3</td>", html, StringComparison.Ordinal);
        Assert.Contains("<del>2</del>", html, StringComparison.Ordinal);
        Assert.Contains("🎉 and 10:30", html, StringComparison.Ordinal);
        Assert.DoesNotContain("style", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_form_without_its_token_is_refused()
    {
        using var reader = new PlainBrowser(ring.A.Url);
        await reader.SignUpAsync($"Forged {Unique()}");
        var form = (IHtmlFormElement)(await reader.GoAsync($"/t/{await ring.TopicAsync()}")).QuerySelector("#reply")!;
        form.QuerySelector("[name=__RequestVerificationToken]")!.Remove();
        await reader.SendFormAsync(form, ("Body", "forged"));
        Assert.Equal(HttpStatusCode.BadRequest, reader.Status);
    }

    [Fact]
    public async Task Long_topics_are_read_page_by_page_in_both_directions()
    {
        var topic = await ring.TopicAsync(body: "0");
        using var http = ring.Admin(ring.A);
        await Task.WhenAll(Enumerable.Range(1, 119).Select(i =>
            System.Net.Http.Json.HttpClientJsonExtensions.PostAsJsonAsync(http, $"/api/v1/topics/{topic}/posts", new { body = $"{i}" })));
        using var reader = new PlainBrowser(ring.A.Url);
        var first = Ids(await reader.GoAsync($"/t/{topic}"));
        var second = Ids(await reader.FollowAsync("nav.pages a[rel=next]"));
        var third = Ids(await reader.FollowAsync("nav.pages a[rel=next]"));
        Assert.Equal((50, 50, 20), (first.Count, second.Count, third.Count));
        Assert.Equal(120, first.Concat(second).Concat(third).Distinct().Count());
        Assert.Equal(second, Ids(await reader.FollowAsync("nav.pages a[rel=prev]")));
        Assert.Equal(first, Ids(await reader.FollowAsync("nav.pages a[rel=prev]")));
        Assert.Equal(50, Ids(await reader.GoAsync($"/t/{topic}?end=1")).Count);
        Assert.Equal(third[0], Ids(await reader.GoAsync($"/t/{topic}?at={third[0][2..]}"))[0]);
        Assert.NotNull((await reader.GoAsync($"/t/{topic}")).QuerySelector(".jump input[type=date]"));
        Assert.Equal(first, Ids(await reader.GoAsync($"/t/{topic}?date=2020-02-29")));
        Assert.Equal(first, Ids(await reader.GoAsync($"/t/{topic}?date={DateTime.UtcNow:yyyy-MM-dd}")));
        Assert.Equal(50, Ids(await reader.GoAsync($"/t/{topic}?date=2099-01-01")).Count); // nothing since: its end

        static List<string> Ids(IHtmlDocument page) => [.. page.QuerySelectorAll("article.post").Select(p => p.Id!)];
    }

    internal static string Unique() => Guid.NewGuid().ToString("N")[..8];
}

/// <summary>A browser with JavaScript off.</summary>
public sealed class PlainBrowser(string url) : IDisposable
{
    public const string Password = "a long enough password";

    private static readonly HtmlParser Parser = new();
    private readonly CookieContainer _cookies = new();
    private readonly Dictionary<string, HttpClient> _clients = [];
    private string _url = url;
    private IHtmlDocument _page = null!;

    public HttpStatusCode Status { get; private set; }

    public string? ServedBy { get; private set; }

    public string Path { get; private set; } = "/";

    /// <summary>Other sites it may be led to, and where their redirects really lead (a load balancer hands a request to any node); null: it must stay on the board.</summary>
    public Func<Uri, Uri>? Elsewhere { get; set; }

    /// <summary>What it asks for with <c>Accept-Language</c>; null: nothing.</summary>
    public string? Language { get; set; }

    /// <summary>Every address it went to.</summary>
    public List<string> Visited { get; } = [];

    /// <summary>From now on another node answers, as behind a load balancer: cookies are kept.</summary>
    public void MoveTo(string other) => _url = other;

    public Task<IHtmlDocument> GoAsync(string path) => ReadAsync(HttpMethod.Get, path, null);

    public Task<IHtmlDocument> FollowAsync(string selector) => GoAsync(_page.QuerySelector(selector)!.GetAttribute("href")!);

    public Task<IHtmlDocument> SendAsync(string selector, params (string Name, string Value)[] fields) =>
        SendFormAsync((IHtmlFormElement)_page.QuerySelector(selector)!, fields);

    public Task<IHtmlDocument> SendFormAsync(IHtmlFormElement form, params (string Name, string Value)[] fields)
    {
        var values = form.QuerySelectorAll("input").OfType<IHtmlInputElement>().Where(i => i.Name is not null && (i.Type is not ("checkbox" or "radio") || i.IsChecked)).ToDictionary(i => i.Name!, i => i.Value);
        foreach (var select in form.QuerySelectorAll("select").OfType<IHtmlSelectElement>()) values[select.Name!] = select.Value!;
        foreach (var (name, value) in fields) values[name] = value;
        return ReadAsync(HttpMethod.Post, form.GetAttribute("action") ?? Path, new FormUrlEncodedContent(values));
    }

    /// <summary>A form with files in it.</summary>
    public Task<IHtmlDocument> SendFilesAsync(string selector, IEnumerable<(string Name, byte[] Bytes)> files, params (string Name, string Value)[] fields)
    {
        var form = (IHtmlFormElement)_page.QuerySelector(selector)!;
        Assert.Equal("multipart/form-data", form.Enctype);
        var values = form.QuerySelectorAll("input").OfType<IHtmlInputElement>().Where(i => i.Name is not null && i.Type is not ("checkbox" or "file")).ToDictionary(i => i.Name!, i => i.Value);
        foreach (var area in form.QuerySelectorAll("textarea").OfType<IHtmlTextAreaElement>()) values[area.Name!] = area.Value;
        foreach (var (name, value) in fields) values[name] = value;
        var content = new MultipartFormDataContent();
        foreach (var (name, value) in values) content.Add(new StringContent(value), name);
        foreach (var (name, bytes) in files) content.Add(new ByteArrayContent(bytes), form.QuerySelector("input[type=file]")!.GetAttribute("name")!, name);
        return ReadAsync(HttpMethod.Post, form.GetAttribute("action") ?? Path, content);
    }

    /// <summary>A form that another site sends in this browser's name: with its cookies, and with nothing of the form's own.</summary>
    public Task<IHtmlDocument> ForgeAsync(string path, params (string Name, string Value)[] fields) =>
        ReadAsync(HttpMethod.Post, path, new FormUrlEncodedContent(fields.Select(f => KeyValuePair.Create(f.Name, f.Value))));

    public string? Cookie(string name) => _cookies.GetCookies(new(_url))[name]?.Value;

    public void SetCookie(string name, string value) => _cookies.Add(new Uri(_url), new Cookie(name, value));

    /// <summary>Fills in the form of <c>/signin</c> and sends it; an administrator's password may be a token.</summary>
    public async Task<IHtmlDocument> SignInAsync(string name, string password)
    {
        await GoAsync("/signin");
        return await SendAsync("main form", ("Name", name), ("Password", password));
    }

    public async Task SignUpAsync(string name)
    {
        await GoAsync("/signup");
        await SendAsync("main form", ("Name", name), ("Password", Password));
        Assert.Equal(HttpStatusCode.OK, Status);
    }

    public void Dispose()
    {
        foreach (var client in _clients.Values) client.Dispose();
    }

    private async Task<IHtmlDocument> ReadAsync(HttpMethod method, string path, HttpContent? content)
    {
        string? host = null;
        for (var hops = 0; hops < 9; hops++)
        {
            Visited.Add(path);
            if (!_clients.TryGetValue(_url, out var client))
            {
                // Every browser comes from an address of its own, or they would share one limit on signing up.
                client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, CookieContainer = _cookies }) { BaseAddress = new(_url) };
                client.DefaultRequestHeaders.Add("X-Forwarded-For", $"192.0.2.{Random.Shared.Next(1, 255)}");
                _clients[_url] = client;
            }
            using var request = new HttpRequestMessage(method, path) { Content = content };
            request.Headers.Host = host;
            if (Language is not null) request.Headers.TryAddWithoutValidation("Accept-Language", Language);
            using var answer = await client.SendAsync(request);
            Status = answer.StatusCode;
            ServedBy = answer.Headers.TryGetValues("X-Connect-Node", out var nodes) ? nodes.Single() : null;
            Assert.True(ServedBy is not null || Elsewhere is not null, "something else than a board answered");
            if (answer.Headers.Location is not { } location)
            {
                Path = path.Split('#')[0];
                var text = await answer.Content.ReadAsStringAsync();
                Assert.DoesNotContain("   at Connect.", text, StringComparison.Ordinal);
                return _page = Parser.ParseDocument(text);
            }
            if (Elsewhere is not null && location.IsAbsoluteUri && location.Scheme is "http" or "https")
            {
                var to = Elsewhere(location);
                (method, path, content, host) = (HttpMethod.Get, to.AbsoluteUri, null, to.Authority == location.Authority ? null : location.Authority);
                continue;
            }
            host = null;
            Assert.False(location.IsAbsoluteUri && location.Scheme is "http" or "https" && !location.ToString().StartsWith(_url, StringComparison.Ordinal), $"led away to {location}");
            (method, path, content) = (HttpMethod.Get, location.IsAbsoluteUri && location.Scheme == "http" ? location.PathAndQuery : location.ToString(), null);
        }
        throw new InvalidOperationException("Too many redirects.");
    }
}
