using System.Net;
using Connect.BoardWeb.Tests.Stage;
using Dapper;
using Microsoft.Playwright;
using Xunit;

namespace Connect.BoardWeb.Tests;

/// <summary>Passkeys, with the authenticator that a real browser can pretend to have. The board is called localhost: passkeys belong to a name.</summary>
public sealed class PasskeyTests(MariaDbStage mariaDb, MySqlStage mysql, BrowserTests.Chromium chromium) : IClassFixture<BrowserTests.Chromium>
{
    /// <summary>Milliseconds that making or using a key may take: a pretended device, a form and a page, on a machine that does other things.</summary>
    private const float Patience = 20_000;

    private static readonly LocatorAssertionsToHaveTextOptions Patiently = new() { Timeout = Patience };

    private static readonly LocatorAssertionsToContainTextOptions Contains = new() { Timeout = Patience };

    [Theory]
    [InlineData("MariaDB")]
    [InlineData("MySQL")]
    public async Task A_passkey_is_added_signs_in_on_every_node_and_is_removed(string engine)
    {
        var stage = StageOn.Of(engine, mariaDb, mysql);
        var (here, there) = (Named(stage.A), Named(stage.B));
        var faults = new List<string>();
        var page = await OpenAsync(faults, here);
        var name = $"Keyholder {PageTests.Unique()}";
        await page.GotoAsync(here + "/signup");
        await page.GetByLabel("Name").FillAsync(name);
        await page.GetByLabel("Password").FillAsync(PlainBrowser.Password);
        await page.Locator("main").GetByRole(AriaRole.Button, new() { Name = "Sign up" }).ClickAsync();
        await Assertions.Expect(page.Locator(".me")).ToHaveTextAsync(name, Patiently);
        await page.GotoAsync(here + "/account/sign-in");
        await page.GetByLabel("What is the new one called?").FillAsync("My laptop");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a passkey" }).ClickAsync();
        await Assertions.Expect(page.Locator(".passkeys li b")).ToHaveTextAsync("My laptop", Patiently);
        Assert.Equal((1L, true), await stage.SqlAsync(c => c.QuerySingle<(long, bool)>("SELECT COUNT(*), MIN(p.usable) FROM passkey p JOIN account a ON a.id = p.account_id WHERE a.name = @name", new { name })));

        // The same device is not added twice.
        await page.GetByLabel("What is the new one called?").FillAsync("Again");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a passkey" }).ClickAsync();
        await Assertions.Expect(page.Locator("#add-passkey [role=alert]")).ToContainTextAsync("already", Contains);

        string? sent = null;
        page.Request += (_, request) => sent = request.Method == "POST" && request.Url.EndsWith("/signin/passkey", StringComparison.Ordinal) ? request.PostData : sent;
        foreach (var node in new[] { there, here })
        {
            await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
            await page.GotoAsync(node + "/signin?returnUrl=%2Fc%2Fgeneral");
            await page.GetByRole(AriaRole.Link, new() { Name = "Sign in with a passkey" }).ClickAsync();
            await page.GetByRole(AriaRole.Button, new() { Name = "Use a passkey" }).ClickAsync();
            await Assertions.Expect(page.Locator(".me")).ToHaveTextAsync(name, Patiently);
            Assert.Equal(node + "/c/general", page.Url);
        }

        // What was sent answers one question, at one address, and no other.
        Assert.NotNull(sent);
        var answer = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(sent)["Answer"].ToString();
        using var thief = new PlainBrowser(stage.A.Url);
        await thief.GoAsync("/signin/passkey");
        Assert.Null((await thief.SendAsync("#passkey", ("Answer", answer))).QuerySelector(".me"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, thief.Status);
        Assert.Null((await thief.SendAsync("#passkey", ("Answer", answer), ("State", Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(sent)["State"].ToString()))).QuerySelector(".me"));

        await page.GotoAsync(here + "/account/sign-in");
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove My laptop" }).ClickAsync();
        await Assertions.Expect(page.GetByText("You have no passkeys.")).ToBeVisibleAsync(new() { Timeout = Patience });
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await page.GotoAsync(there + "/signin/passkey");
        await page.GetByRole(AriaRole.Button, new() { Name = "Use a passkey" }).ClickAsync();
        await Assertions.Expect(page.Locator("#passkey [role=alert]")).ToContainTextAsync("not known here", Contains);
        Assert.DoesNotContain(faults, f => !f.Contains("422", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("[[[[")]
    [InlineData("""{"id":"AA","rawId":"AA","type":"public-key","response":{"authenticatorData":"","signature":"","clientDataJSON":"","userHandle":"AAAAAAAAAAAAAAAAAAAAAA"},"clientExtensionResults":{}}""")]
    [InlineData("""{"id":"AA","rawId":"AA","type":"public-key","response":{"attestationObject":"oA","clientDataJSON":"e30"},"clientExtensionResults":{}}""")]
    public async Task What_is_no_answer_is_refused_in_plain_words(string answer)
    {
        using var browser = new PlainBrowser(mariaDb.A.Url);
        await browser.GoAsync("/signin/passkey");
        var page = await browser.SendAsync("#passkey", ("Answer", answer));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, browser.Status);
        Assert.Contains("Try again", page.QuerySelector("[role=alert]")!.TextContent, StringComparison.Ordinal);
        await browser.SendAsync("#passkey", ("Answer", answer), ("State", "forged"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, browser.Status);
        await browser.SignUpAsync($"Odd {PageTests.Unique()}");
        await browser.GoAsync("/account/sign-in");
        page = await browser.SendAsync("#add-passkey", ("Label", "x"), ("Answer", answer));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, browser.Status);
        Assert.Contains("no passkey", page.QuerySelector("#add-passkey [role=alert]")!.TextContent, StringComparison.Ordinal);
    }

    private static string Named(BoardNode node) => node.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal);

    private async Task<IPage> OpenAsync(List<string> faults, string at)
    {
        Assert.SkipWhen(chromium.Browser is null, $"There is no browser at {BrowserTests.Chromium.Path}: set CONNECT_CHROMIUM.");
        var context = await chromium.Browser!.NewContextAsync(new() { ExtraHTTPHeaders = [new("X-Forwarded-For", $"198.51.100.{Random.Shared.Next(1, 255)}")] });
        context.SetDefaultTimeout(10000);
        var page = await context.NewPageAsync();
        page.Console += (_, message) =>
        {
            if (message.Type == "error") lock (faults) faults.Add(message.Text);
        };
        await page.GotoAsync(at); // a device belongs to the process that shows the board: the empty page has another one
        var devices = await context.NewCDPSessionAsync(page);
        await devices.SendAsync("WebAuthn.enable");
        await devices.SendAsync("WebAuthn.addVirtualAuthenticator", new()
        {
            ["options"] = new Dictionary<string, object>
            {
                ["protocol"] = "ctap2",
                ["transport"] = "internal",
                ["hasResidentKey"] = true,
                ["hasUserVerification"] = true,
                ["isUserVerified"] = true,
                ["automaticPresenceSimulation"] = true,
            },
        });
        return page;
    }
}
