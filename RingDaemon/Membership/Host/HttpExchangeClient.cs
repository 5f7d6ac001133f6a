using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using Connect.RingDaemon.Membership.Wire;

namespace Connect.RingDaemon.Membership;

/// <summary><see cref="IExchangeClient"/> over HTTP; each exchange has one second.</summary>
/// <param name="time">Measures the second.</param>
/// <param name="trust">Whom to believe where a daemon's address is https.</param>
public sealed class HttpExchangeClient(TimeProvider time, SslClientAuthenticationOptions trust) : IExchangeClient, IDisposable
{
    /// <summary>Path of the exchange below a daemon's address.</summary>
    public const string Path = "/v1/exchange";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(1);

    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        SslOptions = trust,
        ConnectTimeout = Deadline,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
        MaxResponseContentBufferSize = WireLimits.Exchange,
    };

    public async Task<ExchangeAnswer> ExchangeAsync(string daemonUrl, byte[] sealedBody, CancellationToken cancel)
    {
        using var late = new CancellationTokenSource(Deadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancel);
        try
        {
            using var body = new ByteArrayContent(sealedBody);
            body.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
            using var answer = await _http.PostAsync(new Uri(new Uri(daemonUrl), Path), body, either.Token);
            return new(answer.StatusCode == HttpStatusCode.OK ? await answer.Content.ReadAsByteArrayAsync(either.Token) : null, false);
        }
        catch (HttpRequestException e)
        {
            return new(null, e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused });
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new(null, false);
        }
    }

    public void Dispose() => _http.Dispose();
}
