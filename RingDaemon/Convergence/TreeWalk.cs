namespace Connect.RingDaemon.Convergence;

/// <summary>
/// Finds the ranges in which members differ: beginning with every key, what differs is asked for its parts, until the parts are small or somebody keeps none that are smaller.
/// Trees need not have the same shape: a prefix means the same range in all of them.
/// </summary>
public static class TreeWalk
{
    /// <summary>A range of so few rows is not divided any more: its rows are compared.</summary>
    public const int FewRows = 256;

    /// <summary>Prefixes in one question.</summary>
    public const int MostPrefixes = 256;

    /// <param name="ask">Asks every member for the parts of some prefixes: one list of answers a member, in the order of the prefixes; null from somebody who did not answer.</param>
    /// <param name="mostRanges">Stop when so many were found.</param>
    /// <returns>The ranges, and whether there may be more; null if somebody did not answer.</returns>
    public static async Task<(IReadOnlyList<KeyPrefix> Ranges, bool More)?> DifferingAsync(
        Func<IReadOnlyList<KeyPrefix>, Task<IReadOnlyList<PrefixChildren>?[]>> ask, int mostRanges)
    {
        var open = new Queue<KeyPrefix>([KeyPrefix.All]);
        var found = new List<KeyPrefix>();
        while (open.Count > 0 && found.Count < mostRanges)
        {
            var asked = new List<KeyPrefix>();
            while (asked.Count < MostPrefixes && open.TryDequeue(out var prefix)) asked.Add(prefix);
            var answers = await ask(asked);
            if (answers.Any(a => a is null || a.Count != asked.Count)) return null;
            for (var i = 0; i < asked.Count; i++)
            {
                var parts = answers.Select(a => a![i].Children).ToArray();
                if (parts.Any(p => p is null)) found.Add(asked[i]);
                else
                {
                    foreach (var (part, rows) in Differing(parts!))
                    {
                        if (rows <= FewRows) found.Add(part);
                        else open.Enqueue(part);
                    }
                }
            }
        }
        return (found.Take(mostRanges).ToList(), open.Count > 0 || found.Count > mostRanges);
    }

    private static IEnumerable<(KeyPrefix Part, long MostRows)> Differing(IReadOnlyList<PrefixSum>[] members) =>
        from part in members.SelectMany(m => m).GroupBy(s => s.Prefix, StringComparer.Ordinal)
        where part.Count() < members.Length || part.Select(s => (s.Rows, s.Digest)).Distinct().Count() > 1
        orderby part.Key
        select (KeyPrefix.Parse(part.Key), part.Max(s => s.Rows));
}
