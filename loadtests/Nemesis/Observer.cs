using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Connect.LoadTests.Load;
using Connect.LoadTests.Ring;

namespace Connect.LoadTests.Nemesis;

/// <summary>The ring at one moment.</summary>
/// <param name="At">Seconds from the beginning of the run.</param>
/// <param name="Closed">Following the sources from any node that calls itself alive visits all of those, over links that run.</param>
/// <param name="States">A letter a node, in ring order: a alive, j joining, s suspect, u unreachable, m maintenance, l leaving or left, - no answer.</param>
/// <param name="Sources">From whom each replicates, in the same order; null: from nobody, or no answer.</param>
/// <param name="Lag">Seconds that each is behind its source, as its daemon says; null if it does not.</param>
public sealed record Moment(double At, bool Closed, string States, IReadOnlyList<string?> Sources, IReadOnlyList<double?> Lag);

/// <summary>Asks every daemon about its own node, again and again, and remembers: the timeline of the report.</summary>
public sealed class Observer : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Answer = TimeSpan.FromMilliseconds(400);

    private readonly RingUnderTest _ring;
    private readonly long _began;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = Answer }) { Timeout = TimeSpan.FromSeconds(5) };
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Moment> _moments = [];
    private readonly Task _running;

    public Observer(RingUnderTest ring, long began)
    {
        (_ring, _began) = (ring, began);
        _http.DefaultRequestHeaders.Authorization = new("Bearer", ring.DaemonToken);
        _running = Task.Run(RunAsync);
    }

    public IReadOnlyList<Moment> Moments
    {
        get
        {
            lock (_moments) return [.. _moments];
        }
    }

    /// <summary>One moment, from what the daemons said of their own nodes. Pure.</summary>
    /// <param name="nodes">Names, in ring order.</param>
    /// <param name="answers">In the same order; null: no answer.</param>
    public static Moment Of(double at, IReadOnlyList<string> nodes, IReadOnlyList<JsonNode?> answers)
    {
        var alive = new Dictionary<string, string?>();
        for (var i = 0; i < nodes.Count; i++)
        {
            if ((string?)answers[i]?["state"] == "alive") alive[nodes[i]] = (string?)answers[i]!["replication"] == "running" ? (string?)answers[i]!["source"] : null;
        }
        var states = string.Concat(answers.Select(a => a is null ? '-' : ((string?)a["state"] ?? "-")[0]));
        return new(Math.Round(at, 2), IsClosed(alive), states, [.. answers.Select(a => (string?)a?["source"])], [.. answers.Select(a => (double?)a?["lagSeconds"])]);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _http.Dispose();
        _stop.Dispose();
    }

    private static bool IsClosed(Dictionary<string, string?> sources)
    {
        if (sources.Count <= 1) return sources.Count == 1;
        var at = sources.Keys.First();
        var visited = new HashSet<string>();
        while (visited.Add(at))
        {
            if (sources[at] is not { } next || !sources.ContainsKey(next)) return false;
            at = next;
        }
        return visited.Count == sources.Count;
    }

    private async Task RunAsync()
    {
        string[] names = [.. _ring.Nodes.Select(n => n.Name)];
        using var timer = new PeriodicTimer(Every);
        while (await timer.WaitForNextTickAsync(_stop.Token))
        {
            var at = Clock.Milliseconds(_began, Clock.Now) / 1000;
            var answers = await Task.WhenAll(_ring.Nodes.Select(AskAsync));
            lock (_moments) _moments.Add(Of(at, names, answers));
        }
    }

    private async Task<JsonNode?> AskAsync(RingMember node)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        limited.CancelAfter(Answer);
        try
        {
            return await _http.GetFromJsonAsync<JsonNode>(node.Settings.Daemon.Url + "/v1/node?position=false", limited.Token);
        }
        catch (Exception e) when (e is HttpRequestException or System.Text.Json.JsonException || (e is OperationCanceledException && !_stop.IsCancellationRequested))
        {
            return null;
        }
    }
}
