using System.Diagnostics;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Connect.RingDaemon.Tests.Cluster;

/// <summary>A person with a browser, who does what people do: reads, clicks, types, and tries again when a page does not come.</summary>
public sealed class Reader(IBrowserContext context, IPage page) : IAsyncDisposable
{
    public const string Password = "four words are enough";

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    private volatile string? _stream;

    public IPage Page => page;

    public ILocator Posts => page.Locator("article.post");

    /// <summary>The node that its live stream comes from; null before there is one.</summary>
    public string? Stream => _stream;

    /// <summary>The node that served the page in front of the reader.</summary>
    public Task<string> NodeAsync() => page.Locator("footer.bottom b").InnerTextAsync();

    /// <summary>Another tab of the same browser: the same cookies.</summary>
    public async Task<Reader> TabAsync() => new(context, await context.NewPageAsync());

    public async Task SignUpAsync(string name)
    {
        await page.GotoAsync("/signup");
        await SendNameAsync(name, "Sign up");
    }

    public async Task SignInAsync(string name, string password = Password)
    {
        await page.GotoAsync("/signin");
        await SendNameAsync(name, "Sign in", password);
    }

    public async Task SignOutAsync()
    {
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "Sign in" })).ToBeVisibleAsync();
    }

    /// <returns>The topic's path.</returns>
    public async Task<string> OpenTopicAsync(string title, string body)
    {
        await page.GotoAsync("/c/general");
        await page.GetByRole(AriaRole.Link, new() { Name = "New topic" }).ClickAsync();
        await page.GetByLabel("Title").FillAsync(title);
        await page.GetByLabel("Text").FillAsync(body);
        await page.GetByRole(AriaRole.Button, new() { Name = "Open the topic" }).ClickAsync();
        // Not the load event: the browser's driver misses it now and then when a page comes by a redirect.
        await page.WaitForURLAsync(new Regex("/t/"), new() { WaitUntil = WaitUntilState.Commit });
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = title })).ToBeVisibleAsync();
        return new Uri(page.Url).AbsolutePath;
    }

    public async Task ReplyAsync(string body)
    {
        await page.GetByLabel("Your reply").FillAsync(body);
        Assert.Equal(200, await PostAsync());
        await Assertions.Expect(Saying(body)).ToHaveCountAsync(1);
    }

    /// <summary>Presses the button under what was typed, and waits for the page that follows, whatever it is.</summary>
    /// <returns>Its status.</returns>
    public async Task<int> PostAsync()
    {
        var answer = await page.RunAndWaitForResponseAsync(
            () => page.GetByRole(AriaRole.Button, new() { Name = "Post", Exact = true }).ClickAsync(),
            response => response.Request.IsNavigationRequest && response.Status is < 300 or >= 400);
        await page.WaitForLoadStateAsync(LoadState.DOMContentLoaded);
        return answer.Status;
    }

    public ILocator Saying(string body) => Posts.Filter(new() { HasText = body });

    /// <summary>Opens a page and waits for its live stream. Notes the stream's node, now and each time that it changes.</summary>
    public async Task ListenAsync(string path)
    {
        page.Response += (_, response) =>
        {
            if (response.Ok && response.Url.Contains("/live", StringComparison.Ordinal)) _stream = response.Headers.GetValueOrDefault("x-connect-node");
        };
        await OkAsync(() => page.GotoAsync(path), TimeSpan.FromSeconds(15)); // it may be on its way from another node
        await Assertions.Expect(page.Locator("#posts[data-connected=yes]")).ToBeVisibleAsync();
        await page.EvaluateAsync("window.neverReloaded = true");
    }

    /// <summary>False once the page has been loaded anew since <see cref="ListenAsync"/>.</summary>
    public Task<bool> NeverReloadedAsync() => page.EvaluateAsync<bool>("window.neverReloaded === true");

    /// <summary>Tries until a page comes with 200.</summary>
    /// <returns>How long that took, and what came before it.</returns>
    public static async Task<(TimeSpan Took, IReadOnlyList<string> Faults)> OkAsync(Func<Task<IResponse?>> load, TimeSpan within)
    {
        var began = Stopwatch.GetTimestamp();
        var faults = new List<string>();
        while (true)
        {
            try
            {
                var response = await load();
                if (response is { Status: 200 }) return (Stopwatch.GetElapsedTime(began), faults);
                faults.Add($"{response?.Status} by {response?.Headers.GetValueOrDefault("x-connect-node") ?? "the load balancer"}");
            }
            catch (PlaywrightException e)
            {
                faults.Add(e.Message.Split('\n')[0]);
            }
            Assert.True(Stopwatch.GetElapsedTime(began) < within, $"No page within {within.TotalSeconds:0.0} s: {string.Join("; ", faults)}");
            await Task.Delay(LookEvery);
        }
    }

    public ValueTask DisposeAsync() => context.DisposeAsync();

    private async Task SendNameAsync(string name, string button, string password = Password)
    {
        await page.GetByLabel("Name").FillAsync(name);
        await page.GetByLabel("Password").FillAsync(password);
        await page.Locator("main").GetByRole(AriaRole.Button, new() { Name = button }).ClickAsync();
        await Assertions.Expect(page.Locator(".me")).ToHaveTextAsync(name);
    }
}
