using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Connect.RingDaemon.Cli;

namespace Connect.RingDaemon.Archive;

/// <summary>Speaks to a board for as long as an export or an import takes: a node that is busy, or away, is asked again for a while, and behind a load balancer it is another one then.</summary>
internal sealed class BoardClient(string url, string token) : IDisposable
{
    /// <summary>Until an answer begins.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    /// <summary>Without a single byte of an answer that has begun.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(60);

    /// <summary>How long the same thing is tried.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(5), PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30) }) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>Sends a batch; sending it twice does no harm.</summary>
    /// <exception cref="DaemonUnreachableException">The board was not there for two minutes.</exception>
    /// <exception cref="DaemonRefusedException">It does not want this at all.</exception>
    public Task<(JsonNode Answer, bool Pending)> ImportAsync(ReadOnlyMemory<byte> lines, CancellationToken cancel) => AgainAsync("/api/v1/import", async limit =>
    {
        using var request = Request(HttpMethod.Post, "/api/v1/import");
        request.Content = new ReadOnlyMemoryContent(lines);
        request.Content.Headers.ContentType = new("application/jsonl");
        using var answer = await _http.SendAsync(request, limit);
        await CheckAsync(answer, "/api/v1/import", limit);
        return (JsonNode.Parse(await answer.Content.ReadAsStringAsync(limit))!, answer.StatusCode == HttpStatusCode.Accepted);
    }, cancel);

    /// <summary>The start of a download.</summary>
    /// <inheritdoc cref="ImportAsync"/>
    public Task<HttpResponseMessage> DownloadAsync(string path, CancellationToken cancel) => AgainAsync(path, async limit =>
    {
        using var request = Request(HttpMethod.Get, path);
        var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit);
        await CheckAsync(answer, path, limit);
        return answer;
    }, cancel);

    /// <summary>The rest of it.</summary>
    /// <exception cref="DaemonUnreachableException">It broke off, or nothing came for a minute.</exception>
    public async Task CopyAsync(HttpResponseMessage answer, Stream to, Action<ReadOnlyMemory<byte>> copied, CancellationToken cancel)
    {
        await using var from = await answer.Content.ReadAsStreamAsync(cancel);
        var buffer = new byte[1 << 16];
        try
        {
            while (true)
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                limit.CancelAfter(Silence);
                var read = await from.ReadAsync(buffer, limit.Token);
                if (read == 0) return;
                await to.WriteAsync(buffer.AsMemory(0, read), cancel);
                copied(buffer.AsMemory(0, read));
            }
        }
        catch (Exception e) when (e is HttpIOException or HttpRequestException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            throw new DaemonUnreachableException($"{url} broke the answer off: what there is of it is not whole. Try again.", e);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<T> AgainAsync<T>(string path, Func<CancellationToken, Task<T>> send, CancellationToken cancel)
    {
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        while (true)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(Deadline);
            TimeSpan pause;
            Exception why;
            try
            {
                return await send(limit.Token);
            }
            catch (BusyException e)
            {
                (pause, why) = (e.After, new DaemonUnreachableException($"{url} has been busy for {Patience.TotalMinutes:0} minutes: {e.Message}"));
            }
            catch (HttpRequestException e)
            {
                (pause, why) = (TimeSpan.FromSeconds(1), new DaemonUnreachableException($"{url} cannot be reached: {e.InnerException?.Message ?? e.Message}", e));
            }
            catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
            {
                (pause, why) = (TimeSpan.FromSeconds(1), new DaemonUnreachableException($"{url} did not answer {path} within {Deadline.TotalSeconds:0} s.", e));
            }
            if (System.Diagnostics.Stopwatch.GetElapsedTime(began) + pause > Patience) throw why;
            await Task.Delay(pause, cancel);
        }
    }

    private HttpRequestMessage Request(HttpMethod method, string path)
    {
        var request = new HttpRequestMessage(method, url.TrimEnd('/') + path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return request;
    }

    private async Task CheckAsync(HttpResponseMessage answer, string path, CancellationToken cancel)
    {
        if (answer.IsSuccessStatusCode) return;
        var problem = Detail(await answer.Content.ReadAsStringAsync(cancel));
        var (status, after) = (answer.StatusCode, answer.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(1));
        answer.Dispose();
        if (status is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable or HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout)
            throw new BusyException(problem, after < TimeSpan.FromSeconds(10) ? after : TimeSpan.FromSeconds(10));
        if (status == HttpStatusCode.Unauthorized) throw new UsageException($"{url} does not know this token. Pass an administrator's with --token-file.");
        throw new DaemonRefusedException(url, path, (int)status, problem);
    }

    private static string Detail(string text)
    {
        try
        {
            return (string?)JsonNode.Parse(text)?["detail"] ?? "";
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return "";
        }
    }

    /// <summary>Not now.</summary>
    private sealed class BusyException(string message, TimeSpan after) : Exception(message)
    {
        public TimeSpan After => after;
    }
}
