using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Connect.BoardWeb.Tests.Stage;
using Dapper;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Playwright;
using Xunit;

namespace Connect.BoardWeb.Tests;

/// <summary>Passkeys, with the authenticator that a real browser can pretend to have. The board is called localhost: passkeys belong to a name.</summary>
public sealed class PasskeyTests(MariaDbStage mariaDb, MySqlStage mysql, BrowserTests.Chromium chromium) : IClassFixture<BrowserTests.Chromium>
{
    [Theory]
    [InlineData("MariaDB")]
    [InlineData("MySQL")]
    public async Task A_passkey_is_added_signs_in_on_every_node_and_is_removed(string engine)
    {
        var stage = StageOn.Of(engine, mariaDb, mysql);
        var (here, there) = (Named(stage.A), Named(stage.B));
        var faults = new List<string>();
        var (page, _, _) = await OpenAsync(faults, here);
        var name = await AddAsync(page, here);
        Assert.Equal(1, await stage.SqlAsync(c => c.ExecuteScalar<int>("SELECT COUNT(*) FROM passkey p JOIN account a ON a.id = p.account_id WHERE a.name = @name AND p.usable", new { name })));

        // The same device is not added twice.
        await page.GetByLabel("What is the new one called?").FillAsync("Again");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a passkey" }).ClickAsync();
        await Assertions.Expect(page.Locator("#add-passkey [role=alert]")).ToContainTextAsync("already");

        foreach (var node in new[] { there, here })
        {
            await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
            await page.GotoAsync(node + "/signin?returnUrl=%2Fc%2Fgeneral");
            await page.GetByRole(AriaRole.Link, new() { Name = "Sign in with a passkey" }).ClickAsync();
            await page.GetByRole(AriaRole.Button, new() { Name = "Use a passkey" }).ClickAsync();
            await Assertions.Expect(page.Locator(".me")).ToHaveTextAsync(name);
            Assert.Equal(node + "/c/general", page.Url);
        }

        await page.GotoAsync(here + "/account/sign-in");
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove My laptop" }).ClickAsync();
        await Assertions.Expect(page.GetByText("You have no passkeys.")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await page.GotoAsync(there + "/signin/passkey");
        await page.GetByRole(AriaRole.Button, new() { Name = "Use a passkey" }).ClickAsync();
        await Assertions.Expect(page.Locator("#passkey [role=alert]")).ToContainTextAsync("not known here");
        Assert.DoesNotContain(faults, f => !f.Contains("422", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_answer_is_good_once_for_its_own_question_and_at_its_own_address()
    {
        var (here, there) = (Named(mariaDb.A), Named(mariaDb.B));
        var (page, _, _) = await OpenAsync([], here);
        var name = await AddAsync(page, here);
        var sent = await CatchAsync(page, here);

        // At another address: the question is as good there as here.
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await SendAsync(there, sent.State, sent.Answer, null));
        // With another question.
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await SendAsync(here, null, sent.Answer, null));
        // In it there is another challenge, another origin, or another person.
        var client = Changed(sent.Answer, "clientDataJSON", text => text.Replace(here, "http://localhost.evil.example", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await SendAsync(here, sent.State, client, null));
        var handle = JsonNode.Parse(sent.Answer)!;
        handle["response"]!["userHandle"] = WebEncoders.Base64UrlEncode(Guid.NewGuid().ToByteArray());
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await SendAsync(here, sent.State, handle.ToJsonString(), null));
        // All of that was refused for its own sake: as it is, it signs in, and does so once.
        Assert.Equal(HttpStatusCode.OK, await SendAsync(here, sent.State, sent.Answer, name));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await SendAsync(here, sent.State, sent.Answer, null));
    }

    [Theory]
    [InlineData("MariaDB")]
    [InlineData("MySQL")]
    public async Task A_key_that_counts_backwards_is_a_copy_and_is_refused_on_every_node(string engine)
    {
        var stage = StageOn.Of(engine, mariaDb, mysql);
        var (here, there) = (Named(stage.A), Named(stage.B));
        var (page, devices, device) = await OpenAsync([], here);
        var name = await AddAsync(page, here);
        var id = new Dictionary<string, object> { ["authenticatorId"] = device };
        var copy = (await devices.SendAsync("WebAuthn.getCredentials", id))!.Value.GetProperty("credentials")[0];
        for (var i = 0; i < 2; i++)
        {
            var sent = await CatchAsync(page, here);
            Assert.Equal(HttpStatusCode.OK, await SendAsync(here, sent.State, sent.Answer, name));
        }
        var counted = await stage.SqlAsync(c => c.ExecuteScalar<uint>("SELECT MAX(u.counter) FROM passkey_use u JOIN account a ON a.id = u.account_id WHERE a.name = @name", new { name }));
        Assert.True(counted >= 2, $"it counted to {counted}");

        await devices.SendAsync("WebAuthn.clearCredentials", id);
        var copied = JsonSerializer.Deserialize<Dictionary<string, object>>(copy.GetRawText())!;
        copied["signCount"] = 0;
        await devices.SendAsync("WebAuthn.addCredential", new() { ["authenticatorId"] = device, ["credential"] = copied });
        var late = await CatchAsync(page, there);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await SendAsync(there, late.State, late.Answer, null));
        copied["signCount"] = (int)counted + 5;
        await devices.SendAsync("WebAuthn.clearCredentials", id);
        await devices.SendAsync("WebAuthn.addCredential", new() { ["authenticatorId"] = device, ["credential"] = copied });
        late = await CatchAsync(page, there);
        Assert.Equal(HttpStatusCode.OK, await SendAsync(there, late.State, late.Answer, name));
    }

    [Fact]
    public async Task A_program_lists_and_removes_its_own_and_nobody_elses()
    {
        var here = Named(mariaDb.A);
        var (page, _, _) = await OpenAsync([], here);
        var name = await AddAsync(page, here);
        using var owner = mariaDb.A.Client(await mariaDb.MemberAsync(name));
        using var other = mariaDb.A.Client(await mariaDb.MemberAsync($"Somebody {PageTests.Unique()}"));
        var passkey = (await owner.GetFromJsonAsync<JsonElement>("/api/v1/passkeys")).GetProperty("items").EnumerateArray().Single();
        Assert.Equal("My laptop", passkey.GetProperty("label").GetString());
        Assert.Equal(0, (await other.GetFromJsonAsync<JsonElement>("/api/v1/passkeys")).GetProperty("items").GetArrayLength());
        var path = $"/api/v1/passkeys/{passkey.GetProperty("id").GetString()}";
        Assert.Equal(HttpStatusCode.NotFound, (await other.DeleteAsync(path)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await owner.DeleteAsync(path)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await owner.DeleteAsync(path)).StatusCode);
        var late = await CatchAsync(page, here);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await SendAsync(here, late.State, late.Answer, null));
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

    /// <summary>Signs up and adds a passkey; the name.</summary>
    private static async Task<string> AddAsync(IPage page, string node)
    {
        var name = $"Keyholder {PageTests.Unique()}";
        await page.GotoAsync(node + "/signup");
        await page.GetByLabel("Name").FillAsync(name);
        await page.GetByLabel("Password").FillAsync(PlainBrowser.Password);
        await page.Locator("main").GetByRole(AriaRole.Button, new() { Name = "Sign up" }).ClickAsync();
        await Assertions.Expect(page.Locator(".me")).ToHaveTextAsync(name);
        await page.GotoAsync(node + "/account/sign-in");
        await page.GetByLabel("What is the new one called?").FillAsync("My laptop");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a passkey" }).ClickAsync();
        await Assertions.Expect(page.Locator(".passkeys li b")).ToHaveTextAsync("My laptop");
        return name;
    }

    /// <summary>What a browser sends when somebody signs in, caught before the board gets it.</summary>
    private static async Task<(string State, string Answer)> CatchAsync(IPage page, string node)
    {
        var caught = new TaskCompletionSource<string>();
        await page.RouteAsync("**/signin/passkey", async route =>
        {
            if (route.Request.Method != "POST")
            {
                await route.ContinueAsync();
                return;
            }
            var sent = route.Request.PostData ?? "";
            await route.FulfillAsync(new() { Status = 200, ContentType = "text/html", Body = "<!DOCTYPE html><title>Caught</title>" });
            caught.TrySetResult(sent);
        });
        await page.GotoAsync(node + "/signin/passkey");
        await page.GetByRole(AriaRole.Button, new() { Name = "Use a passkey" }).ClickAsync();
        var form = QueryHelpers.ParseQuery(await caught.Task.WaitAsync(TimeSpan.FromMilliseconds(BrowserTests.Patience)));
        // Until the browser has its answer, what it sends next could be the same once more, or go to the board after all.
        await Assertions.Expect(page).ToHaveTitleAsync("Caught");
        await page.UnrouteAllAsync();
        return (form["State"].ToString(), form["Answer"].ToString());
    }

    /// <summary>Sends an answer from another browser, with a form of its own.</summary>
    /// <param name="state">The question; null: the one that this browser was asked.</param>
    /// <param name="expected">Who is signed in afterwards; null: nobody.</param>
    private static async Task<HttpStatusCode> SendAsync(string node, string? state, string answer, string? expected)
    {
        using var browser = new PlainBrowser(node);
        await browser.GoAsync("/signin/passkey");
        var page = await browser.SendAsync("#passkey", [("Answer", answer), .. state is null ? Array.Empty<(string, string)>() : [("State", state)]]);
        Assert.Equal(expected, page.QuerySelector(".me")?.TextContent);
        return browser.Status;
    }

    /// <summary>An answer in which a part, which is text, is another.</summary>
    private static string Changed(string answer, string part, Func<string, string> change)
    {
        var json = JsonNode.Parse(answer)!;
        var text = Encoding.UTF8.GetString(WebEncoders.Base64UrlDecode(json["response"]![part]!.GetValue<string>()));
        Assert.NotEqual(text, change(text));
        json["response"]![part] = WebEncoders.Base64UrlEncode(Encoding.UTF8.GetBytes(change(text)));
        return json.ToJsonString();
    }

    private async Task<(IPage Page, ICDPSession Devices, string Device)> OpenAsync(List<string> faults, string at)
    {
        Assert.SkipWhen(chromium.Browser is null, $"There is no browser at {BrowserTests.Chromium.Path}: set CONNECT_CHROMIUM.");
        var context = await chromium.Browser!.NewContextAsync(new() { ExtraHTTPHeaders = [new("X-Forwarded-For", $"198.51.100.{Random.Shared.Next(1, 255)}")] });
        context.SetDefaultTimeout(BrowserTests.Patience);
        var page = await context.NewPageAsync();
        page.Console += (_, message) =>
        {
            if (message.Type == "error") lock (faults) faults.Add(message.Text);
        };
        await page.GotoAsync(at); // a device belongs to the process that shows the board: the empty page has another one
        var devices = await context.NewCDPSessionAsync(page);
        await devices.SendAsync("WebAuthn.enable");
        var device = await devices.SendAsync("WebAuthn.addVirtualAuthenticator", new()
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
        return (page, devices, device!.Value.GetProperty("authenticatorId").GetString()!);
    }
}
