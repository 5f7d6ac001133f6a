namespace Connect.RingDaemon.Convergence;

/// <summary>Where a table has more or fewer rows than its tree says.</summary>
/// <param name="Rows">Rows counted.</param>
/// <param name="More">Rows there are too many, summed over the ranges that have more.</param>
/// <param name="Fewer">Rows there are too few, summed over the ranges that have fewer.</param>
/// <param name="Changed">The ranges whose number of rows changed, sorted, with the number of rows they have now. None of them cuts a leaf.</param>
public sealed record CountComparison(long Rows, long More, long Fewer, IReadOnlyList<PrefixCount> Changed)
{
    /// <summary>Compares a count by prefixes of <paramref name="digits"/> digits with what a tree says of the same range.</summary>
    /// <param name="tree">The tree.</param>
    /// <param name="from">First key that was counted; it must not cut a leaf. Counted was to the very end.</param>
    /// <param name="digits">Digits of every prefix in <paramref name="counted"/>.</param>
    /// <param name="counted">Sorted; ranges without rows are left out.</param>
    public static CountComparison Of(DigestTree tree, UInt128 from, int digits, IEnumerable<PrefixCount> counted)
    {
        // Both sides are brought to common units: the leaf where it is larger than what was counted, else what was counted.
        var units = new SortedDictionary<UInt128, (KeyPrefix Unit, long Expected, long Found)>();
        void Add(KeyPrefix unit, long expected, long found)
        {
            var sum = units.GetValueOrDefault(unit.First);
            units[unit.First] = (unit, sum.Expected + expected, sum.Found + found);
        }
        for (var i = tree.IndexOf(from); i < tree.Leaves.Count; i++)
        {
            var leaf = tree.Leaves[i];
            Add(leaf.Prefix.Digits <= digits ? leaf.Prefix : KeyPrefix.Of(leaf.Prefix.First, digits), leaf.Sum.Rows, 0);
        }
        var rows = 0L;
        foreach (var (prefix, count) in counted)
        {
            Add(tree.Covering(prefix)?.Prefix ?? prefix, 0, count);
            rows += count;
        }
        var changed = units.Values.Where(u => u.Expected != u.Found).ToArray();
        return new(rows, changed.Sum(u => Math.Max(0, u.Found - u.Expected)), changed.Sum(u => Math.Max(0, u.Expected - u.Found)), [.. changed.Select(u => new PrefixCount(u.Unit, u.Found))]);
    }

    /// <summary>
    /// The most digits to count by, so that no more than <paramref name="most"/> counts come back: a leaf that is shorter falls apart into as many prefixes as it has
    /// rows at the worst, one that is longer adds to its parent's.
    /// </summary>
    public static int Digits(DigestTree tree, UInt128 from, int most)
    {
        var first = tree.IndexOf(from);
        for (var digits = KeyPrefix.MostDigits; digits > 1; digits--)
        {
            var (groups, parent) = (0L, (UInt128?)null);
            for (var i = first; i < tree.Leaves.Count && groups <= most; i++)
            {
                var (prefix, sum) = (tree.Leaves[i].Prefix, tree.Leaves[i].Sum);
                var open = digits - prefix.Digits;
                if (open > 0) groups += open >= 3 ? sum.Rows : Math.Min(sum.Rows, 1L << (4 * open));
                else if (parent != (parent = KeyPrefix.Of(prefix.First, digits).First)) groups++;
            }
            if (groups <= most && digits <= (tree.Leaves.Count == 0 ? 0 : tree.Leaves.Max(l => l.Prefix.Digits))) return digits;
        }
        return 1;
    }
}
