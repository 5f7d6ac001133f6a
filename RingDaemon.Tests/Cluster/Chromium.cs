using Microsoft.Playwright;
using Xunit;

namespace Connect.RingDaemon.Tests.Cluster;

/// <summary>The distribution's browser; <c>CONNECT_CHROMIUM</c> names another. Every reader has a profile of its own in it.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private static readonly string Program = Environment.GetEnvironmentVariable("CONNECT_CHROMIUM") is { Length: > 0 } named ? named : "/usr/bin/chromium";

    // It calls nobody but the board.
    private static readonly string[] Arguments =
    [
        "--no-sandbox", "--disable-background-networking", "--no-first-run", "--disable-quic", "--disable-component-update", "--disable-sync",
    ];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        if (!File.Exists(Program)) return;
        _playwright = await Playwright.CreateAsync();
        Assertions.SetDefaultExpectTimeout(15_000); // on a machine that does other things; how fast pages are is measured elsewhere
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = Program, Args = Arguments });
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null) await _browser.CloseAsync();
        _playwright?.Dispose();
    }

    /// <summary>A new reader at an address of the board.</summary>
    public async Task<Reader> ReaderAsync(string board, BrowserNewContextOptions? options = null)
    {
        Assert.SkipWhen(_browser is null, $"There is no browser at {Program}: install chromium (scripts/setup) or set CONNECT_CHROMIUM.");
        options ??= new();
        options.BaseURL = board;
        var context = await _browser.NewContextAsync(options);
        context.SetDefaultTimeout(15_000);
        return new Reader(context, await context.NewPageAsync());
    }
}
