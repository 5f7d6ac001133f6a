using System.Net.Http.Headers;
using System.Text.Json;
using Connect.Node.Presence;
using Connect.Node.Security;
using Connect.Node.Settings;

namespace Connect.BoardWeb.Ring;

/// <summary>Speaks to the daemon over HTTP, on connections that are kept; every call has a deadline.</summary>
public sealed class RingDaemonClient : IRingDaemonClient, IDisposable
{
    /// <summary>How long the daemon may take beyond the wait it was asked for. 500 ms.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(500);

    /// <summary>Bytes of an answer: 256 members and some words.</summary>
    private const int MaxAnswer = 1 << 20;

    private static readonly TimeSpan NodeDeadline = TimeSpan.FromSeconds(1);

    /// <summary>The daemon gives each member 0.8 s, and looks again for about a second while they do not hold the same. 4 s.</summary>
    private static readonly TimeSpan RingDeadline = TimeSpan.FromSeconds(4);

    private readonly HttpClient _http;
    private readonly IClusterKeys _keys;

    public RingDaemonClient(NodeSettings settings, IClusterKeys keys)
    {
        _keys = keys;
        // The proxy settings of the environment are for the world outside; the daemon is next door.
        _http = new(new SocketsHttpHandler { UseProxy = false, SslOptions = ClusterTls.Trust(settings.Tls.Ca), ConnectTimeout = TimeSpan.FromMilliseconds(500), MaxConnectionsPerServer = 64 })
        {
            BaseAddress = new(settings.Daemon.Url),
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = MaxAnswer,
        };
    }

    public Task<Acknowledged> AckAsync(string position, Acknowledgement level, TimeSpan wait, CancellationToken cancel) =>
        AskAsync<Acknowledged>(
            () => new HttpRequestMessage(HttpMethod.Post, "/v1/ack")
            {
                Content = JsonContent.Create(new
                {
                    position,
                    level = level.ToString().ToLowerInvariant(),
                    waitMilliseconds = (int)wait.TotalMilliseconds,
                }),
            },
            wait + Grace, cancel);

    public Task<NodeReport> NodeAsync(CancellationToken cancel) =>
        AskAsync<NodeReport>(() => new HttpRequestMessage(HttpMethod.Get, "/v1/node?position=false"), NodeDeadline, cancel);

    public Task<HereAnswer> HereAsync(HereTold told, CancellationToken cancel) =>
        AskAsync<HereAnswer>(() => new HttpRequestMessage(HttpMethod.Post, "/v1/here") { Content = JsonContent.Create(told) }, NodeDeadline, cancel);

    public Task<RingReport> RingAsync(CancellationToken cancel) => AskAsync<RingReport>(() => new HttpRequestMessage(HttpMethod.Get, "/v1/status"), RingDeadline, cancel);

    public Task<AuditReport> AuditAsync(int limit, CancellationToken cancel) =>
        AskAsync<AuditReport>(() => new HttpRequestMessage(HttpMethod.Get, $"/v1/audit?limit={limit}"), NodeDeadline, cancel);

    public void Dispose() => _http.Dispose();

    private async Task<T> AskAsync<T>(Func<HttpRequestMessage> ask, TimeSpan deadline, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(deadline);
        using var request = ask();
        var keys = _keys.Current;
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", keys.ApiToken);
        // A rotation of the cluster's key goes on when the daemon has seen that its board took over the last step.
        request.Headers.Add(BoardKeys.Header, BoardKeys.Of(keys));
        try
        {
            using var answer = await _http.SendAsync(request, limit.Token);
            if (!answer.IsSuccessStatusCode) throw new RingDaemonException($"The daemon answered {(int)answer.StatusCode} to {request.RequestUri}.");
            return await answer.Content.ReadFromJsonAsync<T>(limit.Token) ?? throw new RingDaemonException("The daemon answered with nothing.");
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new RingDaemonException($"The daemon did not answer {request.RequestUri} within {deadline.TotalMilliseconds:0} ms.", e);
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or IOException)
        {
            throw new RingDaemonException($"The daemon cannot be asked: {e.Message}", e);
        }
    }
}
