using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Connect.LoadTests.Load;

namespace Connect.LoadTests.Ring;

/// <summary>Asks the daemons of a ring (docs/daemon-api.md).</summary>
public sealed class DaemonApi : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly RingUnderTest _ring;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromMinutes(10) };

    public DaemonApi(RingUnderTest ring)
    {
        _ring = ring;
        _http.DefaultRequestHeaders.Authorization = new("Bearer", ring.DaemonToken);
    }

    /// <summary>An answer of one daemon; null if it does not give one in time.</summary>
    public async Task<JsonNode?> GetAsync(RingMember node, string path, TimeSpan patience, CancellationToken cancel)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limited.CancelAfter(patience);
        try
        {
            return JsonNode.Parse(await _http.GetStringAsync(node.Settings.Daemon.Url + path, limited.Token));
        }
        catch (Exception e) when (e is HttpRequestException or JsonException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return null;
        }
    }

    /// <summary>Gives one daemon an order; null if it does not answer in time, or refuses.</summary>
    public async Task<JsonNode?> PostAsync(RingMember node, string path, JsonObject body, TimeSpan patience, CancellationToken cancel)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limited.CancelAfter(patience);
        try
        {
            using var response = await _http.PostAsJsonAsync(node.Settings.Daemon.Url + path, body, limited.Token);
            response.EnsureSuccessStatusCode();
            return JsonNode.Parse(await response.Content.ReadAsStringAsync(limited.Token));
        }
        catch (Exception e) when (e is HttpRequestException or JsonException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return null;
        }
    }

    /// <summary>
    /// Waits until the ring is as good as it can be: every node alive and in the load balancer, each replicating from its predecessor, closed and converged,
    /// in the eyes of every daemon, twice in a row.
    /// </summary>
    /// <exception cref="MeasurementException">It did not get there; the message says what was missing.</exception>
    public async Task<RingState> HealthyAsync(TimeSpan patience, CancellationToken cancel)
    {
        var deadline = Clock.After(Clock.Now, patience);
        var names = _ring.Nodes.Select(n => n.Name).ToArray();
        var good = 0;
        while (true)
        {
            var (ailment, state) = await LookAsync(names, cancel);
            good = ailment.Length == 0 ? good + 1 : 0;
            if (good >= 2) return state!;
            if (Clock.Now > deadline) throw new MeasurementException($"After {patience.TotalSeconds:0} s the ring is not healthy: {ailment}.");
            await Task.Delay(Pause, cancel);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<(string Ailment, RingState? State)> LookAsync(string[] names, CancellationToken cancel)
    {
        RingState? state = null;
        foreach (var node in _ring.Nodes)
        {
            if (await GetAsync(node, "/v1/status", TimeSpan.FromSeconds(5), cancel) is not { } answer) return ($"the daemon of {node.Name} does not answer", null);
            state = RingState.Parse(answer.ToJsonString());
            if (state.Ailment(names) is { Length: > 0 } ailment) return ($"{ailment} (says {node.Name})", null);
        }
        return ("", state);
    }
}
