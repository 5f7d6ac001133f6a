using Connect.LoadTests.Load;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Connect.LoadTests.SelfTest;

/// <summary>A web server that answers after a few milliseconds, except that it freezes once: what arrives meanwhile waits until the freeze is over.</summary>
public sealed class FreezingServer : IAsyncDisposable
{
    private static readonly TimeSpan AnswerTakes = TimeSpan.FromMilliseconds(5);

    private readonly WebApplication _app;
    private long _from = long.MaxValue;
    private long _to = long.MaxValue;

    private FreezingServer(WebApplication app) => _app = app;

    public string Url => _app.Urls.First();

    public static async Task<FreezingServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var server = new FreezingServer(app);
        app.MapGet("/", async () =>
        {
            await server.AnswerAsync();
            return "here";
        });
        await app.StartAsync();
        return server;
    }

    /// <summary>Freezes later, for a while.</summary>
    public void FreezeAfter(TimeSpan wait, TimeSpan duration)
    {
        var from = Clock.After(Clock.Now, wait);
        Volatile.Write(ref _to, Clock.After(from, duration));
        Volatile.Write(ref _from, from);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync()
    {
        await Task.Delay(AnswerTakes);
        if (Clock.Now >= Volatile.Read(ref _from) && Clock.Milliseconds(Clock.Now, Volatile.Read(ref _to)) is > 0 and var left)
            await Task.Delay(TimeSpan.FromMilliseconds(left));
    }
}
