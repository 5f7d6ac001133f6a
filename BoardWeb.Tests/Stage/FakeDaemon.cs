using System.Collections.Concurrent;
using Connect.Node.Security;
using Connect.Node.Settings;
using Connect.RingDaemon.Api;
using Connect.RingDaemon.Daemon;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Presence;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Connect.BoardWeb.Tests.Stage;

/// <summary>What a board hears from its daemon, over real HTTP. What daemons tell each other about who is on their boards' pages is real.</summary>
public sealed class FakeDaemon : IAsyncDisposable
{
    private readonly WebApplication _app;

    private readonly Neighbours _neighbours;

    private FakeDaemon(WebApplication app, string url, Neighbours neighbours) => (_app, Url, _neighbours) = (app, url, neighbours);

    public string Url { get; }

    public bool Serving { get; set; } = true;

    /// <summary>The board may take writes.</summary>
    public bool Writable { get; set; } = true;

    /// <summary>Whom it sees, and what it makes of them.</summary>
    public IReadOnlyList<(string Name, string State)> Members { get; set; } = [("n1", "alive"), ("n2", "alive")];

    /// <summary>What it answers about copies.</summary>
    public Func<Task<(bool Satisfied, int Copies)>> Ack { get; set; } = () => Task.FromResult((true, 1));

    /// <summary>How it says the ring is.</summary>
    public RingReport Ring { get; set; } = new() { Ring = new(true, ["n1", "n2"], 1), Converged = true };

    /// <summary>What it says it did lately.</summary>
    public IReadOnlyList<AuditEntry> Audit { get; set; } = [];

    /// <summary>Answers with an error when set.</summary>
    public bool Broken { get; set; }

    /// <summary>Positions it was asked about.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>What it tells others about who is on its board's pages.</summary>
    public HereRelay Relay => _app.Services.GetRequiredService<HereRelay>();

    /// <summary>From now on it tells these other daemons, and hears them.</summary>
    public void Meet(params (string Name, string Url)[] others) => _neighbours.Of(others);

    public static async Task<FakeDaemon> StartAsync(NodeSettings settings, ClusterKeys keys, long serverId)
    {
        var neighbours = new Neighbours();
        var (app, url) = LocalApp.Make(services =>
        {
            services.AddSingleton(settings).AddSingleton(TimeProvider.System).AddSingleton<IMembership>(neighbours).AddSingleton<IClusterKeys>(keys);
            services.AddSingleton(_ => new HttpClient(new SocketsHttpHandler { UseProxy = false })).AddSingleton<MemberClient>();
            services.AddHere();
        });
        var (daemon, token) = (new FakeDaemon(app, url, neighbours), keys.ApiToken);
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
        app.MapGet("/v1/status", () => daemon.Ring);
        app.MapGet("/v1/audit", () => new { items = daemon.Audit });
        app.MapPost("/v1/ack", async (AckBody body) =>
        {
            daemon.Asked.Enqueue(body.Position);
            var (satisfied, copies) = await daemon.Ack();
            return new { satisfied, copies, wanted = 1, holders = Array.Empty<string>() };
        });
        app.MapGroup("/v1").MapHere();
        await app.StartAsync();
        return daemon;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    /// <summary>A membership that says what it is told to say.</summary>
    private sealed class Neighbours : IMembership
    {
        public View Current { get; private set; } = new(0, []);

        public System.Threading.Channels.ChannelReader<View> Views => throw new NotSupportedException();

        public bool Discovered => true;

        public void Of(IEnumerable<(string Name, string Url)> others) => Current = new(Current.Version + 1,
        [
            .. others.Select(o => new Member(new MemberFacts
            {
                Name = o.Name, Zone = "z", Place = 0, Engine = Engine.MariaDB, EngineVersion = "MariaDB 10.11.19", ServerId = 1, Origin = o.Name, DaemonUrl = o.Url, MysqlHost = "127.0.0.1", MysqlPort = 1,
                WebUrl = "http://127.0.0.1:1", Phase = Phase.Serving, MysqlUp = true, WebUp = true,
            }, 1, Liveness.Alive)),
        ]);

        public void SetFacts(MemberFacts facts) => throw new NotSupportedException();

        public void HardEvidence(string member, ulong incarnation, string why) => throw new NotSupportedException();

        public void SignOfLife(string member) => throw new NotSupportedException();

        public void Forget(string member) => throw new NotSupportedException();

        public Task LeaveAsync(TimeSpan deadline) => Task.CompletedTask;
    }

    private sealed record AckBody(string Position, string Level, int WaitMilliseconds);
}
