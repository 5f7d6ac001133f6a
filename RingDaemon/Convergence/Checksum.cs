namespace Connect.RingDaemon.Convergence;

/// <summary>
/// Are the replicas equal, and if not, which rows differ? Steps: every member brings its digests up to date; where tables differ, their trees are compared down to small
/// ranges; the rows of those are compared; each row that differs is looked at again when every member has executed what any of them had when it was seen. What differs
/// then is no row on its way.
/// </summary>
public sealed class Checksum(Func<IReplica[]> replicas, TimeProvider time)
{
    /// <summary>Times that rows on their way, or digests that were behind, may be the reason for another look.</summary>
    private const int Rounds = 4;

    /// <summary>Ranges whose rows are compared in one table. With <see cref="DigestTree.MostRows"/> rows each, a million rows at the worst.</summary>
    private const int MostRanges = 256;

    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);

    /// <summary>Digests whose proof is older than this are not good enough for somebody who asks: everything is read again.</summary>
    private static readonly TimeSpan OldProof = TimeSpan.FromSeconds(3);

    /// <param name="whole">Have every member read every row again.</param>
    /// <param name="cancel">Ends it early.</param>
    public async Task<ChecksumReport> CompareAsync(bool whole, CancellationToken cancel)
    {
        var alive = replicas();
        for (var round = 1; ; round++)
        {
            var asked = await Task.WhenAll(alive.Select(r => DigestsAsync(r, whole && round == 1, cancel)));
            var answers = asked.OfType<NodeDigests>().ToArray();
            var answering = alive.Where(r => answers.Any(a => a.Node == r.Name)).ToArray();
            var unheard = alive.Select(r => r.Name).Except(answers.Select(a => a.Node)).ToArray();
            var tables = TablesOf(answers);
            var found = new List<RowDifference>();
            var (more, notes) = (false, new List<string>());
            foreach (var table in tables.Where(t => !t.Equal))
            {
                var part = await RowsAsync(table.Table, answering, cancel);
                found.AddRange(part.Differences);
                more |= part.More;
                if (part.Note.Length > 0) notes.Add($"{table.Table}: {part.Note}");
            }
            // Digests differ and rows do not: they were on their way, or a digest was behind. Another look must show it.
            var settled = found.Count > 0 || more || notes.Count > 0 || tables.All(t => t.Equal);
            if (!settled && round < Rounds)
            {
                await Task.Delay(LookAgain, time, cancel);
                continue;
            }
            if (unheard.Length > 0) notes.Insert(0, $"{string.Join(", ", unheard)} did not answer");
            var equal = answers.Length > 0 && notes.Count == 0 && found.Count == 0 && !more;
            if (equal && !settled) notes.Add("rows came in all the time; each one that not everybody had was looked at again, and everybody has it now");
            var unproven = answers.Length == 0 ? TimeSpan.Zero : answers.Max(a => a.Unproven);
            if (unproven > OldProof) notes.Add($"for the last {unproven.TotalSeconds:0} s changes by hand cannot be ruled out: rows are written all the time");
            more |= found.Count > ChecksumReport.MostDifferences;
            return new(equal, tables, equal ? time.GetUtcNow() - unproven : null, [.. found.Take(ChecksumReport.MostDifferences)], more, unheard, string.Join("; ", notes));
        }
    }

    /// <summary>A member's digests; read as a whole if it cannot prove by counters that they are up to date.</summary>
    private static async Task<NodeDigests?> DigestsAsync(IReplica replica, bool whole, CancellationToken cancel)
    {
        var digests = await replica.DigestsAsync(whole, cancel);
        return digests is null || whole || digests.Unproven <= OldProof ? digests : await replica.DigestsAsync(whole: true, cancel);
    }

    private static ChecksumReport.TablePart[] TablesOf(NodeDigests[] answers) =>
    [
        .. answers.SelectMany(a => a.Tables.Select(t => (a.Node, t))).GroupBy(x => x.t.Table).OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => new ChecksumReport.TablePart(g.Key, g.Count() == answers.Length && g.Select(x => (x.t.Digest, x.t.Rows)).Distinct().Count() == 1,
                g.ToDictionary(x => x.Node, x => x.t.Digest), g.ToDictionary(x => x.Node, x => x.t.Rows), g.ToDictionary(x => x.Node, x => x.t.OldestRead))),
    ];

    private sealed record TableDifferences(IReadOnlyList<RowDifference> Differences, bool More, string Note);

    /// <summary>The rows of a table that differ, after each of them was looked at again.</summary>
    private static async Task<TableDifferences> RowsAsync(string table, IReplica[] nodes, CancellationToken cancel)
    {
        var silent = new TableDifferences([], false, "somebody stopped answering while the differences were looked for");
        var walk = await TreeWalk.DifferingAsync(prefixes => Task.WhenAll(nodes.Select(n => n.ChildrenAsync(table, prefixes, cancel))), MostRanges);
        if (walk is not var (ranges, more)) return silent;
        var suspects = new List<RowDifference>();
        foreach (var range in ranges)
        {
            var rows = await Task.WhenAll(nodes.Select(async n => (n.Name, Rows: await RangeUnion.AllOf(n, table, range, cancel))));
            if (rows.Any(r => r.Rows is null)) return silent;
            suspects.AddRange(RowDifference.Among(table, rows.ToDictionary(r => r.Name, r => (IReadOnlyList<TableRows.KeyDigest>)r.Rows!)));
            if (suspects.Count <= ChecksumReport.MostDifferences) continue;
            more = true;
            break;
        }
        if (suspects.Count == 0)
        {
            await Task.WhenAll(nodes.Select(n => n.RereadAsync(table, ranges, cancel)));
            return new([], more, "");
        }
        // Positions are read after the rows: whoever has executed them all has executed whatever put these rows there.
        var positions = await Task.WhenAll(nodes.Select(n => n.PositionAsync(cancel)));
        if (positions.Any(p => p is null)) return silent;
        var fence = positions.Aggregate((a, b) => a!.Union(b!))!;
        var keys = suspects.Take(ChecksumReport.MostDifferences + 1).Select(s => s.Key).ToArray();
        var seen = await Task.WhenAll(nodes.Select(async n => (n.Name, Seen: await n.LookAsync(table, keys, fence, cancel))));
        if (seen.Any(s => s.Seen is null)) return silent;
        var behind = seen.Where(s => !s.Seen!.Reached).Select(s => s.Name).ToHashSet(StringComparer.Ordinal);
        var now = RowDifference.Among(table, seen.ToDictionary(s => s.Name, s => s.Seen!.Rows)).ToArray();
        // What only those lack who are behind may be on its way to them.
        var certain = now.Where(d => d.Conflict || d.Missing.Any(n => !behind.Contains(n))).ToArray();
        var note = behind.Count == 0 ? "" : $"{string.Join(", ", behind)} had not executed after {RowLook.MostWait.TotalSeconds:0} s what the others had: {now.Length - certain.Length} rows may be on their way there";
        return new(certain, more, note);
    }
}
