using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Connect.Node.Security;
using Connect.Node.Settings;
using Connect.RingDaemon.Daemon;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Connect.RingDaemon.Tests.Api;

/// <summary>A daemon in this process, on a port of its own, without a server: its API answers nevertheless.</summary>
public sealed class DaemonAlone : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("connect-api-").FullName;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(20) };
    private WebApplication _daemon = null!;

    public string Token { get; private set; } = "";

    public int Port { get; private set; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var key = Path.Combine(_folder, "cluster.key");
        ClusterKeys.Create(key);
        Token = ClusterKeys.Load(key).ApiToken;
        DatabaseAccounts.Generate().Save(Path.Combine(_folder, "accounts.json"));
        var (web, server) = (FreePort(), FreePort());
        Port = FreePort();
        var settings = Path.Combine(_folder, "node.json");
        await File.WriteAllTextAsync(settings,
            $$"""{ "name": "n1", "database": { "port": {{server}} }, "daemon": { "url": "http://127.0.0.1:{{Port}}" }, "web": { "url": "http://127.0.0.1:{{web}}" } }""", Cancel);
        _daemon = DaemonHost.Build(NodeSettings.Load(settings));
        await _daemon.StartAsync(Cancel);
        _http.BaseAddress = new($"http://127.0.0.1:{Port}");
    }

    public async ValueTask DisposeAsync()
    {
        await _daemon.DisposeAsync();
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Every call it answers, from its own routes.</summary>
    public IReadOnlyList<(string Method, string Path)> Routes() =>
        [.. _daemon.Services.GetServices<EndpointDataSource>().Concat(((IEndpointRouteBuilder)_daemon).DataSources).Distinct()
            .SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .SelectMany(e => (e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET", "POST"]).Select(m => (m, e.RoutePattern.RawText!))).Distinct()];

    public async Task<HttpStatusCode> CallAsync(string method, string path, AuthenticationHeaderValue? authorization, string? body)
    {
        using var request = new HttpRequestMessage(new(method), new Uri(_http.BaseAddress! + path.TrimStart('/'), new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        if (body is not null && method != "GET") request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        request.Headers.Authorization = authorization;
        using var response = await _http.SendAsync(request, Cancel);
        return response.StatusCode;
    }

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
