using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AngleSharp.Html.Dom;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Tests.Stage;
using Connect.Node.Database;
using Connect.Node.Settings;
using Dapper;
using Xunit;

namespace Connect.BoardWeb.Tests;

/// <summary>Signing in with other sites: an issuer of OpenID Connect and a Facebook of these tests' own, through two nodes.</summary>
public sealed class SignInTests(MariaDbStage mariaDb, MySqlStage mysql)
{
    public static TheoryData<string, string> Sites => new() { { "MariaDB", "example" }, { "MariaDB", "facebook" }, { "MySQL", "example" }, { "MySQL", "facebook" } };

    [Theory]
    [MemberData(nameof(Sites))]
    public async Task Somebody_of_another_site_chooses_a_name_once_and_is_known_on_every_node(string engine, string site)
    {
        var stage = StageOn.Of(engine, mariaDb, mysql);
        var (subject, name) = Person(stage, site);
        using var browser = Browser(stage, stage.A);
        await browser.GoAsync("/signin?returnUrl=%2Fc%2Fgeneral");
        var page = await browser.FollowAsync($".sign-in-with a[href*='/with/{site}']");
        Assert.Contains(browser.Visited, p => p.StartsWith($"{stage.B.Url}/signin/callback/", StringComparison.Ordinal)); // begun on one node, back to the other
        Assert.Equal(name, page.QuerySelector("#name")!.GetAttribute("value"));
        Assert.Null(page.QuerySelector(".me"));
        page = await browser.SendAsync("main form");
        Assert.Equal((name, "/c/general"), (page.QuerySelector(".me")!.TextContent, browser.Path));

        // Known now, and not asked again, also in another browser and on the other node.
        using var other = Browser(stage, stage.B);
        await other.GoAsync("/signup");
        page = await other.FollowAsync($".sign-in-with a[href*='/with/{site}']");
        Assert.Equal((name, "/"), (page.QuerySelector(".me")!.TextContent, other.Path));
        Assert.Empty(stage.Issuer.Complaints);

        var kept = await stage.SqlAsync(c => c.Query("SELECT l.provider, l.subject_hash, l.linked FROM external_login l JOIN account a ON a.id = l.account_id WHERE a.name = @name", new { name }).Single());
        var issuer = site == "example" ? stage.Issuer.Url : "https://www.facebook.com";
        Assert.Equal((site, Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{issuer}\n{subject}")))), ((string)kept.provider, Convert.ToHexString((byte[])kept.subject_hash)));
        Assert.All<string>(["connect", "connect-external", "connect-form"], cookie => Assert.DoesNotContain("mail.example", other.Cookie(cookie) ?? "", StringComparison.Ordinal));
        Assert.Null(other.Cookie("connect-external"));
    }

    public static TheoryData<string> Spoilings => new("nonce", "no nonce", "audience", "issuer", "no subject", "old", "alg none", "alg none with a signature", "no signature", "shared secret", "another key", "changed after it was signed");

    [Theory]
    [MemberData(nameof(Spoilings))]
    public async Task A_token_that_is_not_what_it_should_be_signs_nobody_in(string what)
    {
        var (_, name) = Person(mariaDb, "example");
        using var anotherKey = RSA.Create(2048);
        try
        {
            mariaDb.Issuer.Spoil = what switch
            {
                "nonce" => c => c["nonce"] = "another",
                "no nonce" => c => c.Remove("nonce"),
                "audience" => c => c["aud"] = "another-client",
                "issuer" => c => c["iss"] = "https://another.example",
                "no subject" => c => c.Remove("sub"),
                "old" => c => (c["iat"], c["exp"]) = (DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 900, DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 600),
                _ => null,
            };
            mariaDb.Issuer.Sign = what switch
            {
                "alg none" => (_, c) => FakeIssuer.Jwt("""{"alg":"none","typ":"JWT"}""", c, _ => []),
                "alg none with a signature" => (i, c) => FakeIssuer.Jwt("""{"alg":"none","typ":"JWT"}""", c, i.SignRs256),
                "no signature" => (_, c) => FakeIssuer.Jwt("""{"alg":"RS256","kid":"one","typ":"JWT"}""", c, _ => []),
                "shared secret" => (_, c) => FakeIssuer.Jwt("""{"alg":"HS256","typ":"JWT"}""", c, b => HMACSHA256.HashData(Encoding.ASCII.GetBytes(FakeIssuer.Secret), b)),
                "another key" => (_, c) => FakeIssuer.Jwt("""{"alg":"RS256","kid":"one","typ":"JWT"}""", c, b => anotherKey.SignData(b, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)),
                "changed after it was signed" => Changed,
                _ => null,
            };
            var redeemed = mariaDb.Issuer.Redeemed;
            using var browser = Browser(mariaDb, mariaDb.A);
            var page = await browser.GoAsync("/signin/with/example?returnUrl=%2F");
            Assert.Equal(HttpStatusCode.BadRequest, browser.Status);
            Assert.Equal(redeemed + 1, mariaDb.Issuer.Redeemed); // it came as far as the token
            Assert.Contains("is not valid", page.QuerySelector("[role=alert]")!.TextContent, StringComparison.Ordinal);
            Assert.Null(page.QuerySelector(".me"));
            Assert.Null(browser.Cookie("connect"));
            Assert.Null(browser.Cookie("connect-external"));
        }
        finally
        {
            (mariaDb.Issuer.Spoil, mariaDb.Issuer.Sign) = (null, null);
        }
        Assert.Equal(0, await mariaDb.SqlAsync(c => c.ExecuteScalar<int>("SELECT COUNT(*) FROM account WHERE name = @name", new { name })));
    }

    /// <summary>The signature of one token on the claims of another.</summary>
    private static string Changed(FakeIssuer issuer, Dictionary<string, object> claims)
    {
        var parts = FakeIssuer.Jwt("""{"alg":"RS256","kid":"one","typ":"JWT"}""", claims, issuer.SignRs256).Split('.');
        claims["sub"] = "somebody-else";
        return $"{parts[0]}.{FakeIssuer.Jwt("{}", claims, _ => []).Split('.')[1]}.{parts[2]}";
    }

    [Theory]
    [InlineData("example")]
    [InlineData("facebook")]
    public async Task An_answer_works_once_and_only_in_the_browser_that_asked(string site)
    {
        Person(mariaDb, site);
        // The attacker signs in at the other site and keeps the answer for somebody else.
        Uri? answer = null;
        using var attacker = new PlainBrowser(mariaDb.A.Url) { Elsewhere = to => to.AbsolutePath.StartsWith("/signin/callback/", StringComparison.Ordinal) ? Keep(to) : to };
        await attacker.GoAsync($"/signin/with/{site}");
        Assert.NotNull(answer);
        using var victim = Browser(mariaDb, mariaDb.A);
        var page = await victim.GoAsync(answer.PathAndQuery);
        Assert.Equal(HttpStatusCode.BadRequest, victim.Status);
        Assert.Contains("another browser", page.QuerySelector("[role=alert]")!.TextContent, StringComparison.Ordinal);
        Assert.Null(victim.Cookie("connect-external"));

        using var browser = Browser(mariaDb, mariaDb.A);
        page = await browser.GoAsync($"/signin/with/{site}");
        Assert.NotNull(page.QuerySelector("#name"));
        var once = browser.Visited.Last(p => p.Contains("/signin/callback/", StringComparison.Ordinal));
        page = await browser.GoAsync(once);
        Assert.Equal(HttpStatusCode.BadRequest, browser.Status);
        foreach (var forged in new[] { "state=forged&code=x", "code=x", "state=&code=", "error=server_error", "" })
        {
            await browser.GoAsync($"/signin/callback/{site}?{forged}");
            Assert.InRange((int)browser.Status, 400, 499);
        }

        Uri Keep(Uri to)
        {
            answer = to;
            return new(mariaDb.A.Url + "/reset");
        }
    }

    [Theory]
    [InlineData("example")]
    [InlineData("facebook")]
    public async Task Whoever_says_no_there_is_told_so_in_plain_words(string site)
    {
        Person(mariaDb, site);
        mariaDb.Issuer.Refuses = mariaDb.Facebook.Refuses = true;
        try
        {
            using var browser = Browser(mariaDb, mariaDb.A);
            var page = await browser.GoAsync($"/signin/with/{site}");
            Assert.Contains("did not agree", page.QuerySelector("[role=alert]")!.TextContent, StringComparison.Ordinal);
            Assert.Null(browser.Cookie("connect"));
        }
        finally
        {
            mariaDb.Issuer.Refuses = mariaDb.Facebook.Refuses = false;
        }
    }

    [Theory]
    [InlineData("asleep")]
    [InlineData("example")]
    [InlineData("facebook")]
    public async Task A_site_that_does_not_answer_costs_seconds_and_nobody_else_waits(string site)
    {
        Person(mariaDb, site);
        mariaDb.Issuer.TokensSleep = mariaDb.Facebook.ProfilesSleep = true;
        try
        {
            var began = Stopwatch.GetTimestamp();
            var people = Enumerable.Range(0, 4).Select(async _ =>
            {
                using var browser = Browser(mariaDb, mariaDb.A);
                var page = await browser.GoAsync($"/signin/with/{site}");
                Assert.Equal(HttpStatusCode.BadGateway, browser.Status);
                Assert.Contains("does not answer", page.QuerySelector("[role=alert]")!.TextContent, StringComparison.Ordinal);
            }).ToList();
            using var reader = new PlainBrowser(mariaDb.A.Url);
            await reader.GoAsync("/signin");
            Assert.Equal(HttpStatusCode.OK, reader.Status);
            await Task.WhenAll(people);
            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(14), $"it took {Stopwatch.GetElapsedTime(began)}");
        }
        finally
        {
            mariaDb.Issuer.TokensSleep = mariaDb.Facebook.ProfilesSleep = false;
        }
    }

    [Theory]
    [InlineData("//evil.example/")]
    [InlineData("/\\evil.example")]
    [InlineData("https://evil.example/")]
    [InlineData("javascript:alert(1)")]
    [InlineData("/\t/evil.example")]
    [InlineData("/\r\nSet-Cookie: connect=mine")]
    public async Task Nobody_is_led_away_on_the_way_back(string returnUrl)
    {
        var (_, name) = Person(mariaDb, "example");
        using var browser = Browser(mariaDb, mariaDb.A);
        await browser.GoAsync($"/signin/with/example?returnUrl={Uri.EscapeDataString(returnUrl)}");
        var page = await browser.SendAsync("main form", ("ReturnUrl", returnUrl));
        Assert.Equal((name, "/"), (page.QuerySelector(".me")!.TextContent, browser.Path));
    }

    [Fact]
    public async Task A_name_keeps_to_the_rules_and_is_nobody_elses()
    {
        var taken = $"Taken {PageTests.Unique()}";
        using (var first = new PlainBrowser(mariaDb.A.Url)) await first.SignUpAsync(taken);
        Person(mariaDb, "example", "<script>alert(1)</script> 🎈 x@mail.example");
        using var browser = Browser(mariaDb, mariaDb.A);
        var page = await browser.GoAsync("/signin/with/example");
        Assert.Equal("", page.QuerySelector("#name")!.GetAttribute("value")); // an address is not proposed
        foreach (var (name, status) in new[] { ("", HttpStatusCode.UnprocessableEntity), ("x\u202Ey", HttpStatusCode.UnprocessableEntity), ("<b>", HttpStatusCode.UnprocessableEntity), (taken, HttpStatusCode.Conflict), (taken.ToUpperInvariant().Replace(' ', '_'), HttpStatusCode.Conflict) })
        {
            page = await browser.SendAsync("main form", ("Name", name));
            Assert.Equal(status, browser.Status);
            Assert.NotEmpty(page.QuerySelector(".fault")!.TextContent);
            Assert.Null(page.QuerySelector(".me"));
        }
        var form = (IHtmlFormElement)page.QuerySelector("main form")!;
        var free = $"Free {PageTests.Unique()}";
        page = await browser.SendFormAsync(form, ("Name", free));
        Assert.Equal(free, page.QuerySelector(".me")!.TextContent);
        // The same form once more: the cookie is gone, and no second account is made.
        await browser.SendFormAsync(form, ("Name", $"Second {PageTests.Unique()}"));
        Assert.Equal(HttpStatusCode.BadRequest, browser.Status);
        Person(mariaDb, "example", "  Ann   O'Neill 🎈 ");
        using var other = Browser(mariaDb, mariaDb.A);
        Assert.Equal("Ann ONeill", (await other.GoAsync("/signin/with/example")).QuerySelector("#name")!.GetAttribute("value"));
    }

    [Fact]
    public async Task Bans_and_signing_out_everywhere_apply_as_for_a_password()
    {
        Person(mariaDb, "example");
        using var browser = Browser(mariaDb, mariaDb.A);
        await browser.GoAsync("/signin/with/example");
        var page = await browser.SendAsync("main form");
        var person = page.QuerySelector(".me")!.GetAttribute("href")!["/u/".Length..];
        using var admin = mariaDb.Admin(mariaDb.A);
        (await admin.PutAsJsonAsync($"/api/v1/accounts/{person}/ban", new { until = DateTimeOffset.UtcNow.AddDays(1), reason = "spam" })).EnsureSuccessStatusCode();
        using var again = Browser(mariaDb, mariaDb.A);
        page = await again.GoAsync("/signin/with/example");
        Assert.NotNull(page.QuerySelector(".me")); // may read, as with a password
        await again.GoAsync("/new-channel");
        page = await again.SendAsync("main form", ("Slug", "banned"), ("Title", "banned"));
        Assert.Equal(HttpStatusCode.Forbidden, again.Status);
        Assert.Contains("spam", page.Body!.TextContent, StringComparison.Ordinal);
        await again.GoAsync("/account");
        await again.SendAsync("#everywhere");
        Assert.Null((await browser.GoAsync("/")).QuerySelector(".me"));
    }

    [Theory]
    [InlineData("MariaDB")]
    [InlineData("MySQL")]
    public async Task An_account_links_and_unlinks_other_sites_but_not_its_last_way_in(string engine)
    {
        var stage = StageOn.Of(engine, mariaDb, mysql);
        Person(stage, "example");
        var name = $"Linked {PageTests.Unique()}";
        using var owner = Browser(stage, stage.A);
        await owner.SignUpAsync(name);
        await owner.GoAsync("/account/sign-in");
        var page = await owner.FollowAsync("a[href*='/with/example']");
        Assert.Equal("/account/sign-in", owner.Path);
        Assert.Contains("Example", page.QuerySelector(".log b")!.TextContent, StringComparison.Ordinal);
        using var other = Browser(stage, stage.B);
        Assert.Equal(name, (await other.GoAsync("/signin/with/example")).QuerySelector(".me")!.TextContent);

        // Another account cannot have it too.
        using var thief = Browser(stage, stage.A);
        await thief.SignUpAsync($"Thief {PageTests.Unique()}");
        await thief.GoAsync("/account/sign-in");
        page = await thief.FollowAsync("a[href*='/with/example']");
        Assert.Equal(HttpStatusCode.Conflict, thief.Status);
        Assert.Contains(name, page.QuerySelector("[role=alert]")!.TextContent, StringComparison.Ordinal);

        await owner.GoAsync("/account/sign-in");
        page = await owner.SendAsync(".log form");
        Assert.Null(page.QuerySelector(".log form"));
        Assert.Equal(name, page.QuerySelector(".me")!.TextContent); // this browser stays
        await Wait.UntilAsync(async () => (await other.GoAsync("/")).QuerySelector(".me") is null, Sessions.Known + TimeSpan.FromSeconds(5), "whoever came in that way is out");
        page = await other.GoAsync("/signin/with/example");
        Assert.NotNull(page.QuerySelector("#name")); // nobody's any more

        // That one has no password: its link is its last way in.
        page = await other.SendAsync("main form", ("Name", $"Only {PageTests.Unique()}"));
        await other.GoAsync("/account/sign-in");
        page = await other.SendAsync(".log form");
        Assert.Equal(HttpStatusCode.Conflict, other.Status);
        Assert.Contains("last way", page.QuerySelector("[role=alert]")!.TextContent, StringComparison.Ordinal);
        Person(stage, "facebook");
        await other.GoAsync("/account/sign-in");
        await other.FollowAsync("a[href*='/with/facebook']");
        page = await other.SendAsync(".log form");
        Assert.Equal(HttpStatusCode.OK, other.Status);
        Assert.Equal(["Facebook"], page.QuerySelectorAll(".log b").Select(b => b.TextContent));
    }

    [Fact]
    public async Task A_program_lists_and_removes_ways_in_too()
    {
        Person(mariaDb, "example");
        using var owner = Browser(mariaDb, mariaDb.A);
        await owner.GoAsync("/signin/with/example");
        await owner.SendAsync("main form");
        await owner.GoAsync("/account/tokens");
        var token = (await owner.SendAsync("#make", ("Label", "x"), ("Scopes", "administer"))).QuerySelector(".secret")!.TextContent;
        using var program = mariaDb.B.Client(token);
        Assert.Equal(HttpStatusCode.Forbidden, (await program.GetAsync("/api/v1/logins")).StatusCode);
        await owner.GoAsync("/account/tokens");
        using var reader = mariaDb.B.Client((await owner.SendAsync("#make", ("Label", "y"), ("Scopes", "read"))).QuerySelector(".secret")!.TextContent);
        var login = (await reader.GetFromJsonAsync<JsonElement>("/api/v1/logins")).GetProperty("items")[0];
        Assert.True(login.GetProperty("leadsHere").GetBoolean());
        await ApiContractTests.AssertProblemAsync(await program.DeleteAsync($"/api/v1/logins/{login.GetProperty("id").GetGuid()}"), 409);
        await ApiContractTests.AssertProblemAsync(await program.DeleteAsync($"/api/v1/logins/{Guid.NewGuid()}"), 404);
    }

    /// <summary>Somebody who is signed in is led by another site's page into linking what that page's owner signs in with.</summary>
    [Fact]
    public async Task Nobody_is_led_into_linking()
    {
        Person(mariaDb, "example");
        using var victim = Browser(mariaDb, mariaDb.A);
        await victim.SignUpAsync($"Victim {PageTests.Unique()}");
        using var attacker = Browser(mariaDb, mariaDb.A);
        await attacker.SignUpAsync($"Attacker {PageTests.Unique()}");
        var stolen = (await attacker.GoAsync("/account/sign-in")).QuerySelector("a[href*='/with/example']")!.GetAttribute("href")!;
        foreach (var path in new[] { stolen, "/signin/with/example?ticket=", "/signin/with/example?ticket=forged" })
        {
            var page = await victim.GoAsync(path);
            Assert.Equal(HttpStatusCode.BadRequest, victim.Status);
            Assert.Contains("not linked", page.QuerySelector("[role=alert]")!.TextContent, StringComparison.Ordinal);
        }
        Assert.Null((await victim.GoAsync("/account/sign-in")).QuerySelector(".log form"));
        Assert.Equal(HttpStatusCode.NotFound, (await StatusAsync("/signin/with/nobody")));

        async Task<HttpStatusCode> StatusAsync(string path)
        {
            await victim.GoAsync(path);
            return victim.Status;
        }
    }

    /// <summary>On two sides of a partition one person signed up twice: the earliest link leads on every node, whichever arrived first, and both pages say so.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Two_accounts_of_one_subject_lead_to_the_earlier_one_and_show_it(bool laterFirst)
    {
        var (subject, _) = Person(mariaDb, "example");
        var ids = new Uuid7(TimeProvider.System);
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{mariaDb.Issuer.Url}\n{subject}"));
        (string Name, byte[] Account, byte[] Link)[] both = [.. Enumerable.Range(0, 2).Select(n => ($"Side {n} {PageTests.Unique()}", Uuid7.ToBytes(ids.Next()), Uuid7.ToBytes(ids.Next())))];
        foreach (var (name, account, link) in laterFirst ? both.Reverse() : both)
        {
            await mariaDb.SqlAsync(c => c.Execute("INSERT INTO account (id,node,name,name_key) VALUES (@account,4714,@name,@key)", new { account, name, key = AccountName.KeyOf(name) }));
            await mariaDb.SqlAsync(c => c.Execute("INSERT INTO external_login (id,node,account_id,provider,subject_hash,linked) VALUES (@link,4714,@account,'example',@hash,1)", new { link, account, hash }));
        }
        using var browser = Browser(mariaDb, mariaDb.B);
        Assert.Equal(both[0].Name, (await browser.GoAsync("/signin/with/example")).QuerySelector(".me")!.TextContent);
        Assert.Contains(both[1].Name, (await browser.GoAsync("/account/sign-in")).QuerySelector(".log .notice")!.TextContent, StringComparison.Ordinal);
        // The later one unlinks it elsewhere meanwhile, or the earlier one does: then there is one.
        await browser.SendAsync(".log form");
        Assert.Equal(HttpStatusCode.Conflict, browser.Status); // its last way in
        await mariaDb.SqlAsync(c => c.Execute("INSERT INTO external_login (id,node,account_id,provider,subject_hash,linked) VALUES (@id,4714,@account,'example',@hash,0)", new { id = Uuid7.ToBytes(ids.Next()), account = both[0].Account, hash }));
        using var other = Browser(mariaDb, mariaDb.A);
        Assert.Equal(both[1].Name, (await other.GoAsync("/signin/with/example")).QuerySelector(".me")!.TextContent);
    }

    [Theory]
    [InlineData("""{ "name": "x", "authority": "https://a.example", "clientId": "c", "clientSecretFile": "s" }""", null)]
    [InlineData("""{ "name": "x", "kind": "facebook", "clientId": "c", "clientSecretFile": "s" }""", null)]
    [InlineData("""{ "name": "x", "authority": "http://127.0.0.1:5000", "clientId": "c", "clientSecretFile": "s" }""", null)]
    [InlineData("""{ "name": "x", "authority": "http://a.example", "clientId": "c", "clientSecretFile": "s" }""", "https address")]
    [InlineData("""{ "name": "x", "clientId": "c", "clientSecretFile": "s" }""", "https address")]
    [InlineData("""{ "name": "X/..", "authority": "https://a.example", "clientId": "c", "clientSecretFile": "s" }""", "a-z, 0-9")]
    [InlineData("""{ "name": "x", "authority": "https://a.example", "clientId": "c" }""", "no secret")]
    [InlineData("""{ "name": "x", "authority": "https://a.example", "clientSecretFile": "s" }""", "clientId")]
    [InlineData("""{ "name": "x", "kind": "saml", "authority": "https://a.example", "clientId": "c", "clientSecretFile": "s" }""", "kind must be")]
    [InlineData("""{ "name": "x", "authority": "https://a.example", "clientId": "c", "clientSecret": "in clear" }""", "holds a clientSecret")]
    public void Settings_say_what_is_wrong_with_them(string entry, string? fault)
    {
        var folder = Directory.CreateTempSubdirectory("connect-signin-");
        try
        {
            var file = Path.Combine(folder.FullName, "node.json");
            File.WriteAllText(file, $$"""{ "name": "n1", "web": { "signIn": [ {{entry}} ] } }""");
            if (fault is null) Assert.Equal("x", NodeSettings.Load(file).Web.SignIn.Single().ShownAs);
            else Assert.Contains(fault, Assert.Throws<SettingsException>(() => NodeSettings.Load(file)).Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Whoever signs in elsewhere from now on.</summary>
    private static (string Subject, string Name) Person(StageOn stage, string site, string? name = null)
    {
        var (subject, called) = (Guid.NewGuid().ToString("N"), name ?? $"Newcomer {PageTests.Unique()}");
        if (site == "facebook") stage.Facebook.Person = (subject, called);
        else stage.Issuer.Person = (subject, called);
        return (subject, called);
    }

    /// <summary>A browser at one node whose way back from the other site leads to the other node, as a load balancer may have it.</summary>
    private static PlainBrowser Browser(StageOn stage, BoardNode at)
    {
        var other = at == stage.A ? stage.B : stage.A;
        string[] known = [new Uri(stage.Issuer.Url).Authority, new Uri(stage.Asleep.Url).Authority, new Uri(stage.Facebook.Url).Authority, new Uri(at.Url).Authority, new Uri(other.Url).Authority];
        return new(at.Url)
        {
            Elsewhere = to =>
            {
                Assert.Contains(to.Authority, known);
                return to.AbsolutePath.StartsWith("/signin/callback/", StringComparison.Ordinal) ? new(other.Url + to.PathAndQuery) : to;
            },
        };
    }
}
