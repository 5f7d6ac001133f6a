using System.Collections.Concurrent;
using Connect.LoadTests.Load;
using Connect.LoadTests.Posting;

namespace Connect.LoadTests.Live;

/// <summary>A page that is open on one node: listens to <c>GET /t/{topic}/live</c> (server-sent events) and notes when each post's token arrived.</summary>
public sealed class OpenPage : IDisposable
{
    private readonly ConcurrentDictionary<string, long> _seen = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HttpClient _http;
    private int _events;

    /// <param name="boardUrl">The board of the node the page was loaded from, not the load balancer.</param>
    /// <param name="token">A bearer token.</param>
    public OpenPage(string boardUrl, string token)
    {
        _http = new(new SocketsHttpHandler { UseProxy = false, UseCookies = false }) { BaseAddress = new(boardUrl), Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        _http.DefaultRequestHeaders.Accept.ParseAdd("text/event-stream");
    }

    /// <summary>Lines with data that came.</summary>
    public int Events => Volatile.Read(ref _events);

    /// <summary>Opens the stream; returns when the node has answered.</summary>
    /// <exception cref="HttpRequestException">It refused.</exception>
    public async Task OpenAsync(Guid topic, TimeSpan patience)
    {
        _ = ListenAsync(topic);
        await _open.Task.WaitAsync(patience);
    }

    /// <summary>When the post with this token arrived; null if it has not.</summary>
    public long? SeenAt(string token) => _seen.TryGetValue(token, out var at) ? at : null;

    public void Dispose()
    {
        _stop.Cancel();
        _http.Dispose();
        _stop.Dispose();
    }

    private async Task ListenAsync(Guid topic)
    {
        try
        {
            using var answer = await _http.GetAsync($"/t/{topic}/live", HttpCompletionOption.ResponseHeadersRead, _stop.Token);
            answer.EnsureSuccessStatusCode();
            using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(_stop.Token));
            _open.TrySetResult();
            while (await lines.ReadLineAsync(_stop.Token) is { } line)
            {
                var now = Clock.Now;
                if (!line.StartsWith("data:", StringComparison.Ordinal)) continue;
                Interlocked.Increment(ref _events);
                if (LedgerJudge.TokenOf(line) is { } token) _seen.TryAdd(token, now);
            }
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            _open.TrySetException(e);
        }
    }
}
