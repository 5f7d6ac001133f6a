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

/// <summary>Every call that a daemon answers, taken from its own routes: what is added later is tried as well.</summary>
public sealed class EndpointSecurityTests : IAsyncLifetime
{
    /// <summary>What a stranger may call: that it runs, its figures, and what is sealed.</summary>
    private static readonly string[] Open = ["GET /health/live", "GET /metrics", "POST /v1/exchange", "POST /v1/join"];

    private readonly string _folder = Directory.CreateTempSubdirectory("connect-api-").FullName;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(20) };
    private WebApplication _daemon = null!;
    private string _token = "";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var key = Path.Combine(_folder, "cluster.key");
        ClusterKeys.Create(key);
        _token = ClusterKeys.Load(key).ApiToken;
        DatabaseAccounts.Generate().Save(Path.Combine(_folder, "accounts.json"));
        var (web, port, server) = (FreePort(), FreePort(), FreePort());
        var settings = Path.Combine(_folder, "node.json");
        // No server is there: what a call then answers is not the question.
        await File.WriteAllTextAsync(settings,
            $$"""{ "name": "n1", "database": { "port": {{server}} }, "daemon": { "url": "http://127.0.0.1:{{port}}" }, "web": { "url": "http://127.0.0.1:{{web}}" } }""", Cancel);
        _daemon = DaemonHost.Build(NodeSettings.Load(settings));
        await _daemon.StartAsync(Cancel);
        _http.BaseAddress = new($"http://127.0.0.1:{port}");
    }

    public async ValueTask DisposeAsync()
    {
        await _daemon.DisposeAsync();
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Every_call_but_the_open_four_needs_the_token()
    {
        var routes = Routes();
        Assert.True(routes.Count >= 20, string.Join(", ", routes));
        Assert.Empty(Open.Except(routes.Select(r => $"{r.Method} {r.Path}")));
        foreach (var (method, path) in routes)
        {
            var open = Open.Contains($"{method} {path}");
            foreach (var wrong in new[] { null, "", new string('0', _token.Length), _token[..^1], _token + "0", _token.ToUpperInvariant() })
            {
                // A body that cannot be read: whoever may not call must be refused before anybody tries.
                var status = await CallAsync(method, path, wrong is null ? null : new("Bearer", wrong), "{ this is not json");
                Assert.True(open ? status != HttpStatusCode.Unauthorized : status == HttpStatusCode.Unauthorized, $"{method} {path} with the token '{wrong}': {status}");
            }
            Assert.Equal(open, await CallAsync(method, path, new("Basic", _token), "{}") != HttpStatusCode.Unauthorized);
            Assert.NotEqual(HttpStatusCode.Unauthorized, await CallAsync(method, path, new("Bearer", _token), """{ "dryRun": true }"""));
        }
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/v1")]
    [InlineData("/v1/nothing")]
    [InlineData("/v1/../v1/node")]
    [InlineData("//v1/node")]
    [InlineData("/V1/NODE")]
    [InlineData("/v1/node/")]
    [InlineData("/%76%31/node")]
    public async Task What_is_not_there_or_written_otherwise_is_closed_too(string path) =>
        Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync("GET", path, null, null));

    [Theory]
    [InlineData("/v1/exchange")]
    [InlineData("/v1/join")]
    public async Task A_sealed_call_takes_nothing_that_is_not_sealed(string path)
    {
        Assert.Equal(HttpStatusCode.Forbidden, await CallAsync("POST", path, null, "not sealed"));
        Assert.Equal(HttpStatusCode.Forbidden, await CallAsync("POST", path, null, ""));
        Assert.Equal(HttpStatusCode.Forbidden, await CallAsync("POST", path, new("Bearer", _token), "not sealed"));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await CallAsync("POST", path, null, new string('x', (256 << 10) + 1)));
    }

    [Fact]
    public async Task A_body_over_a_mebibyte_is_not_read() =>
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await CallAsync("POST", "/v1/ack", new("Bearer", _token), $"\"{new string('x', 1 << 20)}\""));

    private List<(string Method, string Path)> Routes() =>
        [.. _daemon.Services.GetServices<EndpointDataSource>().Concat(((IEndpointRouteBuilder)_daemon).DataSources).Distinct()
            .SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .SelectMany(e => (e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET", "POST"]).Select(m => (m, e.RoutePattern.RawText!))).Distinct()];

    private async Task<HttpStatusCode> CallAsync(string method, string path, AuthenticationHeaderValue? authorization, string? body)
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
