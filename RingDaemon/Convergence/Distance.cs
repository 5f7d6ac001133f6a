namespace Connect.RingDaemon.Convergence;

/// <summary>How far one node is from having everything.</summary>
/// <param name="Transactions">Transactions that another node has executed and this one has not.</param>
/// <param name="Rows">Rows that another node has and this one lacks.</param>
public sealed record NodeDistance(string Node, long Transactions, long Rows);

/// <summary>How far the replicas are from equal at one moment: what the 2012 report's figure of convergence shows over time.</summary>
/// <param name="Equal">No node lacks a row, and no row has two contents.</param>
/// <param name="Conflicts">Rows that have different contents.</param>
/// <param name="AtLeast">So much differs that not every row was looked at: rows are counted by ranges, and there may be more.</param>
/// <param name="Unheard">Members that did not answer.</param>
public sealed record DistanceReport(DateTimeOffset At, bool Equal, IReadOnlyList<NodeDistance> Nodes, long Conflicts, bool AtLeast, IReadOnlyList<string> Unheard);

/// <summary>
/// Measures the distance of each node from the union of all. One look, no waiting: rows on their way count, for they are what is looked at.
/// </summary>
public sealed class Distance(Func<IReplica[]> replicas, TimeProvider time)
{
    /// <summary>Ranges whose rows are compared one by one in one look; of the others only the numbers of rows are compared.</summary>
    private const int RangesByRow = 24;

    /// <summary>Ranges looked for in one table.</summary>
    private const int MostRanges = 1024;

    public async Task<DistanceReport> LookAsync(CancellationToken cancel)
    {
        var alive = replicas();
        var at = time.GetUtcNow();
        var positions = await Task.WhenAll(alive.Select(r => r.PositionAsync(cancel)));
        var digests = await Task.WhenAll(alive.Select(r => r.DigestsAsync(whole: false, cancel)));
        var heard = Enumerable.Range(0, alive.Length).Where(i => positions[i] is not null && digests[i] is not null).ToArray();
        if (heard.Length == 0) return new(at, false, [], 0, false, [.. alive.Select(r => r.Name)]);
        var nodes = heard.Select(i => alive[i]).ToArray();
        var union = heard.Select(i => positions[i]!).Aggregate((a, b) => a.Union(b));
        var missing = nodes.ToDictionary(n => n.Name, _ => 0L, StringComparer.Ordinal);
        var (conflicts, atLeast) = (0L, false);
        foreach (var table in digests[heard[0]]!.Tables.Select(t => t.Table))
        {
            var sums = heard.Select(i => digests[i]!.Tables.First(t => t.Table == table)).ToArray();
            if (sums.Select(s => (s.Rows, s.Digest)).Distinct().Count() == 1) continue;
            var walk = await TreeWalk.DifferingAsync(prefixes => Task.WhenAll(nodes.Select(n => n.ChildrenAsync(table, prefixes, cancel))), MostRanges);
            if (walk is not var (ranges, more))
            {
                atLeast = true;
                continue;
            }
            foreach (var range in ranges.Take(RangesByRow))
            {
                var rows = await Task.WhenAll(nodes.Select(n => RangeUnion.AllOf(n, table, range, cancel)));
                if (rows.Any(r => r is null))
                {
                    atLeast = true;
                    continue;
                }
                foreach (var difference in RowDifference.Among(table, Enumerable.Range(0, nodes.Length).ToDictionary(i => nodes[i].Name, i => (IReadOnlyList<TableRows.KeyDigest>)rows[i]!)))
                {
                    if (difference.Conflict) conflicts++;
                    foreach (var node in difference.Missing) missing[node]++;
                }
            }
            if (!more && ranges.Count <= RangesByRow) continue;
            // Too much for row by row: whoever has most rows has at least as many as the union has at the least.
            atLeast = true;
            var most = sums.Max(s => s.Rows);
            for (var i = 0; i < nodes.Length; i++) missing[nodes[i].Name] = Math.Max(missing[nodes[i].Name], most - sums[i].Rows);
        }
        var unheard = alive.Select(r => r.Name).Except(nodes.Select(n => n.Name)).ToArray();
        var distances = heard.Select(i => new NodeDistance(alive[i].Name, union.Except(positions[i]!).Count, missing[alive[i].Name])).ToArray();
        return new(at, unheard.Length == 0 && conflicts == 0 && !atLeast && distances.All(d => d.Rows == 0), distances, conflicts, atLeast, unheard);
    }
}
