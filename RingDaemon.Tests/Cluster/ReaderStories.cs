using Connect.Node.Settings;
using Connect.RingDaemon.Local;
using Microsoft.Playwright;
using Xunit;

namespace Connect.RingDaemon.Tests.Cluster;

public sealed class ReaderRing() : TestRing(Engine.MariaDB, port: 25080);

/// <summary>What people with a browser see of a real ring, while all is well and while a node dies under them. Each story ends with a healthy ring.</summary>
/// <remarks>Set CONNECT_SCREENSHOTS to a folder to look at the pages.</remarks>
[Collection("cluster")]
public sealed class ReaderStories(ReaderRing ring, Chromium chromium, ITestOutputHelper output) : IClassFixture<ReaderRing>, IClassFixture<Chromium>
{
    /// <summary>Until the load balancer has taken a dead node out: two failed checks, half a second apart, and time for two busy cores.</summary>
    private static readonly TimeSpan Detection = TimeSpan.FromSeconds(3);

    /// <summary>A console shows within 5 s what has happened, and the ring takes its time.</summary>
    private static readonly LocatorAssertionsToBeVisibleOptions Soon = new() { Timeout = 40_000 };

    private static readonly string? Screenshots = Environment.GetEnvironmentVariable("CONNECT_SCREENSHOTS");

    [Fact]
    public async Task A_post_appears_at_once_on_the_open_page_of_another_nodes_reader()
    {
        await ring.BeginAsync();
        await using var ann = await chromium.ReaderAsync(ring.BoardOf("n1"));
        await using var bob = await chromium.ReaderAsync(ring.BoardOf("n2"));
        await ann.SignUpAsync("Ann");
        var topic = await ann.OpenTopicAsync("Which tea for rainy days?",
            "I am for **Assam**, strong, with milk.\n\n> It rains all week.\n\nSee [the forecast](https://weather.example/), then run `make tea`.");
        await bob.SignUpAsync("Bob");
        await bob.ListenAsync(topic);
        Assert.Equal("n2", bob.Stream);
        Assert.Equal("n1", await ann.NodeAsync());

        await ann.ReplyAsync("It is raining now.");
        await Assertions.Expect(bob.Saying("It is raining now.")).ToHaveCountAsync(1, new() { Timeout = 3000 });
        Assert.True(await bob.NeverReloadedAsync());

        await ann.ListenAsync(topic);
        Assert.Equal("n1", ann.Stream);
        await bob.Page.GetByLabel("Your reply").FillAsync("Lapsang. It smells of campfire:\n\n1. boil\n2. wait four minutes\n3. *sniff*");
        Assert.Equal(200, await bob.PostAsync());
        await Assertions.Expect(ann.Saying("campfire")).ToHaveCountAsync(1, new() { Timeout = 3000 });
        Assert.True(await ann.NeverReloadedAsync());
        await Assertions.Expect(bob.Posts).ToHaveCountAsync(3);

        await ann.Saying("campfire").GetByRole(AriaRole.Link, new() { Name = "Reply" }).ClickAsync();
        await ann.ReplyAsync("Then I come round!");
        await Assertions.Expect(bob.Saying("Then I come round!").Locator(".replies-to")).ToContainTextAsync("Bob");
        await Assertions.Expect(bob.Posts).ToHaveCountAsync(4);
        await ShowAsync(topic, bob.Page);
        await ring.HealthyAsync();
    }

    [Fact]
    public async Task Without_scripts_everything_works_through_the_load_balancer()
    {
        await ring.BeginAsync();
        var name = Named("Plain");
        await using (var reader = await chromium.ReaderAsync(ring.Balancer, new() { JavaScriptEnabled = false }))
        {
            await reader.SignUpAsync(name);
            await reader.SignOutAsync();
        }
        // Without the first browser's cookies the load balancer may choose any node: the account must be on each of them soon.
        await using var again = await chromium.ReaderAsync(ring.Balancer, new() { JavaScriptEnabled = false });
        await again.SignInAsync(name);
        var topic = await again.OpenTopicAsync("No scripts", "Just HTML");
        await again.ReplyAsync("And a reply");
        await again.Page.GetByRole(AriaRole.Link, new() { Name = "Channels" }).ClickAsync();
        await again.Page.GetByRole(AriaRole.Link, new() { Name = "General" }).ClickAsync();
        await again.Page.Locator($"a.title[href='{topic}']").ClickAsync();
        await Assertions.Expect(again.Posts).ToHaveTextAsync([new System.Text.RegularExpressions.Regex("Just HTML"), new System.Text.RegularExpressions.Regex("And a reply")]);
        await ring.HealthyAsync();
    }

    [Theory]
    [InlineData(Target.Node)]
    [InlineData(Target.Mysql)]
    [InlineData(Target.Web)]
    public async Task A_reader_whose_node_dies_reads_and_writes_on_and_stays_signed_in(Target what)
    {
        await ring.BeginAsync();
        var name = Named("Cleo");
        await using var cleo = await chromium.ReaderAsync(ring.Balancer);
        await cleo.SignUpAsync(name);
        var topic = await cleo.OpenTopicAsync($"Who serves this? ({what})", "The footer says it.");
        await cleo.ReplyAsync("Written before the node died.");
        var dying = await cleo.NodeAsync();
        var tab = await cleo.TabAsync(); // the load balancer's cookie keeps it with the same node
        await tab.ListenAsync(topic);
        Assert.Equal(dying, tab.Stream);

        await ring.KillAsync(dying, what);
        var (took, faults) = await Reader.OkAsync(() => cleo.Page.ReloadAsync(), Detection);
        output.WriteLine($"{what} of {dying} killed: a page after {took.TotalMilliseconds:0} ms{string.Concat(faults.Select(f => "; before it: " + f))}");
        await Assertions.Expect(cleo.Page.Locator(".me")).ToHaveTextAsync(name);
        await Assertions.Expect(cleo.Saying("Written before the node died.")).ToHaveCountAsync(1);
        Assert.NotEqual(dying, await cleo.NodeAsync());
        foreach (var link in new[] { "Channels", "General" })
        {
            var followed = await cleo.Page.RunAndWaitForResponseAsync(
                () => cleo.Page.GetByRole(AriaRole.Link, new() { Name = link, Exact = true }).ClickAsync(), r => r.Request.IsNavigationRequest);
            Assert.Equal(200, followed.Status);
        }
        await cleo.Page.Locator($"a.title[href='{topic}']").ClickAsync();
        await cleo.ReplyAsync("Written after the node died.");

        // The other tab was not touched: its stream has found another node, and misses nothing.
        await Assertions.Expect(tab.Saying("Written after the node died.")).ToHaveCountAsync(1);
        await Assertions.Expect(tab.Page.Locator("#posts[data-connected=yes]")).ToBeVisibleAsync();
        Assert.NotEqual(dying, tab.Stream);
        Assert.True(await tab.NeverReloadedAsync());
        await Assertions.Expect(tab.Posts).ToHaveCountAsync(3);
        await Assertions.Expect(cleo.Posts).ToHaveCountAsync(3);

        await ring.StartAsync(dying);
        await cleo.ReplyAsync("Written when the node was back.");
        await Assertions.Expect(tab.Posts).ToHaveCountAsync(4);
        await ring.EqualAsync();
    }

    [Theory]
    [InlineData(Target.Node)]
    [InlineData(Target.Mysql)]
    public async Task A_reply_sent_to_a_node_that_has_just_died_is_saved_once(Target what)
    {
        await ring.BeginAsync();
        await using var dora = await chromium.ReaderAsync(ring.Balancer);
        await dora.SignUpAsync(Named("Dora"));
        var topic = await dora.OpenTopicAsync($"In the middle of it ({what})", "Somebody is typing.");
        var dying = await dora.NodeAsync();
        await dora.Page.GetByLabel("Your reply").FillAsync("Typed before, sent after.");
        await ring.KillAsync(dying, what);

        // A person's patience: an error page means back, and once more. What was typed is still there, and its key is the same.
        var attempts = 1;
        for (int status; (status = await dora.PostAsync()) != 200; attempts++)
        {
            output.WriteLine($"{what} of {dying} killed: attempt {attempts} met {status}");
            Assert.True(attempts < 10);
            await dora.Page.GoBackAsync();
            await Assertions.Expect(dora.Page.GetByLabel("Your reply")).ToHaveValueAsync("Typed before, sent after.");
        }
        await Assertions.Expect(dora.Saying("Typed before, sent after.")).ToHaveCountAsync(1);
        output.WriteLine($"{what} of {dying} killed: saved at attempt {attempts}");
        await Reader.OkAsync(() => dora.Page.GotoAsync(topic), Detection);
        await Assertions.Expect(dora.Posts).ToHaveCountAsync(2);

        await ring.StartAsync(dying);
        foreach (var node in ring.Names)
        {
            await using var reader = await chromium.ReaderAsync(ring.BoardOf(node));
            await Reader.OkAsync(() => reader.Page.GotoAsync(topic), Detection);
            await Assertions.Expect(reader.Posts).ToHaveCountAsync(2);
        }
        await ring.EqualAsync();
    }

    [Fact]
    public async Task An_operator_sees_on_the_board_which_node_is_dead_what_to_type_and_that_all_is_well_again()
    {
        await ring.BeginAsync();
        await using var operators = await chromium.ReaderAsync(ring.BoardOf("n1"));
        await operators.SignInAsync("administrator", SecretFile.Read(ring.Local.Folder.TokenFile).Trim());
        await operators.Page.GotoAsync("/ops");
        await Assertions.Expect(operators.Page.Locator(".verdict.well")).ToBeVisibleAsync(Soon);
        await ring.KillAsync("n2");
        // The page was not touched: it renews itself.
        await Assertions.Expect(operators.Page.Locator(".findings .ill").Filter(new() { HasText = "n2 does not answer." }).Locator("code")).ToHaveTextAsync("./connect start n2", new() { Timeout = Soon.Timeout });
        await Assertions.Expect(operators.Page.Locator(".nodes li:has(b:text-is('n3'))")).ToContainTextAsync("replicates from n1 (running)", new() { Timeout = Soon.Timeout });
        if (Screenshots is not null)
        {
            await operators.Page.SetViewportSizeAsync(900, 760);
            await operators.Page.ScreenshotAsync(new() { Path = Path.Combine(Screenshots, "console.png"), FullPage = true });
        }
        await ring.StartAsync("n2");
        await Assertions.Expect(operators.Page.Locator(".verdict.well")).ToBeVisibleAsync(Soon);
    }

    private static string Named(string name) => $"{name} {Guid.NewGuid().ToString("N")[..6]}";

    /// <summary>Pictures of the main pages, both schemes of colour, wide and narrow.</summary>
    private async Task ShowAsync(string topic, IPage signedIn)
    {
        if (Screenshots is null) return;
        await signedIn.SetViewportSizeAsync(1100, 760);
        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            await signedIn.EmulateMediaAsync(new() { ColorScheme = scheme });
            await signedIn.ScreenshotAsync(new() { Path = Path.Combine(Screenshots, $"conversation-{scheme}.png".ToLowerInvariant()), FullPage = true });
        }
        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            foreach (var width in new[] { 1100, 360 })
            {
                await using var viewer = await chromium.ReaderAsync(ring.Balancer, new() { ColorScheme = scheme, ViewportSize = new() { Width = width, Height = 760 } });
                foreach (var (path, name) in new[] { ("/", "index"), ("/c/general", "channel"), (topic, "topic"), ("/signup", "signup") })
                {
                    await Reader.OkAsync(() => viewer.Page.GotoAsync(path), Detection);
                    await viewer.Page.ScreenshotAsync(new() { Path = Path.Combine(Screenshots, $"{name}-{width}-{scheme}.png".ToLowerInvariant()), FullPage = true });
                }
            }
        }
    }
}
