using System.Net;
using System.Text.Json;
using Connect.Node.Database;
using Connect.Node.Security;
using Connect.Node.Settings;
using Connect.RingDaemon.Api;
using Connect.RingDaemon.Cli;
using Connect.RingDaemon.Daemon;
using Connect.RingDaemon.Health;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Tests.Replication;
using Microsoft.AspNetCore.Builder;

namespace Connect.RingDaemon.Tests.Tls;

/// <summary>Daemons that speak HTTPS with certificates of the cluster's authority.</summary>
public sealed class DaemonTlsTests(TestServers servers) : IDisposable
{
    private readonly Certificates _certificates = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("connect-daemons-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _certificates.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Everything that two nodes say to each other goes over TLS here: API, exchanges, watches, questions to servers, replication.</summary>
    [Theory]
    [InlineData(Engine.MariaDB)]
    [InlineData(Engine.MySQL)]
    public async Task Two_nodes_close_their_ring_over_TLS_alone(Engine engine)
    {
        string[] options = [.. Certificates.Server(_certificates.Good)];
        var (a, b) = (await servers.StartAsync(engine, options), await servers.StartAsync(engine, options));
        foreach (var server in new[] { a, b })
            foreach (var user in new[] { "connect_daemon", "connect_replication", "connect_peer" }) await server.AdminAsync($"ALTER USER '{user}'@'%' REQUIRE SSL");
        ClusterKeys.Create(Path.Combine(_folder, "cluster.key"));
        var (pa, pb) = (FreePort(), FreePort());
        await using var first = Daemon("n1", a, pa, pb, _certificates.Good);
        await using var second = Daemon("n2", b, pb, pa, _certificates.Good);
        await first.StartAsync(Cancel);
        await second.StartAsync(Cancel);

        var (output, error) = (new StringWriter(), new StringWriter());
        string[] status = ["status", "--json", "--node", $"https://127.0.0.1:{pa}", "--key-file", Path.Combine(_folder, "cluster.key"), "--ca", _certificates.Good.Ca];
        await Eventually.IsTrueAsync(async () =>
        {
            (output, error) = (new(), new());
            await CommandLine.RunAsync(status, output, error);
            return error.ToString().Length == 0 && JsonSerializer.Deserialize<RingReport>(output.ToString(), JsonSerializerOptions.Web) is { Ring: { Closed: true, Order.Count: 2 } } ring
                && ring.Nodes.All(n => n is { Replication: "running", Daemon.Up: true });
        }, TimeSpan.FromSeconds(30), () => Task.FromResult(output.ToString() + error));
        // Whoever serves opens its server for the board a moment after it has said so.
        await Eventually.IsTrueAsync(async () => await a.AdminAsync<int>("SELECT @@GLOBAL.read_only") == 0, TimeSpan.FromSeconds(10));
        await a.WriteAsync(2);
        await Eventually.IsTrueAsync(async () => await b.DigestAsync() == await a.DigestAsync(), TimeSpan.FromSeconds(10));

        // Without the authority's certificate the CLI believes nobody.
        var code = await CommandLine.RunAsync([.. status[..^2], "--ca", _certificates.OfAnotherAuthority.Ca], output, error);
        Assert.Equal(ExitCodes.Failed, code);
    }

    [Theory]
    [InlineData("good", true)]
    [InlineData("elsewhere", false)]
    [InlineData("stranger", false)]
    public async Task Only_a_certificate_of_the_clusters_authority_for_the_called_address_is_believed(string which, bool believed)
    {
        ClusterKeys.Create(Path.Combine(_folder, "cluster.key"));
        var tls = which switch { "good" => _certificates.Good, "elsewhere" => _certificates.ForAnotherHost, _ => _certificates.OfAnotherAuthority };
        var port = FreePort();
        await using var daemon = Daemon("n1", null, port, null, tls);
        await daemon.StartAsync(Cancel);
        var (url, trust) = ($"https://127.0.0.1:{port}", ClusterTls.Trust(_certificates.Good.Ca));

        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, SslOptions = trust });
        var answer = await new MemberClient(http, ClusterKeys.Load(Path.Combine(_folder, "cluster.key")), new()).GetAsync<object>(url, "/v1/members", TimeSpan.FromSeconds(5), Cancel);
        Assert.Equal(believed, answer is not null);

        var findings = new List<Finding>();
        await using var watch = new ServiceWatch("127.0.0.1", port, new HttpGreeting($"127.0.0.1:{port}", "/health/live"), WatchOptions.Http, TimeProvider.System, f =>
        {
            lock (findings) findings.Add(f);
        }, trust);
        watch.Start();
        await Eventually.IsTrueAsync(() => Task.FromResult(watch.Finding != Finding.Unknown), TimeSpan.FromSeconds(10));
        Assert.Equal(believed ? Finding.Up : Finding.Silent, watch.Finding); // a wrong certificate says nothing about the daemon that should be there
        await daemon.StopAsync(Cancel);
        if (believed) await Eventually.IsTrueAsync(() => Task.FromResult(watch.Finding == Finding.Refused), TimeSpan.FromSeconds(5)); // the kernel's farewell is heard through TLS

        using var exchange = new HttpExchangeClient(TimeProvider.System, trust);
        Assert.Null((await exchange.ExchangeAsync(url, [1, 2, 3], Cancel)).Body);
    }

    [Fact]
    public async Task A_token_is_never_sent_in_clear_to_another_machine()
    {
        // Nobody is at that address; what counts is that nobody is even asked.
        using var http = new HttpClient(new Failing());
        var keys = new ClusterKeys([new byte[32]]);
        Assert.Null(await new MemberClient(http, keys, new()).GetAsync<object>("http://10.9.8.7:7081", "/v1/node", TimeSpan.FromSeconds(1), Cancel));
        await Assert.ThrowsAsync<InvalidOperationException>(() => new MemberClient(http, keys, new() { Daemon = { AllowPlainHttp = true } }).GetAsync<object>("http://10.9.8.7:7081", "/v1/node", TimeSpan.FromSeconds(1), Cancel));
    }

    private sealed class Failing : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => throw new InvalidOperationException("It was sent.");
    }

    private WebApplication Daemon(string name, TestServer? server, int port, int? other, TlsSettings tls)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        (server?.Accounts ?? DatabaseAccounts.Generate()).Save(Path.Combine(folder, "accounts.json"));
        var settings = Path.Combine(folder, "node.json");
        File.WriteAllText(settings, JsonSerializer.Serialize(new
        {
            name,
            keyFile = "../cluster.key",
            database = new { engine = (server?.Settings.Database.Engine ?? Engine.MariaDB).ToString(), port = server?.Port ?? FreePort(), tls = server is not null },
            daemon = new { url = $"https://127.0.0.1:{port}", founder = true, join = other is null ? Array.Empty<string>() : [$"https://127.0.0.1:{other}"] },
            web = new { url = $"http://127.0.0.1:{FreePort()}" },
            tls = new { ca = tls.Ca, certificate = tls.Certificate, key = tls.Key },
        }));
        return DaemonHost.Build(NodeSettings.Load(settings));
    }

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
