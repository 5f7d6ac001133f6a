using System.Net;
using System.Net.Http.Headers;

namespace Connect.RingDaemon.Tests.Api;

/// <summary>Every call that a daemon answers, taken from its own routes: what is added later is tried as well.</summary>
public sealed class EndpointSecurityTests : IAsyncLifetime
{
    /// <summary>What a stranger may call: that it runs, its figures, and what is sealed.</summary>
    private static readonly string[] Open = ["GET /health/live", "GET /metrics", "POST /v1/exchange", "POST /v1/join"];

    private readonly DaemonAlone _daemon = new();

    private string Token => _daemon.Token;

    public ValueTask InitializeAsync() => _daemon.InitializeAsync();

    public ValueTask DisposeAsync() => _daemon.DisposeAsync();

    [Fact]
    public async Task Every_call_but_the_open_four_needs_theToken()
    {
        var routes = _daemon.Routes();
        Assert.True(routes.Count >= 20, string.Join(", ", routes));
        Assert.Empty(Open.Except(routes.Select(r => $"{r.Method} {r.Path}")));
        foreach (var (method, path) in routes)
        {
            var open = Open.Contains($"{method} {path}");
            foreach (var wrong in new[] { null, "", new string('0', Token.Length), Token[..^1], Token + "0", Token.ToUpperInvariant() })
            {
                // A body that cannot be read: whoever may not call must be refused before anybody tries.
                var status = await CallAsync(method, path, wrong is null ? null : new("Bearer", wrong), "{ this is not json");
                Assert.True(open ? status != HttpStatusCode.Unauthorized : status == HttpStatusCode.Unauthorized, $"{method} {path} with the token '{wrong}': {status}");
            }
            Assert.Equal(open, await CallAsync(method, path, new("Basic", Token), "{}") != HttpStatusCode.Unauthorized);
            Assert.NotEqual(HttpStatusCode.Unauthorized, await CallAsync(method, path, new("Bearer", Token), """{ "dryRun": true }"""));
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
        Assert.Equal(HttpStatusCode.Forbidden, await CallAsync("POST", path, new("Bearer", Token), "not sealed"));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await CallAsync("POST", path, null, new string('x', (256 << 10) + 1)));
    }

    [Fact]
    public async Task A_body_over_a_mebibyte_is_not_read() =>
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await CallAsync("POST", "/v1/ack", new("Bearer", Token), $"\"{new string('x', 1 << 20)}\""));

    private Task<HttpStatusCode> CallAsync(string method, string path, AuthenticationHeaderValue? authorization, string? body) => _daemon.CallAsync(method, path, authorization, body);
}
