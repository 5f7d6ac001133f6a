using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Connect.Node.Security;

namespace Connect.RingDaemon.Cli;

/// <summary>Speaks to one daemon (docs/daemon-api.md). Every call ends within its deadline.</summary>
/// <param name="url">The daemon's address.</param>
/// <param name="token">The cluster's API token; null where none is needed.</param>
/// <param name="caFile">The authority whose certificates are believed, for an https address.</param>
public sealed class DaemonClient(string url, string? token, string? caFile = null)
{
    /// <summary>How long a question may take.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(2);

    /// <summary>How long an order may take: a drain is not done in two seconds. Longer than the daemon's own patience, so that its answer is heard.</summary>
    public static readonly TimeSpan OrderDeadline = TimeSpan.FromSeconds(70);

    private static readonly HttpClient Plain = Connect(null);

    /// <summary>One for each authority that this process was told of, which is one.</summary>
    private static readonly ConcurrentDictionary<string, HttpClient> Trusting = new(StringComparer.Ordinal);

    private HttpClient Http => caFile is null ? Plain : Trusting.GetOrAdd(caFile, Connect);

    public string Url { get; } = url.TrimEnd('/');

    /// <exception cref="DaemonUnreachableException">It cannot be reached, or took too long.</exception>
    /// <exception cref="DaemonRefusedException">It answered with an error.</exception>
    public Task<JsonNode> GetAsync(string path, CancellationToken cancel, TimeSpan? deadline = null) => SendAsync(HttpMethod.Get, path, null, deadline ?? Deadline, cancel);

    /// <inheritdoc cref="GetAsync"/>
    public Task<JsonNode> PostAsync(string path, JsonNode body, CancellationToken cancel, TimeSpan? deadline = null) =>
        SendAsync(HttpMethod.Post, path, body, deadline ?? OrderDeadline, cancel);

    private static HttpClient Connect(string? caFile) =>
        new(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = Deadline, SslOptions = ClusterTls.Trust(caFile) }) { Timeout = Timeout.InfiniteTimeSpan };

    private async Task<JsonNode> SendAsync(HttpMethod method, string path, JsonNode? body, TimeSpan deadline, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(method, Url + path);
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (body is not null) request.Content = JsonContent.Create(body);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(deadline);
        try
        {
            using var response = await Http.SendAsync(request, limit.Token);
            var text = await response.Content.ReadAsStringAsync(limit.Token);
            if (!response.IsSuccessStatusCode) throw new DaemonRefusedException(Url, path, (int)response.StatusCode, Problem(text));
            return JsonNode.Parse(text) ?? new JsonObject();
        }
        catch (HttpRequestException e)
        {
            throw new DaemonUnreachableException($"{Url} cannot be reached: {e.InnerException?.Message ?? e.Message}", e);
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new DaemonUnreachableException($"{Url} did not answer {path} within {deadline.TotalSeconds:0.#} s.", e);
        }
        catch (JsonException e)
        {
            throw new DaemonUnreachableException($"{Url}{path} answered with something that is not JSON: is that a daemon's address?", e);
        }
    }

    /// <summary>What a problem document says; empty if it is none.</summary>
    private static string Problem(string text)
    {
        try
        {
            var problem = JsonNode.Parse(text);
            return problem?["detail"]?.GetValue<string>() ?? problem?["title"]?.GetValue<string>() ?? "";
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return "";
        }
    }
}

/// <summary>A daemon that cannot be asked.</summary>
public sealed class DaemonUnreachableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A daemon that said no.</summary>
public sealed class DaemonRefusedException(string url, string path, int status, string detail) : Exception(Words(url, path, status, detail))
{
    public int Status => status;

    private static string Words(string url, string path, int status, string detail) => status switch
    {
        401 => $"{url} does not accept this cluster key: it belongs to another ring, or the key was rotated. Pass the right one with --key-file.",
        404 => $"{url} does not know {path}: it is another version, or not a daemon.",
        _ => detail.Length > 0 ? $"{url} refused: {detail} (HTTP {status})" : $"{url} answered {path} with HTTP {status}.",
    };
}
