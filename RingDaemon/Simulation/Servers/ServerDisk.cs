using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Simulation.Servers;

/// <summary>
/// What a server has on its disk and finds again after a crash: who it is, its rows, the numbers it knows, and its binary log from where it was last purged. Relay logs are not
/// part of it: both engines throw them away at a start (relay_log_recovery), and replication brings their content again.
/// </summary>
internal sealed class ServerDisk
{
    private readonly List<Transaction> _log = [];
    private readonly SortedDictionary<string, OriginNumbers> _known = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, OriginNumbers> _purged = new(StringComparer.Ordinal);
    private ServerDisk? _seed;
    private GtidSet? _executed;

    public ServerDisk(ServerIdentity identity) => Identity = identity;

    public ServerIdentity Identity { get; }

    /// <summary>The binary log, oldest first. What was purged is gone from the beginning; indices stay as they were.</summary>
    public IReadOnlyList<Transaction> Log => _log;

    /// <summary>The oldest entry of <see cref="Log"/> that can still be sent.</summary>
    public int LogBegins { get; private set; }

    /// <summary>What its tables hold.</summary>
    public RowSet Rows { get; } = new();

    /// <summary>Everything it has executed.</summary>
    public GtidSet Executed => _executed ??= SetOf(_known);

    /// <summary>What it has executed and can no longer send.</summary>
    public GtidSet Purged => SetOf(_purged);

    /// <summary>The number its next own transaction gets.</summary>
    public long NextNumber => LastOf(Identity.Origin) + 1;

    public bool Knows(in Transaction transaction) => _known.TryGetValue(transaction.Origin, out var numbers) && numbers.Contains(transaction.Number);

    public long LastOf(string origin) => _known.TryGetValue(origin, out var numbers) ? numbers.Last : 0;

    /// <summary>Rows and numbers in one flush, as both engines do it. A row that is there already is left as it is.</summary>
    /// <returns>True if the row is new here.</returns>
    public bool Commit(in Transaction transaction)
    {
        _log.Add(transaction);
        Numbers(_known, transaction.Origin).Add(transaction.Number);
        _executed = null;
        return Rows.Add(transaction.Row);
    }

    /// <summary>Forgets the log before this entry.</summary>
    public void Purge(int before)
    {
        for (; LogBegins < Math.Min(before, _log.Count); LogBegins++) Numbers(_purged, _log[LogBegins].Origin).Add(_log[LogBegins].Number);
    }

    /// <summary>The data folder was made anew, and has to be filled from the ring.</summary>
    public bool IsFresh { get; init; }

    /// <summary>Rows that came another way than by replication, outside the log.</summary>
    public void Add(ServerDisk from) => Rows.Add(from.Rows);

    /// <summary>The same rows at this position, with an empty log.</summary>
    public ServerDisk StandingAt(GtidSet position)
    {
        var seed = new ServerDisk(Identity);
        seed.Rows.Add(Rows);
        foreach (var origin in position.Origins)
        {
            foreach (var range in position[origin]) seed.Numbers(seed._known, origin).Add(range);
        }
        return Begin(Identity, seed);
    }

    /// <summary>A copy with another name in its option file.</summary>
    public ServerDisk As(ServerIdentity identity)
    {
        var copy = new ServerDisk(identity) { _seed = _seed, LogBegins = LogBegins, IsFresh = IsFresh };
        copy._log.AddRange(_log);
        copy.Fill(this);
        foreach (var (origin, numbers) in _purged) copy._purged[origin] = numbers.Copy();
        return copy;
    }

    /// <summary>A server that was seeded from this one: its rows and numbers, none of its log, and another identity.</summary>
    public ServerDisk SeededAs(ServerIdentity identity)
    {
        var seed = new ServerDisk(Identity);
        seed.Fill(this);
        return Begin(identity, seed);
    }

    /// <summary>The same as it was before its last <paramref name="lost"/> transactions: a snapshot that was put back, or a disk that lied about its flushes.</summary>
    public ServerDisk WithoutTail(int lost)
    {
        var copy = Begin(Identity, _seed);
        for (var i = 0; i < _log.Count - lost; i++) copy.Commit(_log[i]);
        copy.Purge(LogBegins);
        return copy;
    }

    /// <summary>A disk with nothing but its seed on it: what came with that cannot be sent on.</summary>
    private static ServerDisk Begin(ServerIdentity identity, ServerDisk? seed)
    {
        var disk = new ServerDisk(identity) { _seed = seed };
        if (seed is null) return disk;
        disk.Fill(seed);
        foreach (var (origin, numbers) in seed._known) disk._purged[origin] = numbers.Copy();
        return disk;
    }

    private void Fill(ServerDisk from)
    {
        foreach (var (origin, numbers) in from._known) _known[origin] = numbers.Copy();
        Rows.Add(from.Rows);
    }

    private OriginNumbers Numbers(SortedDictionary<string, OriginNumbers> of, string origin)
    {
        if (!of.TryGetValue(origin, out var numbers)) of[origin] = numbers = new(everySingleOne: Identity.Engine == Engine.MySQL);
        return numbers;
    }

    private GtidSet SetOf(SortedDictionary<string, OriginNumbers> known) => GtidSet.Of(Identity.Engine, known.Select(o => KeyValuePair.Create(o.Key, (IEnumerable<GtidSet.Range>)o.Value.Ranges)));
}
