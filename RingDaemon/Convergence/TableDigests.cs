using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Convergence;

/// <summary>One table on one node.</summary>
/// <param name="Digest">64 bits in hex: the XOR of the first bits of every row's SHA-256, so that the order of rows does not matter.</param>
/// <param name="SettledAt">Every change that was committed before this time is in it.</param>
/// <param name="OldestRead">When the rows were read that were not read for the longest time; null if there are none. What happened since then is known from counters.</param>
public sealed record TableDigest(string Table, long Rows, string Digest, DateTimeOffset SettledAt, DateTimeOffset? OldestRead);

/// <summary>All replicated tables of one node.</summary>
/// <param name="Position">What the server had executed when it was asked: that much is in the digests at the least, unless rows were changed by hand.</param>
/// <param name="AskedAt">When it was asked, by this node's clock, as the other times.</param>
public sealed record NodeDigests(string Node, string Position, DateTimeOffset AskedAt, IReadOnlyList<TableDigest> Tables)
{
    /// <summary>For how long something could have been modified that is not in the digests.</summary>
    public TimeSpan Unproven => Tables.Max(t => AskedAt - t.SettledAt) is { Ticks: > 0 } age ? age : TimeSpan.Zero;
}

/// <summary>What lies below one prefix.</summary>
/// <param name="Prefix">Hexadecimal digits.</param>
/// <param name="Children">One digit longer each; null if the node keeps nothing smaller than this prefix: its rows must be asked for.</param>
public sealed record PrefixChildren(string Prefix, IReadOnlyList<PrefixSum>? Children);

/// <param name="Prefix">Hexadecimal digits.</param>
/// <param name="Digest">As in <see cref="TableDigest"/>.</param>
public sealed record PrefixSum(string Prefix, long Rows, string Digest);

/// <summary>
/// The digests of all tables of this node, kept between two questions. Whoever asks has them brought up to date first, which costs next to nothing where nobody wrote
/// (<see cref="KeptTable"/>). One question at a time: the second one finds the work done.
/// </summary>
public sealed class TableDigests(IRangeReader reader, IReplicationServer server, NodeSettings settings, TimeProvider time) : IDisposable
{
    /// <summary>Longest wait for a question that is being answered; the first reading of a large table takes long.</summary>
    private static readonly TimeSpan TurnAfter = TimeSpan.FromMinutes(10);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly KeptTable[] _tables = [.. BoardSchema.Tables.Select(table => new KeptTable(table, reader, time))];
    private int _rotating;

    /// <summary>Brings the digests up to date and tells them.</summary>
    /// <param name="whole">Read every row again.</param>
    /// <param name="cancel">Ends it early.</param>
    public Task<NodeDigests> ReadAsync(bool whole, CancellationToken cancel) => InTurnAsync(async () =>
    {
        var (asked, position) = (time.GetUtcNow(), await server.PositionAsync(cancel));
        var counters = whole ? null : await reader.CountersAsync(cancel);
        foreach (var table in _tables) await table.RefreshAsync(counters, whole, cancel);
        return new NodeDigests(settings.Name, position.ToString(), asked, [.. _tables.Select(Of)]);
    }, cancel);

    /// <summary>What lies below some prefixes of a table, as it was when the digests were last brought up to date.</summary>
    /// <exception cref="ArgumentException">There is no such table.</exception>
    public Task<IReadOnlyList<PrefixChildren>> ChildrenAsync(string table, IEnumerable<KeyPrefix> prefixes, CancellationToken cancel) => InTurnAsync(() =>
    {
        var kept = Find(table);
        return Task.FromResult<IReadOnlyList<PrefixChildren>>([.. prefixes.Select(p => new PrefixChildren(p.ToString(),
            kept.Tree.Children(p)?.Select(c => new PrefixSum(c.Prefix.ToString(), c.Sum.Rows, Text(c.Sum))).ToArray()))]);
    }, cancel);

    /// <summary>Reads ranges again that another member disagrees about though their rows do not differ.</summary>
    public Task RereadAsync(string table, IEnumerable<KeyPrefix> prefixes, CancellationToken cancel) => InTurnAsync(async () =>
    {
        foreach (var prefix in prefixes) await Find(table).RereadAsync(prefix, cancel);
        return true;
    }, cancel);

    /// <summary>Reads what was never read, with pauses, so that the server is busy with it for a small part of the time only; others need not wait for it.</summary>
    /// <param name="pause">After each <see cref="RangeReader.SliceRows"/> rows.</param>
    /// <param name="cancel">Ends it early.</param>
    public async Task ReadFirstAsync(TimeSpan pause, CancellationToken cancel)
    {
        foreach (var table in _tables) await table.ReadFirstAsync(pause, cancel);
    }

    /// <summary>Reads some rows again, in rotation through all tables that were read once.</summary>
    /// <param name="rows">How many, about.</param>
    /// <param name="cancel">Ends it early.</param>
    public Task RotateAsync(int rows, CancellationToken cancel) => InTurnAsync(async () =>
    {
        // At most once through all tables: small ones are done in one step.
        for (var (left, tables) = ((long)rows, 0); left > 0 && tables < _tables.Length;)
        {
            var table = _tables[_rotating];
            var read = table.RowsRead;
            if (table.SettledAt is null || await table.RereadAsync((int)left, cancel)) (_rotating, tables) = ((_rotating + 1) % _tables.Length, tables + 1);
            left -= Math.Max(1, table.RowsRead - read);
        }
        return true;
    }, cancel);

    /// <summary>Rows whose content was read since the start.</summary>
    public long RowsRead => _tables.Sum(t => t.RowsRead);

    /// <summary>When the rows were read that were not read for the longest time, in any table; null before the first reading.</summary>
    public DateTimeOffset? OldestRead => _tables.Min(t => t.OldestRead);

    public void Dispose() => _turn.Dispose();

    private KeptTable Find(string table) => _tables.FirstOrDefault(t => t.Name == table) ?? throw new ArgumentException($"'{table}' is not a replicated table.", nameof(table));

    private static TableDigest Of(KeptTable table) => new(table.Name, table.Tree.Total.Rows, Text(table.Tree.Total), table.SettledAt!.Value, table.OldestRead);

    private static string Text(RangeDigest sum) => sum.Digest.ToString("x16");

    private async Task<T> InTurnAsync<T>(Func<Task<T>> work, CancellationToken cancel)
    {
        if (!await _turn.WaitAsync(TurnAfter, cancel)) throw new DatabaseUnavailableException($"The digests of {settings.Name} are being read for more than {TurnAfter.TotalMinutes:0} minutes.");
        try
        {
            return await work();
        }
        finally
        {
            _turn.Release();
        }
    }
}
