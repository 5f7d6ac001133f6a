using System.Net;
using System.Text.Json;
using Connect.Node.Database;
using Connect.Node.Security;
using Connect.Node.Settings;
using Connect.RingDaemon.Api;
using Connect.RingDaemon.Convergence;
using Connect.RingDaemon.Keys;
using Connect.RingDaemon.LoadBalancing;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Presence;
using Connect.RingDaemon.Replication;
using Connect.RingDaemon.Replication.Acknowledgement;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Connect.RingDaemon.Daemon;

/// <summary>The daemon as a process: settings in, services wired, HTTP API on, until it is told to stop.</summary>
public static class DaemonHost
{
    /// <summary>Bytes of another member's answer: a page of 100 rows of 32 KiB, or of 20,000 keys, with room.</summary>
    private const long LargestAnswer = 64 << 20;

    /// <summary>Calls to one member at the same time; more wait for a connection, within their deadlines.</summary>
    private const int MostCallsToOne = 16;

    /// <exception cref="SettingsException">The settings cannot be used; the message says what to change.</exception>
    public static async Task<int> RunAsync(string settingsPath, CancellationToken cancel = default)
    {
        await using var app = Build(NodeSettings.Load(settingsPath));
        await app.RunAsync(cancel);
        return 0;
    }

    /// <summary>Everything wired, nothing started.</summary>
    /// <exception cref="SettingsException">The settings cannot be used; the message says what to change.</exception>
    public static WebApplication Build(NodeSettings settings)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [], ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(o => (o.SingleLine, o.TimestampFormat, o.UseUtcTimestamp) = (true, "yyyy-MM-ddTHH:mm:ss.fffZ ", true));
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("System.Net.Http", LogLevel.Warning);
        var https = new Uri(settings.Daemon.Url).Scheme == Uri.UriSchemeHttps;
        if (https) builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(k =>
        {
            // One address and no other: an URL with a name in it would mean every interface.
            k.Listen(settings.Daemon.ListenAt(), listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                if (https) listen.UseHttps(ClusterTls.Own(settings.Tls, TimeProvider.System));
            });
            k.AddServerHeader = false;
            k.Limits.MaxRequestBodySize = 1 << 20;
            k.Limits.MaxConcurrentConnections = 512;
            k.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(5);
        });
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(3));
        AddDaemon(builder.Services, settings);
        var app = builder.Build();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.UseRouting();
        app.UseMiddleware<RequireToken>();
        app.MapDaemon();
        return app;
    }

    private static void AddDaemon(IServiceCollection services, NodeSettings settings)
    {
        var accounts = DatabaseAccounts.Load(settings.Resolve(settings.Database.AccountsFile));
        var keyFile = settings.Resolve(settings.KeyFile);
        var state = settings.Resolve(settings.StateFolder);
        services.ConfigureHttpJsonOptions(o => o.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.CamelCase);
        services.AddProblemDetails();
        services.AddExceptionHandler<DatabaseFaults>();
        services.AddSingleton(settings).AddSingleton(accounts).AddSingleton(settings.Clock);
        services.AddSingleton(p =>
        {
            var log = p.GetRequiredService<ILogger<ClusterKeyFile>>();
            return new ClusterKeyFile(keyFile, settings.Clock, fault => log.LogWarning("{Fault}", fault));
        });
        services.AddSingleton<IClusterKeys>(p => p.GetRequiredService<ClusterKeyFile>());
        services.AddSingleton(new AuditLog(state, settings.Name, settings.Clock)).AddSingleton<IAudit>(p => p.GetRequiredService<AuditLog>()).AddSingleton(new OperatorWishes(state)).AddSingleton<DecisionCounts>();

        services.AddSingleton<IReplicationServer>(_ => ReplicationServer.For(settings, accounts));
        services.AddSingleton(p => new OwnServerWatch(p.GetRequiredService<IReplicationServer>(), WithFolder(settings), settings.Clock));
        services.AddSingleton(_ => new Peers(facts => PeerOf(settings, accounts, new(facts.MysqlHost, facts.MysqlPort))));
        services.AddSingleton(_ => new Acknowledgements(settings.Database.Engine, peer => PeerOf(settings, accounts, peer.Server)));
        services.AddSingleton(p => new SourceSwitch(
            p.GetRequiredService<IReplicationServer>(), p.GetRequiredService<Peers>(), accounts.Replication, settings.Database.ServerTls(), p.GetRequiredService<AuditLog>(),
            p.GetRequiredService<DecisionCounts>(), settings.Clock));

        var trust = ClusterTls.Trust(settings.Tls.Ca);
        services.AddSingleton(trust);
        services.AddSingleton<IExchangeClient>(_ => new HttpExchangeClient(settings.Clock, trust));
        services.AddSingleton<RingMembership>().AddSingleton<IMembership>(p => p.GetRequiredService<RingMembership>());
        services.AddSingleton<ILoadBalancer>(_ => settings.LoadBalancer.Kind switch
        {
            "haproxy" => new HaproxyRuntime(settings.Resolve(settings.LoadBalancer.Socket), settings.LoadBalancer.Backend),
            "none" => new NoLoadBalancer(),
            var kind => throw new SettingsException($"loadBalancer:kind is '{kind}'; it must be haproxy or none."),
        });
        services.AddSingleton<LoadBalancerKeeper>().AddHostedService(p => p.GetRequiredService<LoadBalancerKeeper>());
        services.AddSingleton<IdentityRenewal>().AddSingleton<IMendingHands, MendingHands>().AddSingleton<IMendingNote>(new MendingNote(state)).AddSingleton(new StateFile<ServerMemory>(state, "server.json")).AddSingleton<Mending>();
        services.AddSingleton<Departure>().AddSingleton<RingAgent>().AddHostedService(p => p.GetRequiredService<RingAgent>());
        services.AddSingleton(new StateFile<Absence[]>(state, RetentionWatch.File)).AddSingleton<RetentionWatch>().AddHostedService(p => p.GetRequiredService<RetentionWatch>());
        services.AddSingleton<Entrance>().AddHostedService(p => p.GetRequiredService<Entrance>());
        services.AddSingleton<DaemonMetrics>().AddSingleton<RingObserver>().AddSingleton<OperatorDesk>();

        services.AddSingleton(_ => new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            SslOptions = trust,
            ConnectTimeout = TimeSpan.FromMilliseconds(500),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            AutomaticDecompression = DecompressionMethods.None,
            MaxConnectionsPerServer = MostCallsToOne,
        })
        { MaxResponseContentBufferSize = LargestAnswer });
        services.AddSingleton<MemberClient>();
        services.AddHere();
        var own = new ServerAddress(settings.Database.Host, settings.Database.Port);
        var tables = new Database(own, accounts.Daemon, settings.Database.Schema, settings.Database.ServerTls(), maxThreads: 2, driverSeconds: 60);
        services.AddSingleton<IRangeReader>(_ => new RangeReader(tables, settings)).AddSingleton<TableDigests>().AddSingleton<RowLook>();
        // A connection of its own: it must not wait for tables that are being read.
        services.AddSingleton(_ => new Erasing(new(own, accounts.Daemon, settings.Database.Schema, settings.Database.ServerTls(), maxThreads: 1, driverSeconds: 20), settings));
        services.AddHostedService<ErasureWatch>();
        services.AddSingleton<OwnReplica>().AddSingleton<Replicas>().AddSingleton(p => new Checksum(p.GetRequiredService<Replicas>().Alive, TimeProvider.System));
        services.AddSingleton(p => new Distance(p.GetRequiredService<Replicas>().Alive, TimeProvider.System));
        services.AddSingleton(_ => new TableRows(tables, settings)).AddSingleton<RangeUnion>().AddSingleton<Repair>().AddSingleton<Trust>();
        services.AddSingleton<ContinuousCheck>().AddHostedService(p => p.GetRequiredService<ContinuousCheck>());
        services.AddSingleton(p => new CookieKeySealing(tables, p.GetRequiredService<IReplicationServer>(), p.GetRequiredService<Acknowledgements>(), settings, settings.Clock));
        services.AddSingleton<KeyKeeper>().AddSingleton<KeyRotation>();
    }

    private static PeerServer PeerOf(NodeSettings settings, DatabaseAccounts accounts, ServerAddress server) =>
        new(settings.Database.Engine, server, accounts.Peer, settings.Database.Schema, settings.Database.ServerTls());

    private static DatabaseSettings WithFolder(NodeSettings settings)
    {
        if (settings.Database.DataFolder is { } folder) settings.Database.DataFolder = settings.Resolve(folder);
        return settings.Database;
    }
}
