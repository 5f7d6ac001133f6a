using System.Diagnostics;
using Connect.RingDaemon.Convergence;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Tests.Convergence;

/// <summary>A table in memory that counts its modifications as InnoDB does, and shows what was committed.</summary>
public sealed class ModelTable(string name) : IRangeReader
{
    private static readonly DateTime Started = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private readonly SortedDictionary<UInt128, ulong> _rows = [];
    private readonly Dictionary<UInt128, ulong> _inFlight = [];
    private long _modified = 5;
    private long _flushes;
    private DateTime _statistics = Started;

    /// <summary>Rows in one slice; small, so that few rows make many slices.</summary>
    public int SliceRows { get; init; } = 300;

    /// <summary>What the server's clock says.</summary>
    public Func<DateTime> Clock { get; set; } = Running();

    /// <summary>Done before each count, to write in the middle of a look.</summary>
    public Action? BeforeCount { get; set; }

    public bool ShowsCounters { get; set; } = true;

    public long RowsDigested { get; private set; }

    public IReadOnlyDictionary<UInt128, ulong> Rows => _rows;

    public RangeDigest Truth => _rows.Aggregate(default(RangeDigest), (sum, row) => sum + new RangeDigest(1, Hash(row.Key, row.Value)));

    public void Insert(UInt128 key, ulong content = 1)
    {
        _rows.Add(key, content);
        _modified++;
    }

    public void Delete(UInt128 key)
    {
        if (_rows.Remove(key)) _modified++;
    }

    public void Update(UInt128 key, ulong content)
    {
        _rows[key] = content;
        _modified++;
    }

    /// <summary>Inserted and counted, but not committed.</summary>
    /// <summary>It goes on as the clock of whoever asks does: a server whose uptime stands still was started again in the meantime.</summary>
    private static Func<DateTime> Running()
    {
        var began = Stopwatch.GetTimestamp();
        return () => Started.AddHours(1) + Stopwatch.GetElapsedTime(began);
    }

    public void Begin(UInt128 key)
    {
        _inFlight.Add(key, 1);
        _modified++;
    }

    public void Commit()
    {
        foreach (var (key, content) in _inFlight) _rows.Add(key, content);
        _inFlight.Clear();
    }

    public void Rollback() => _inFlight.Clear();

    /// <summary>ANALYZE TABLE, or the server's own idea.</summary>
    public void MakeStatistics() => (_modified, _statistics) = (0, Clock());

    /// <summary>FLUSH TABLES forgets the counter.</summary>
    public void Flush() => (_modified, _flushes) = (0, _flushes + 1);

    public Task<ModificationCounters?> CountersAsync(CancellationToken cancel) => Task.FromResult(ShowsCounters
        ? new ModificationCounters(Clock(), Clock() - Started, _flushes, _inFlight.Count, [new(name, 7, true, _modified, null, _statistics)]) : null);

    public Task<List<PrefixCount>> CountAsync(string table, UInt128 from, int digits, CancellationToken cancel)
    {
        BeforeCount?.Invoke();
        return Task.FromResult(_rows.Where(r => r.Key >= from).GroupBy(r => KeyPrefix.Of(r.Key, digits)).Select(g => new PrefixCount(g.Key, g.Count())).ToList());
    }

    public Task<long> CountBeforeAsync(string table, UInt128 key, CancellationToken cancel) => Task.FromResult((long)_rows.Count(r => r.Key < key));

    public Task<List<PrefixDigest>> DigestAsync(string table, UInt128 first, UInt128 last, int digits, CancellationToken cancel)
    {
        var rows = _rows.Where(r => r.Key >= first && r.Key <= last).ToList();
        RowsDigested += rows.Count;
        return Task.FromResult(rows.GroupBy(r => KeyPrefix.Of(r.Key, digits))
            .Select(g => new PrefixDigest(g.Key, g.Aggregate(default(RangeDigest), (sum, row) => sum + new RangeDigest(1, Hash(row.Key, row.Value))))).ToList());
    }

    public Task<Slice?> SliceAsync(string table, UInt128 from, CancellationToken cancel)
    {
        var keys = _rows.Keys.Where(k => k >= from).Take(SliceRows + 1).ToList();
        return Task.FromResult(keys.Count == 0 ? null : (Slice?)Slice.Of(from, keys[0], keys.Count > SliceRows ? keys[^1] : _rows.Keys.Last(), more: keys.Count > SliceRows));
    }

    private static ulong Hash(UInt128 key, ulong content)
    {
        var hash = System.Security.Cryptography.SHA256.HashData([.. KeyPrefix.Bytes(key), .. BitConverter.GetBytes(content)]);
        return BitConverter.ToUInt64(hash);
    }
}
