using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Convergence;

/// <summary>
/// The digests of one table of this node, and the proof that they are those of its rows. InnoDB counts every modified row, whoever modified it. If it counted exactly as many as
/// there are more rows than before, rows were inserted and nothing else happened; then only the ranges with more rows are read again. If rows are missing, and every
/// modification is seen as a row more or a row less, those ranges are read again. Whatever is not explained so makes the whole table be read again.
/// <para>One call at a time, but for <see cref="ReadFirstAsync"/>.</para>
/// </summary>
public sealed class KeptTable(string name, IRangeReader reader, TimeProvider time)
{
    /// <summary>Most prefixes that a count may answer with.</summary>
    private const int MostCounts = 4096;

    /// <summary>Looks in one refresh for a moment in which nobody writes.</summary>
    private const int Looks = 20;

    /// <summary>Keys begin with the time at which their writer made them: a row that arrives now was made about now, give or take a clock and its way round the ring.</summary>
    private static readonly TimeSpan Recent = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Day = TimeSpan.FromHours(24);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly long _began = time.GetTimestamp();
    private DigestTree _tree = new();
    private TableMark? _mark;
    private UInt128 _next;

    public string Name => name;

    public DigestTree Tree => _tree;

    /// <summary>Every change that was committed before this time is in the digests; null before the first reading.</summary>
    public DateTimeOffset? SettledAt { get; private set; }

    /// <summary>How often the table was read as a whole since the start.</summary>
    public long WholeReads { get; private set; }

    /// <summary>Rows read since the start.</summary>
    public long RowsRead { get; private set; }

    /// <summary>When the range was read that was not read for the longest time; null if there are no rows.</summary>
    public DateTimeOffset? OldestRead => _tree.OldestRead is { } at ? DateTimeOffset.FromUnixTimeSeconds(at) : null;

    private TimeSpan Now => time.GetElapsedTime(_began);

    /// <summary>Brings the digests up to date.</summary>
    /// <param name="counters">Read just now, by which a table that nobody touched is recognised; null to have them read.</param>
    /// <param name="whole">Read everything again, whatever the counters say.</param>
    /// <param name="cancel">Ends it early; the digests are usable and as old as <see cref="SettledAt"/> says.</param>
    public async Task RefreshAsync(ModificationCounters? counters, bool whole, CancellationToken cancel)
    {
        var read = whole || SettledAt is null;
        if (read) await ReadWholeAsync(TimeSpan.Zero, cancel);
        var before = read || counters is null ? null : MarkOf(counters);
        for (var look = 1; look <= Looks; look++)
        {
            var outcome = await LookAsync(before ?? await MarkAsync(cancel), last: look == Looks, cancel);
            // Read as a whole a moment ago, it is as old as that; once in a refresh is enough.
            if (outcome == Outcome.Settled || (outcome == Outcome.Unexplained && read)) return;
            if (outcome == Outcome.Unexplained) await ReadWholeAsync(TimeSpan.Zero, cancel);
            else await Task.Delay(Pause, time, cancel);
            read |= outcome == Outcome.Unexplained;
            before = null;
        }
    }

    /// <summary>Reads the next ranges again, in rotation, without a reason: for what no counter tells.</summary>
    /// <param name="rows">How many, about.</param>
    /// <param name="cancel">Ends it early.</param>
    /// <returns>True when the end of the table was reached, and the next call begins at its start.</returns>
    public async Task<bool> RereadAsync(int rows, CancellationToken cancel)
    {
        var from = _tree.IndexOf(_next);
        var (end, sum) = (from, 0L);
        while (end < _tree.Leaves.Count && (end == from || sum + _tree.Leaves[end].Sum.Rows <= rows)) sum += _tree.Leaves[end++].Sum.Rows;
        // What lies between two leaves is read too: the tree says that there is nothing.
        var first = from == 0 ? 0 : _tree.Leaves[from - 1].Prefix.Last + 1;
        var atEnd = end == _tree.Leaves.Count;
        var last = atEnd ? UInt128.MaxValue : _tree.Leaves[end - 1].Prefix.Last;
        await ReadRangeAsync(first, last, cancel);
        _tree.Compact();
        _next = atEnd ? 0 : last + 1;
        return atEnd;
    }

    /// <summary>Another member disagrees about a range and its rows do not: read it again.</summary>
    public async Task RereadAsync(KeyPrefix prefix, CancellationToken cancel)
    {
        var unit = _tree.Covering(prefix)?.Prefix ?? prefix;
        await ReadRangeAsync(unit.First, unit.Last, cancel);
        _tree.Compact();
    }

    private enum Outcome
    {
        Settled,

        /// <summary>Somebody wrote meanwhile: look again.</summary>
        Busy,

        /// <summary>Something was modified, and not by inserting rows.</summary>
        Unexplained,
    }

    private async Task<Outcome> LookAsync(TableMark? before, bool last, CancellationToken cancel)
    {
        var began = time.GetUtcNow();
        if (_mark is null || before is null) return await FollowAsync(cancel);
        if (_mark.ModificationsUntil(before) is not { } modified) return Outcome.Unexplained;
        if (modified == 0 && _mark.Rows == _tree.Total.Rows) return Settle(before with { Rows = _mark.Rows }, began);
        var settled = SettledAt!.Value;
        // Digests that went ahead of the mark in an earlier look prove nothing about single ranges.
        var (matched, seen) = (_tree.Total.Rows == _mark.Rows, 0L);
        foreach (var start in new[] { KeyOf(settled - Recent), KeyOf(settled - Day), UInt128.Zero })
        {
            var from = start == 0 ? 0 : _tree.Covering(KeyPrefix.Of(start, KeyPrefix.MostDigits))?.Prefix.First ?? start;
            var digits = CountComparison.Digits(_tree, from, MostCounts);
            var compared = CountComparison.Of(_tree, from, digits, await reader.CountAsync(name, from, digits, cancel));
            var rows = (from == 0 ? 0 : _tree.Of(0, from - 1).Rows) + compared.Rows;
            seen += compared.More + compared.Fewer;
            var after = await MarkAsync(cancel);
            await ReadChangedAsync(compared.Changed, cancel);
            if (after is null || _mark.ModificationsUntil(after) is not { } until) return Outcome.Unexplained;
            var quiet = before.SameAs(after);
            if (quiet && rows - _mark.Rows == until) return Settle(after with { Rows = rows }, began);
            if (quiet && from == 0 && matched && seen == until) return Settle(after with { Rows = rows }, began);
            if (!quiet && !last) return Outcome.Busy;
            if (from != 0) continue;
            if (!quiet) return Outcome.Busy;
            // Nobody writes, and yet it does not add up. It may be a transaction that is being committed this very moment.
            await Task.Delay(ModificationCounters.InFlightIsFreshAfter, time, cancel);
            return await MarkAsync(cancel) is { } still && after.SameAs(still) && still.InFlight == 0 ? Outcome.Unexplained : Outcome.Busy;
        }
        return Outcome.Busy;
    }

    /// <summary>Follows the rows that can be seen, without a proof that nothing else happened.</summary>
    private async Task<Outcome> FollowAsync(CancellationToken cancel)
    {
        var digits = CountComparison.Digits(_tree, 0, MostCounts);
        await ReadChangedAsync(CountComparison.Of(_tree, 0, digits, await reader.CountAsync(name, 0, digits, cancel)).Changed, cancel);
        return Outcome.Settled;
    }

    private Outcome Settle(TableMark mark, DateTimeOffset at)
    {
        (_mark, SettledAt) = (mark, at);
        return Outcome.Settled;
    }

    /// <summary>Reads every row for the first time, without haste. It may run beside the other calls: if one of them reads everything first, that holds.</summary>
    /// <param name="pause">Between two slices.</param>
    /// <param name="cancel">Ends it early.</param>
    public async Task ReadFirstAsync(TimeSpan pause, CancellationToken cancel)
    {
        if (SettledAt is null) await ReadWholeAsync(pause, cancel);
    }

    /// <summary>Reads every row. Whatever was committed before it began is in the digests then; what is modified from then on the mark will tell.</summary>
    private async Task ReadWholeAsync(TimeSpan pause, CancellationToken cancel)
    {
        var (began, readsBefore) = (time.GetUtcNow(), WholeReads);
        var mark = await CleanMarkAsync(cancel);
        var tree = new DigestTree();
        UInt128 from = 0;
        while (await reader.SliceAsync(name, from, cancel) is { } slice)
        {
            foreach (var part in await DigestAsync(from, slice.Last, slice.Digits, cancel)) tree.Append(part, Seconds);
            if (slice.Last == UInt128.MaxValue) break;
            from = slice.Last + 1;
            if (pause > TimeSpan.Zero) await Task.Delay(pause, time, cancel);
        }
        tree.Compact();
        if (WholeReads != readsBefore) return; // somebody was faster
        (_tree, _mark, _next, SettledAt) = (tree, mark, 0, began);
        WholeReads++;
    }

    /// <summary>A mark at a moment when nothing was in flight; null if there was none, or no counters.</summary>
    private async Task<TableMark?> CleanMarkAsync(CancellationToken cancel)
    {
        var from = KeyOf(time.GetUtcNow() - Recent);
        var old = await reader.CountBeforeAsync(name, from, cancel);
        for (var look = 0; look < Looks; look++)
        {
            if (look > 0) await Task.Delay(ModificationCounters.InFlightIsFreshAfter, time, cancel);
            if (await MarkAsync(cancel) is not { } before) return null;
            if (before.InFlight > 0) continue;
            var rows = old + (await reader.CountAsync(name, from, 1, cancel)).Sum(c => c.Rows);
            if (await MarkAsync(cancel) is { } after && before.SameAs(after)) return after with { Rows = rows };
        }
        return null;
    }

    private async Task<TableMark?> MarkAsync(CancellationToken cancel) => await reader.CountersAsync(cancel) is { } counters ? MarkOf(counters) : null;

    private TableMark? MarkOf(ModificationCounters counters) => counters.Tables.FirstOrDefault(t => t.Table == name) is { } own
        ? new(own, counters.Now, counters.Uptime, counters.Flushes, counters.InFlight, Now, Rows: 0) : null;

    /// <summary>Reads ranges again whose number of rows changed; those that lie close together in one statement.</summary>
    private async Task ReadChangedAsync(IReadOnlyList<PrefixCount> changed, CancellationToken cancel)
    {
        for (var i = 0; i < changed.Count;)
        {
            var (first, last) = (changed[i].Prefix.First, changed[i].Prefix.Last);
            for (i++; i < changed.Count && _tree.Of(first, changed[i].Prefix.Last).Rows <= RangeReader.SliceRows / 2; i++) last = changed[i].Prefix.Last;
            await ReadRangeAsync(first, last, cancel);
        }
        if (changed.Count > 0) _tree.Compact();
    }

    private async Task ReadRangeAsync(UInt128 first, UInt128 last, CancellationToken cancel)
    {
        // As many digits as its leaves have, and as it takes to begin and end at boundaries.
        var digits = Math.Max(1, Math.Max(KeyPrefix.Alignment(first), last == UInt128.MaxValue ? 0 : KeyPrefix.Alignment(last + 1)));
        for (var i = _tree.IndexOf(first); i < _tree.Leaves.Count && _tree.Leaves[i].Prefix.First <= last; i++) digits = Math.Max(digits, _tree.Leaves[i].Prefix.Digits);
        _tree.Replace(first, last, await DigestAsync(first, last, digits, cancel), Seconds);
    }

    /// <summary>The digests of a range, those of too many rows divided.</summary>
    private async Task<List<PrefixDigest>> DigestAsync(UInt128 first, UInt128 last, int digits, CancellationToken cancel)
    {
        var parts = new List<PrefixDigest>();
        foreach (var part in await reader.DigestAsync(name, first, last, digits, cancel))
        {
            RowsRead += part.Sum.Rows;
            if (part.Sum.Rows <= DigestTree.MostRows || digits == KeyPrefix.MostDigits) parts.Add(part);
            else parts.AddRange(await DigestAsync(part.Prefix.First, part.Prefix.Last, digits + 1, cancel));
        }
        return parts;
    }

    private long Seconds => time.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>The first key that a row made at this time can have (UUIDv7: 48 bits of milliseconds first).</summary>
    private static UInt128 KeyOf(DateTimeOffset made) => (UInt128)(ulong)Math.Max(0, made.ToUnixTimeMilliseconds()) << 80;
}
