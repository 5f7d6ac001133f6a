using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Health;

/// <summary>Looks now and then at the servers that this node cannot reach, to find out when it can again.</summary>
/// <param name="time">The clock.</param>
/// <param name="found">Told of each change of what was found.</param>
public sealed class LinkWatches(TimeProvider time, Action<string, Finding> found) : IAsyncDisposable
{
    private readonly Dictionary<(string Name, string Host, int Port), ServiceWatch> _watches = [];

    /// <summary>Watches the servers of these members from now on, and no others. They are a few: the ring's order goes around them.</summary>
    public async Task TurnToAsync(IReadOnlyList<Member> members)
    {
        var wanted = members.Select(m => (m.Name, m.Facts.MysqlHost, m.Facts.MysqlPort)).ToHashSet();
        foreach (var gone in _watches.Keys.Where(k => !wanted.Contains(k)).ToArray())
        {
            await _watches[gone].DisposeAsync();
            _watches.Remove(gone);
        }
        foreach (var (name, host, port) in wanted.Where(k => !_watches.ContainsKey(k)))
        {
            var watch = _watches[(name, host, port)] = new(host, port, new MysqlGreeting(), WatchOptions.Link, time, finding => found(name, finding));
            watch.Start();
        }
    }

    public async ValueTask DisposeAsync() => await TurnToAsync([]);
}
