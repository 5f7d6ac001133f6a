using Connect.Node.Database;

namespace Connect.RingDaemon.Convergence;

/// <summary>
/// Brings over the rows that one member has and this node lacks, reading only the ranges in which their digests differ. What has been brought is there already when
/// replication comes with it later, and is passed over then.
/// </summary>
public sealed class RangeUnion(OwnReplica self, TableRows own)
{
    /// <summary>Ranges in one table; with <see cref="DigestTree.MostRows"/> rows each that is all of any table.</summary>
    private const int MostRanges = 1_000_000;

    private const string Decisions = "decision";

    /// <summary>Most conflicts that are named.</summary>
    private const int MostConflicts = 100;

    /// <param name="donor">Who has the rows.</param>
    /// <param name="fetch">Reads whole rows from the donor, at most <see cref="TableRows.RowPage"/>; null if it does not answer.</param>
    /// <param name="dryRun">Only count.</param>
    /// <param name="added">Rows that came, by table; added to.</param>
    /// <param name="conflicts">Keys that both have with different content; added to.</param>
    /// <param name="cancel">Ends it early; what has come stays.</param>
    /// <returns>False if the donor, or this node's own server, did not answer to the end.</returns>
    public async Task<bool> FromAsync(
        IReplica donor, Func<string, string[], Task<List<Row>?>> fetch, bool dryRun, IDictionary<string, int> added, List<string> conflicts, CancellationToken cancel)
    {
        // What is only on its way need not be fetched: first this node gets the time to execute what the donor has.
        if (await donor.PositionAsync(cancel) is not { } position || await self.LookAsync(BoardSchema.Tables[0], [], position, cancel) is null) return false;
        if (await self.DigestsAsync(whole: false, cancel) is not { } mine || await donor.DigestsAsync(whole: false, cancel) is not { } theirs) return false;
        // Decisions first: what they erase must not pass for changed by hand (Erasing).
        foreach (var table in theirs.Tables.OrderByDescending(t => t.Table == Decisions))
        {
            var count = 0;
            if (mine.Tables.Any(m => m.Table == table.Table && (m.Rows, m.Digest) != (table.Rows, table.Digest)))
            {
                var walk = await TreeWalk.DifferingAsync(async prefixes =>
                    [await self.ChildrenAsync(table.Table, prefixes, cancel), await donor.ChildrenAsync(table.Table, prefixes, cancel)], MostRanges);
                if (walk is null) return false;
                foreach (var range in walk.Value.Ranges)
                {
                    if (await RangeAsync(donor, fetch, table.Table, range, dryRun, conflicts, cancel) is not { } rows) return false;
                    count += rows;
                }
            }
            if (count > 0 && table.Table == Decisions && await self.LookAsync(table.Table, [], position, cancel) is null) return false;
            added[table.Table] = (added.TryGetValue(table.Table, out var before) ? before : 0) + count;
        }
        return true;
    }

    private async Task<int?> RangeAsync(
        IReplica donor, Func<string, string[], Task<List<Row>?>> fetch, string table, KeyPrefix range, bool dryRun, List<string> conflicts, CancellationToken cancel)
    {
        if (await AllOf(donor, table, range, cancel) is not { } theirs || await AllOf(self, table, range, cancel) is not { } mine) return null;
        var here = mine.ToDictionary(m => m.Key, m => m.Digest, StringComparer.Ordinal);
        foreach (var row in theirs.Where(t => here.TryGetValue(t.Key, out var digest) && digest != t.Digest))
            if (conflicts.Count < MostConflicts) conflicts.Add($"{table} {row.Key} ({donor.Name})");
        var missing = theirs.Where(t => !here.ContainsKey(t.Key)).Select(t => t.Key).ToArray();
        if (dryRun) return missing.Length;
        var count = 0;
        foreach (var page in missing.Chunk(TableRows.RowPage))
        {
            if (await fetch(table, page) is not { } rows) return null;
            count += await own.AddAsync(table, rows, logged: false, cancel);
        }
        return count;
    }

    /// <summary>Keys and digests of all rows in a range, page by page; null if the member does not answer.</summary>
    public static async Task<List<TableRows.KeyDigest>?> AllOf(IReplica replica, string table, KeyPrefix range, CancellationToken cancel)
    {
        var found = new List<TableRows.KeyDigest>();
        for (var first = range.First; ;)
        {
            if (await replica.RowsAsync(table, first, range.Last, cancel) is not { } page) return null;
            found.AddRange(page);
            if (page.Count < TableRows.KeyPage || page[^1].Key == range.Last.ToString("x32")) return found;
            first = KeyPrefix.Parse(page[^1].Key).First + 1;
        }
    }
}
