using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Connect.BoardWeb.Tests.Stage;

/// <summary>What a board hears from its daemon, over real HTTP.</summary>
public sealed class FakeDaemon : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeDaemon(WebApplication app, string url) => (_app, Url) = (app, url);

    public string Url { get; }

    public bool Serving { get; set; } = true;

    /// <summary>The board may take writes.</summary>
    public bool Writable { get; set; } = true;

    /// <summary>Whom it sees, and what it makes of them.</summary>
    public IReadOnlyList<(string Name, string State)> Members { get; set; } = [("n1", "alive"), ("n2", "alive")];

    /// <summary>What it answers about copies.</summary>
    public Func<Task<(bool Satisfied, int Copies)>> Ack { get; set; } = () => Task.FromResult((true, 1));

    /// <summary>Answers with an error when set.</summary>
    public bool Broken { get; set; }

    /// <summary>Positions it was asked about.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    public static async Task<FakeDaemon> StartAsync(string token, long serverId)
    {
        var (app, url) = LocalApp.Make();
        var daemon = new FakeDaemon(app, url);
        app.Use((context, next) =>
        {
            if (context.Request.Headers.Authorization == $"Bearer {token}" && !daemon.Broken) return next(context);
            context.Response.StatusCode = daemon.Broken ? 500 : 401;
            return Task.CompletedTask;
        });
        app.MapGet("/v1/node", () => new
        {
            name = "n1",
            state = "alive",
            phase = "steady",
            serving = daemon.Serving,
            writable = daemon.Writable,
            why = daemon.Serving ? "" : "it was told to rest",
            serverId,
            members = daemon.Members.Select(m => new { name = m.Name, state = m.State, serverId = m.Name == "n1" ? serverId : 8L }),
        });
        app.MapPost("/v1/ack", async (AckBody body) =>
        {
            daemon.Asked.Enqueue(body.Position);
            var (satisfied, copies) = await daemon.Ack();
            return new { satisfied, copies, wanted = 1, holders = Array.Empty<string>() };
        });
        await app.StartAsync();
        return daemon;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private sealed record AckBody(string Position, string Level, int WaitMilliseconds);
}
