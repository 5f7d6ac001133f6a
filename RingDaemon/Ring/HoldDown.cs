namespace Connect.RingDaemon.Ring;

/// <summary>
/// Damps flapping: a member that was left because it failed is not used again at once. The first return waits <c>first</c>,
/// each further failure within <c>memory</c> doubles the wait, up to <c>longest</c>.
/// </summary>
/// <param name="first">1 s: long enough for a server that crashes right after its start to do so.</param>
/// <param name="longest">5 min: even a node that fails all day is tried again.</param>
/// <param name="memory">10 min: how long a failure counts.</param>
public sealed class HoldDown(TimeSpan first, TimeSpan longest, TimeSpan memory)
{
    /// <summary>Failures remembered per member; more would not lengthen the wait.</summary>
    private const int MostFailures = 16;

    private readonly SortedDictionary<string, Queue<TimeSpan>> _failures = new(StringComparer.Ordinal);

    public void Failed(string member, TimeSpan now)
    {
        if (!_failures.TryGetValue(member, out var times)) _failures[member] = times = new();
        times.Enqueue(now);
        while (times.Count > MostFailures) times.Dequeue();
    }

    /// <summary>How long the member must have been usable again before this node goes back to it.</summary>
    public TimeSpan For(string member, TimeSpan now)
    {
        if (!_failures.TryGetValue(member, out var times)) return first;
        while (times.TryPeek(out var oldest) && now - oldest > memory) times.Dequeue();
        if (times.Count == 0) _failures.Remove(member);
        var doubled = first * Math.Pow(2, Math.Max(0, times.Count - 1));
        return doubled < longest ? doubled : longest;
    }
}
