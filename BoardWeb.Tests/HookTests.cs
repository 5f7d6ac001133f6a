using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Connect.BoardWeb.Hooks;
using Connect.BoardWeb.Sending;
using Connect.BoardWeb.Tests.Stage;
using Connect.Node.Settings;
using Dapper;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Connect.BoardWeb.Tests;

/// <summary>Webhooks: two boards and a real receiver.</summary>
public sealed class HookTests
{
    private const string Script = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";

    private static readonly string[] All = ["post.created", "topic.created", "post.changed", "report.created"];

    private static readonly string[] Unknown = ["everything"], Narrow = ["read", "write", "moderate"];

    public static TheoryData<string> Engines => new("MariaDB", "MySQL");

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_receiver_is_told_everything_once_by_one_node_in_order_and_signed(string engine)
    {
        await using var receiver = await HookReceiver.StartAsync();
        await using var stage = await SendingStage.StartAsync(engine, Loopback);
        using var admin = stage.Admin();
        using var other = stage.Admin(stage.B);
        await stage.TopicAsync("From before", "nobody is told of it");
        var (hook, secret) = await MakeAsync(admin, receiver.Url + "/in?key=of-the-receiver", All);
        var (topic, post) = await stage.TopicAsync(Script, Script);
        var reply = (await JsonAsync(await other.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "a reply" }))).GetProperty("id").GetGuid();
        (await admin.PutAsJsonAsync($"/api/v1/posts/{post}", new { body = "edited" })).EnsureSuccessStatusCode();
        (await admin.PostAsJsonAsync($"/api/v1/posts/{reply}/reports", new { reason = Script })).EnsureSuccessStatusCode();
        (await other.DeleteAsync($"/api/v1/posts/{reply}")).EnsureSuccessStatusCode();
        await receiver.WaitAsync(6);
        var told = receiver.Told.ToList();
        Assert.Equal(["post.changed", "post.changed", "post.created", "post.created", "report.created", "topic.created"], told.Select(t => t.Type).Order());
        Assert.Equal(6, told.Select(t => t.Id).Distinct().Count());
        foreach (var kind in new[] { "post.created", "post.changed" }) Assert.Equal(told.Where(t => t.Type == kind).Select(t => t.Id).Order(StringComparer.Ordinal), told.Where(t => t.Type == kind).Select(t => t.Id));
        Assert.All(told, t => Assert.True(t.IsSignedBy(secret)));
        Assert.All(told, t => Assert.Equal("/in", t.Path));
        Assert.All(told, t => Assert.InRange(t.At.ToUnixTimeSeconds() - long.Parse(t.Timestamp, CultureInfo.InvariantCulture), 0, 60));
        var opened = told.Single(t => t.Type == "topic.created");
        Assert.Equal((topic.ToString("N"), Script, "general"), (opened.Id, opened.Data.GetProperty("topic").GetProperty("title").GetString(), opened.Data.GetProperty("topic").GetProperty("channel").GetString()));
        var reported = told.Single(t => t.Type == "report.created").Data;
        Assert.Equal((Script, reply), (reported.GetProperty("report").GetProperty("reason").GetString(), reported.GetProperty("report").GetProperty("post").GetGuid()));
        var deleted = told.Last(t => t.Type == "post.changed").Data.GetProperty("post");
        Assert.Equal((true, JsonValueKind.Null), (deleted.GetProperty("deleted").GetBoolean(), deleted.GetProperty("body").ValueKind));

        await Wait.UntilAsync(async () => (await DeliveriesAsync(admin, hook)).Count == 6, TimeSpan.FromSeconds(10), "all of it is written down");
        Assert.All(await DeliveriesAsync(other, hook), d => Assert.Equal(("delivered", 204), (d.GetProperty("outcome").GetString(), d.GetProperty("status").GetInt32())));
        await stage.TopicAsync("One more");
        await receiver.WaitAsync(8);
        Assert.Equal(8, receiver.Told.Count); // nothing was told again meanwhile
        await Wait.UntilAsync(async () => (await DeliveriesAsync(admin, hook)).Count == 8, TimeSpan.FromSeconds(10), "that is written down too");

        // Another node goes on where the first one stopped.
        stage.A.Daemon.Writable = false;
        await Wait.UntilAsync(() => Task.FromResult(!stage.A.Service<SenderTurn>().IsOurs), TimeSpan.FromSeconds(10), "the first one is out");
        (await other.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "while nobody sends" })).EnsureSuccessStatusCode();
        stage.B.Daemon.Members = [("n1", "unreachable"), ("n2", "alive")];
        await receiver.WaitAsync(9);
        (await other.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "the last" })).EnsureSuccessStatusCode();
        await receiver.WaitAsync(10);
        Assert.Equal(["while nobody sends", "the last"], receiver.Told.Skip(8).Select(t => t.Data.GetProperty("post").GetProperty("body").GetString()));
        Assert.Equal(10, receiver.Told.Select(t => t.Id).Distinct().Count());
    }

    [Fact]
    public async Task What_is_not_taken_is_told_again_later_with_the_same_id()
    {
        await using var receiver = await HookReceiver.StartAsync();
        await using var stage = await SendingStage.StartAsync("MariaDB", Loopback);
        using var admin = stage.Admin();
        var (hook, secret) = await MakeAsync(admin, receiver.Url, ["topic.created"]);
        var bad = "";
        receiver.Answer = (context, told) =>
        {
            var title = told.Data.GetProperty("topic").GetProperty("title").GetString();
            context.Response.StatusCode = title == "Bad" && receiver.Told.Count(t => t.Id == told.Id) < 4 ? 500 : 200;
            if (title == "Bad") bad = told.Id;
            return context.Response.WriteAsync(new string('x', 100_000)); // more than anybody wants to read
        };
        await stage.TopicAsync("Bad");
        await stage.TopicAsync("Good");
        await Wait.UntilAsync(async () => (await DeliveriesAsync(admin, hook)).Count == 5, TimeSpan.FromSeconds(60), "the bad one was taken at the fourth attempt");
        var deliveries = await DeliveriesAsync(admin, hook);
        var ofBad = deliveries.Where(d => d.GetProperty("eventId").GetGuid().ToString("N") == bad).Reverse().ToList();
        Assert.Equal([("failed", 500, 1), ("failed", 500, 2), ("failed", 500, 3), ("delivered", 200, 4)], ofBad.Select(d => (d.GetProperty("outcome").GetString(), d.GetProperty("status").GetInt32(), d.GetProperty("attempt").GetInt32())));
        var tries = receiver.Told.Where(t => t.Id == bad).ToList();
        Assert.Single(tries.Select(t => t.Body).Distinct());
        Assert.All(tries, t => Assert.True(t.IsSignedBy(secret)));
        var pauses = tries.Zip(tries.Skip(1), (a, b) => b.At - a.At).ToList();
        Assert.True(pauses[0] >= TimeSpan.FromSeconds(0.1) && pauses[1] >= TimeSpan.FromSeconds(0.3) && pauses[2] >= TimeSpan.FromSeconds(0.9), string.Join(", ", pauses));
        Assert.True(receiver.Told.ToList().FindIndex(t => t.Id != bad) < 4, "one that is not taken held up the others");
    }

    [Fact]
    public async Task A_receiver_that_does_not_answer_is_switched_off_for_all_to_see_and_told_nothing_of_the_time_until_it_is_on_again()
    {
        await using var receiver = await HookReceiver.StartAsync();
        await using var stage = await SendingStage.StartAsync("MariaDB", s =>
        {
            Loopback(s);
            (s.Hooks.MaxFailures, s.Hooks.TimeoutSeconds) = (3, 0.3);
        });
        using var admin = stage.Admin();
        var (hook, _) = await MakeAsync(admin, receiver.Url, ["post.created"]);
        receiver.Answer = (context, _) => Task.Delay(TimeSpan.FromSeconds(20), context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        await stage.TopicAsync("Lost");
        await Wait.UntilAsync(async () => await StateAsync(admin, hook) == "failing", TimeSpan.FromSeconds(60), "it is switched off");
        var failed = await DeliveriesAsync(admin, hook);
        Assert.Equal(3, failed.Count);
        Assert.All(failed, d => Assert.Equal((0, "It did not answer within 0.3 s."), (d.GetProperty("status").GetInt32(), d.GetProperty("note").GetString())));
        await stage.TopicAsync("Meanwhile");
        receiver.Answer = (_, _) => Task.CompletedTask;
        receiver.Told.Clear();
        using var browser = await AdministratorAsync(stage);
        Assert.Contains("failed too often", (await browser.GoAsync("/hooks")).QuerySelector("main")!.TextContent, StringComparison.Ordinal);
        var page = await browser.GoAsync($"/hooks/{hook}");
        Assert.Contains("It did not answer within", page.QuerySelector(".log")!.TextContent, StringComparison.Ordinal);
        Assert.Contains("delivered: test", (await browser.SendAsync("#test")).QuerySelector(".log")!.TextContent, StringComparison.Ordinal);
        (await admin.PatchAsJsonAsync($"/api/v1/hooks/{hook}", new { on = true })).EnsureSuccessStatusCode();
        await stage.TopicAsync("Afterwards");
        await receiver.WaitAsync(2);
        Assert.Equal(["test", "post.created"], receiver.Told.Select(t => t.Type));
        Assert.Equal("Afterwards", receiver.Told.Last().Data.GetProperty("topic").GetProperty("title").GetString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("receiver.example")]
    [InlineData("http://receiver.example/")]
    [InlineData("http://127.0.0.1/")]
    [InlineData("https://127.0.0.1/")]
    [InlineData("https://127.1/")]
    [InlineData("https://2130706433/")]
    [InlineData("https://0x7f000001/")]
    [InlineData("https://0177.0.0.1/")]
    [InlineData("https://[::1]/")]
    [InlineData("https://[::ffff:127.0.0.1]/")]
    [InlineData("https://[::ffff:10.0.0.1]/")]
    [InlineData("https://10.1.2.3/")]
    [InlineData("https://172.16.0.1/")]
    [InlineData("https://192.168.1.1/")]
    [InlineData("https://100.64.0.1/")]
    [InlineData("https://169.254.169.254/latest/meta-data/")]
    [InlineData("https://0.0.0.0/")]
    [InlineData("https://[fd00::1]/")]
    [InlineData("https://[fe80::1]/")]
    [InlineData("https://[64:ff9b::7f00:1]/")]
    [InlineData("https://[2002:7f00:1::]/")]
    [InlineData("https://user:password@receiver.example/")]
    [InlineData("https://receiver.example/#part")]
    [InlineData("https://receiver.example/\r\nHost: evil.example")]
    [InlineData("ftp://receiver.example/")]
    [InlineData("file:///etc/passwd")]
    [InlineData("javascript:alert(1)")]
    [InlineData("gopher://127.0.0.1:3306/")]
    public void What_leads_where_the_board_should_not_go_is_not_registered(string? url) => Assert.NotNull(HookRules.UrlFault(url, new HookSettings()));

    [Theory]
    [InlineData("https://receiver.example/hooks?key=1")]
    [InlineData("https://8.8.8.8:8443/")]
    [InlineData("https://[2606:4700::1111]/")]
    public void What_leads_into_the_world_is(string url) => Assert.Null(HookRules.UrlFault(url, new HookSettings()));

    [Fact]
    public void Settings_open_the_loopback_and_private_networks_one_by_one()
    {
        Assert.Null(HookRules.UrlFault("http://127.0.0.1:9/", new() { AllowLoopback = true }));
        Assert.NotNull(HookRules.UrlFault("https://10.0.0.1/", new() { AllowLoopback = true }));
        Assert.Null(HookRules.UrlFault("https://10.0.0.1/", new() { AllowPrivate = true }));
        Assert.NotNull(HookRules.UrlFault("http://10.0.0.1/", new() { AllowPrivate = true }));
        Assert.NotNull(HookRules.UrlFault("https://127.0.0.1/", new() { AllowPrivate = true }));
        Assert.NotNull(HookRules.UrlFault("https://169.254.169.254/", new() { AllowPrivate = true, AllowLoopback = true }));
    }

    /// <summary>Names are looked at where they lead when they are called, on the address that is then connected to.</summary>
    [Fact]
    public async Task A_name_that_leads_to_this_machine_is_not_called_and_no_redirect_is_followed()
    {
        using var inside = new TcpListener(IPAddress.Loopback, 0);
        inside.Start();
        var port = ((IPEndPoint)inside.LocalEndpoint).Port;
        await using (var strict = await SendingStage.StartAsync("MariaDB"))
        {
            using var admin = strict.Admin();
            var (hook, _) = await MakeAsync(admin, $"https://localhost:{port}/", ["post.created"]);
            var test = await JsonAsync(await admin.PostAsync($"/api/v1/hooks/{hook}/test", null));
            Assert.Equal(("failed", 0), (test.GetProperty("outcome").GetString(), test.GetProperty("status").GetInt32()));
            Assert.Contains("not called", test.GetProperty("note").GetString(), StringComparison.Ordinal);
            Assert.False(inside.Pending());
            await strict.TopicAsync("Told to nobody");
            await Wait.UntilAsync(async () => (await DeliveriesAsync(admin, hook)).Count > 1, TimeSpan.FromSeconds(30), "it was tried");
            Assert.False(inside.Pending());
            Assert.Equal(HttpStatusCode.UnprocessableEntity, (await admin.PostAsJsonAsync("/api/v1/hooks", new { url = "https://169.254.169.254/", events = All })).StatusCode);
            Assert.Equal(HttpStatusCode.UnprocessableEntity, (await admin.PatchAsJsonAsync($"/api/v1/hooks/{hook}", new { url = "http://127.0.0.1/" })).StatusCode);
            Assert.Equal(HttpStatusCode.UnprocessableEntity, (await admin.PostAsJsonAsync("/api/v1/hooks", new { url = "https://receiver.example/", events = Unknown })).StatusCode);
        }
        await using var receiver = await HookReceiver.StartAsync();
        await using var stage = await SendingStage.StartAsync("MariaDB", Loopback);
        using var keeper = stage.Admin();
        receiver.Answer = (context, _) =>
        {
            context.Response.Redirect($"http://127.0.0.1:{port}/");
            return Task.CompletedTask;
        };
        var (led, _) = await MakeAsync(keeper, receiver.Url, ["post.created"]);
        var answer = await JsonAsync(await keeper.PostAsync($"/api/v1/hooks/{led}/test", null));
        Assert.Equal(("failed", 302), (answer.GetProperty("outcome").GetString(), answer.GetProperty("status").GetInt32()));
        Assert.False(inside.Pending());
    }

    [Fact]
    public async Task A_secret_is_shown_once_kept_sealed_and_its_successor_signs_beside_it()
    {
        await using var receiver = await HookReceiver.StartAsync();
        await using var stage = await SendingStage.StartAsync("MariaDB", Loopback);
        var log = new ListedLog();
        foreach (var node in new[] { stage.A, stage.B }) node.Service<ILoggerFactory>().AddProvider(log);
        using var browser = await AdministratorAsync(stage);
        await browser.GoAsync("/hooks");
        await browser.SendAsync("#make", ("Address", receiver.Url + "/?key=of-the-receiver"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, browser.Status); // told of nothing
        var first = (await browser.SendAsync("#make", ("Address", receiver.Url + "/?key=of-the-receiver"), ("Events", "post.created"))).QuerySelector(".secret")!.TextContent;
        using var admin = stage.Admin(stage.B);
        var hook = (await admin.GetFromJsonAsync<JsonElement>("/api/v1/hooks")).GetProperty("items")[0].GetProperty("id").GetGuid();
        Assert.Null((await browser.GoAsync($"/hooks/{hook}")).QuerySelector(".secret"));
        (await admin.PostAsync($"/api/v1/hooks/{hook}/test", null)).EnsureSuccessStatusCode();
        Assert.True(Test().IsSignedBy(first));
        var second = (await browser.SendAsync("#rotate")).QuerySelector(".secret")!.TextContent;
        Assert.NotEqual(first, second);
        receiver.Answer = (context, _) =>
        {
            context.Response.StatusCode = 418;
            return Task.CompletedTask;
        };
        (await admin.PostAsync($"/api/v1/hooks/{hook}/test", null)).EnsureSuccessStatusCode();
        await stage.TopicAsync("Not taken");
        await Wait.UntilAsync(() => Task.FromResult(log.Lines.Any(l => l.Contains("did not take", StringComparison.Ordinal))), TimeSpan.FromSeconds(30), "the log says so");
        Assert.True(Test().IsSignedBy(first) && Test().IsSignedBy(second));
        await stage.SqlAsync(c => c.Execute("UPDATE hook SET before_until = 1"));
        (await admin.PostAsync($"/api/v1/hooks/{hook}/test", null)).EnsureSuccessStatusCode();
        Assert.True(!Test().IsSignedBy(first) && Test().IsSignedBy(second));
        var stored = await stage.SqlAsync(c => string.Join('\n', c.Query<string>("SELECT CONCAT(secret, ' ', secret_before) FROM hook").Concat(c.Query<string>("SELECT note FROM hook_delivery"))));
        var listed = await admin.GetStringAsync("/api/v1/hooks") + await admin.GetStringAsync($"/api/v1/hooks/{hook}/deliveries");
        foreach (var secret in new[] { first, second, first["whsec_".Length..], second["whsec_".Length..] })
        {
            Assert.DoesNotContain(secret, stored + listed, StringComparison.Ordinal);
            Assert.All(log.Lines, l => Assert.DoesNotContain(secret, l, StringComparison.Ordinal));
        }
        Assert.All(log.Lines.Where(l => l.Contains("Webhook", StringComparison.Ordinal)), l => Assert.DoesNotContain("of-the-receiver", l, StringComparison.Ordinal));
        await browser.GoAsync($"/hooks/{hook}");
        Assert.Contains("There are none", (await browser.SendAsync("#delete")).QuerySelector("main")!.TextContent, StringComparison.Ordinal);
        await ApiContractTests.AssertProblemAsync(await admin.GetAsync($"/api/v1/hooks/{hook}"), 404);

        Told Test() => receiver.Told.Last(t => t.Type == "test");
    }

    [Fact]
    public async Task Only_administrators_have_to_do_with_webhooks()
    {
        await using var stage = await SendingStage.StartAsync("MariaDB", Loopback);
        using var admin = stage.Admin();
        var (hook, _) = await MakeAsync(admin, "https://receiver.example/", All);
        using var member = await stage.MemberAsync($"Ann {PageTests.Unique()}");
        var scoped = await JsonAsync(await admin.PostAsJsonAsync("/api/v1/tokens", new { label = "narrow", scopes = Narrow }));
        using var narrow = stage.A.Client(scoped.GetProperty("token").GetString());
        foreach (var who in new[] { member, narrow })
        {
            foreach (var path in new[] { "", $"/{hook}", $"/{hook}/deliveries" }) Assert.Equal(HttpStatusCode.Forbidden, (await who.GetAsync("/api/v1/hooks" + path)).StatusCode);
            Assert.Equal(HttpStatusCode.Forbidden, (await who.PostAsJsonAsync("/api/v1/hooks", new { url = "https://evil.example/", events = All })).StatusCode);
            Assert.Equal(HttpStatusCode.Forbidden, (await who.PatchAsJsonAsync($"/api/v1/hooks/{hook}", new { url = "https://evil.example/" })).StatusCode);
            Assert.Equal(HttpStatusCode.Forbidden, (await who.PostAsync($"/api/v1/hooks/{hook}/secret", null)).StatusCode);
            Assert.Equal(HttpStatusCode.Forbidden, (await who.PostAsync($"/api/v1/hooks/{hook}/test", null)).StatusCode);
            Assert.Equal(HttpStatusCode.Forbidden, (await who.DeleteAsync($"/api/v1/hooks/{hook}")).StatusCode);
        }
        using var browser = new PlainBrowser(stage.A.Url);
        await browser.SignUpAsync($"Bob {PageTests.Unique()}");
        foreach (var path in new[] { "/hooks", $"/hooks/{hook}" })
        {
            await browser.GoAsync(path);
            Assert.Equal(HttpStatusCode.Forbidden, browser.Status);
        }
        for (var i = 1; i < HookRules.MaxHooks; i++) await MakeAsync(admin, $"https://receiver.example/{i}", All);
        await ApiContractTests.AssertProblemAsync(await admin.PostAsJsonAsync("/api/v1/hooks", new { url = "https://receiver.example/", events = All }), 409);
        (await admin.DeleteAsync($"/api/v1/hooks/{hook}")).EnsureSuccessStatusCode();
        await MakeAsync(admin, "https://receiver.example/last", All);
    }

    /// <summary>The example of Standard Webhooks, so that receivers' libraries understand us.</summary>
    [Fact]
    public void A_signature_is_what_the_standard_says() => Assert.Equal("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        HookSecrets.Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, Encoding.UTF8.GetBytes("{\"test\": 2432232314}")));

    [Fact]
    public void Pauses_grow_and_end_within_a_day()
    {
        var settings = new HookSettings();
        var pauses = Enumerable.Range(1, 30).Select(n => HookRules.PauseAfter(n, settings)).ToList();
        Assert.Equal([10, 30, 90, 270], pauses.Take(4).Select(p => p.TotalSeconds));
        Assert.Equal(TimeSpan.FromHours(6), pauses.Max());
        Assert.All(pauses.Zip(pauses.Skip(1)), p => Assert.True(p.First <= p.Second));
        Assert.InRange(Enumerable.Range(1, 30).First(n => pauses.Take(n).Aggregate(TimeSpan.Zero, (sum, p) => sum + p) >= HookRules.GiveUpAfter), 8, 14);
    }

    private static void Loopback(NodeSettings settings) => settings.Hooks = new() { AllowLoopback = true, RetrySeconds = 0.1, TimeoutSeconds = 5 };

    private static async Task<(Guid Hook, string Secret)> MakeAsync(HttpClient admin, string url, string[] events)
    {
        var made = await JsonAsync(await admin.PostAsJsonAsync("/api/v1/hooks", new { url, events }));
        return (made.GetProperty("id").GetGuid(), made.GetProperty("secret").GetString()!);
    }

    private static async Task<List<JsonElement>> DeliveriesAsync(HttpClient admin, Guid hook) =>
        [.. (await admin.GetFromJsonAsync<JsonElement>($"/api/v1/hooks/{hook}/deliveries")).GetProperty("items").EnumerateArray()];

    private static async Task<string?> StateAsync(HttpClient admin, Guid hook) => (await admin.GetFromJsonAsync<JsonElement>($"/api/v1/hooks/{hook}")).GetProperty("state").GetString();

    private static async Task<JsonElement> JsonAsync(HttpResponseMessage answer)
    {
        Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private static async Task<PlainBrowser> AdministratorAsync(SendingStage stage)
    {
        var browser = new PlainBrowser(stage.A.Url);
        await browser.SignUpAsync($"Keeper {PageTests.Unique()}");
        var person = (await browser.GoAsync("/")).QuerySelector(".me")!.GetAttribute("href")!;
        using var admin = stage.Admin();
        (await admin.PutAsJsonAsync($"/api/v1/accounts/{person["/u/".Length..]}/role", new { role = "administrator" })).EnsureSuccessStatusCode();
        return browser;
    }
}
