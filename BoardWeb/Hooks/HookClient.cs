using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Connect.Node.Settings;

namespace Connect.BoardWeb.Hooks;

/// <summary>What a receiver said.</summary>
/// <param name="Status">0: nothing.</param>
/// <param name="Note">What went wrong, in words; empty if it took it.</param>
public sealed record HookAnswer(int Status, string Note)
{
    public bool IsTaken => Note.Length == 0;
}

/// <summary>
/// Calls receivers: only addresses that <see cref="ReachableAddresses"/> allows, looked at when the connection is made, on the very address that is then connected to; so a name that
/// answers differently the second time leads nowhere else. Redirects are not followed, and what is answered is not read.
/// </summary>
public sealed class HookClient : IDisposable
{
    public const string IdHeader = "webhook-id", TimestampHeader = "webhook-timestamp", SignatureHeader = "webhook-signature";

    /// <summary>Addresses of one name that are tried.</summary>
    private const int MaxAddresses = 8;

    private readonly HookSettings _settings;
    private readonly HookSecrets _secrets;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;

    public HookClient(NodeSettings settings, HookSecrets secrets, TimeProvider time)
    {
        (_settings, _secrets, _time) = (settings.Hooks, secrets, time);
        _http = new(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = null,
            ConnectCallback = ConnectAsync,
            MaxConnectionsPerServer = 2,
            PooledConnectionLifetime = TimeSpan.FromMinutes(1),
            MaxResponseHeadersLength = 16,
            MaxResponseDrainSize = 4096,
            ResponseDrainTimeout = TimeSpan.FromSeconds(1),
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>Tries once, for as long as the settings allow.</summary>
    public async Task<HookAnswer> SendAsync(Hook hook, Guid eventId, byte[] body, CancellationToken cancel)
    {
        if (HookRules.UrlFault(hook.Url, _settings) is { } fault) return new(0, fault); // the settings are others by now
        var (id, timestamp) = (eventId.ToString("N"), _time.GetUtcNow().ToUnixTimeSeconds());
        var signatures = new List<string>();
        foreach (var seal in hook.SecretsAt(_time.GetUtcNow()))
        {
            if (_secrets.Open(seal) is { } secret) signatures.Add(HookSecrets.Sign(secret, id, timestamp, body));
        }
        if (signatures.Count == 0) return new(0, "Its secret cannot be opened on this node: make another one.");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(TimeSpan.FromSeconds(_settings.TimeoutSeconds));
        using var request = new HttpRequestMessage(HttpMethod.Post, hook.Url) { Content = new ByteArrayContent(body) { Headers = { ContentType = new("application/json") { CharSet = "utf-8" } } } };
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("Connect", "1"));
        request.Headers.Add(IdHeader, id);
        request.Headers.Add(TimestampHeader, timestamp.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add(SignatureHeader, string.Join(' ', signatures));
        try
        {
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            var status = (int)answer.StatusCode;
            return new(status, status is >= 200 and < 300 ? "" : status is >= 300 and < 400 ? "It answered with a redirect, which is not followed: register the address it leads to." : $"It answered {status}.");
        }
        catch (Exception e) when ((e as NotAllowedException ?? e.InnerException as NotAllowedException) is { } refused)
        {
            return new(0, refused.Message);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new(0, string.Create(CultureInfo.InvariantCulture, $"It did not answer within {_settings.TimeoutSeconds} s."));
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
        {
            // What the exception says can hold the address, which can hold a secret of the receiver's.
            return new(0, $"The connection failed ({(e as HttpRequestException)?.HttpRequestError.ToString() ?? e.GetType().Name}).");
        }
    }

    public void Dispose() => _http.Dispose();

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        var addresses = await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, cancel);
        // One that is not allowed spoils all: a name that leads to both is up to something.
        if (addresses.Length == 0 || !Array.TrueForAll(addresses, a => ReachableAddresses.Allows(a, _settings)))
            throw new NotAllowedException("It leads to an address of this machine or of a private network, which is not called.");
        if (context.InitialRequestMessage.RequestUri?.Scheme != Uri.UriSchemeHttps && !Array.TrueForAll(addresses, IPAddress.IsLoopback)) throw new NotAllowedException("Plain http is for this machine only.");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync([.. addresses.Take(MaxAddresses)], context.DnsEndPoint.Port, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private sealed class NotAllowedException(string message) : IOException(message);
}
