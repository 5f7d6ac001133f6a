namespace Connect.RingDaemon.Convergence;

/// <summary>
/// The digests of one table on one node: leaves of a bounded number of rows, each a <see cref="KeyPrefix"/>. They are kept sorted in one list and never overlap; where no
/// leaf is there are no rows. A parent is the XOR of the leaves below it, made when somebody asks. A leaf of 64 bytes stands for a few hundred to
/// <see cref="MostRows"/> rows, so a million rows take some hundred kilobytes at the worst.
/// <para>Not for use by several threads at once.</para>
/// </summary>
public sealed class DigestTree
{
    /// <summary>A leaf with more rows is read again with one digit more.</summary>
    public const int MostRows = 4096;

    /// <summary>Siblings that have no more rows than this together become one leaf. Half of <see cref="MostRows"/>, so that one row more does not split it again.</summary>
    public const int MergeRows = 2048;

    private List<Leaf> _leaves = [];

    /// <param name="ReadAt">When its rows were last read, in seconds of the caller's clock.</param>
    public readonly record struct Leaf(KeyPrefix Prefix, RangeDigest Sum, long ReadAt);

    public IReadOnlyList<Leaf> Leaves => _leaves;

    public RangeDigest Total => Fold(0, _leaves.Count);

    /// <summary>When the leaf was read that has not been read for the longest time; null if there are no rows.</summary>
    public long? OldestRead => _leaves.Count == 0 ? null : _leaves.Min(l => l.ReadAt);

    /// <summary>What the leaves in a range of keys add up to. The range must not cut a leaf.</summary>
    public RangeDigest Of(UInt128 first, UInt128 last) => Fold(IndexOf(first), EndOf(last));

    /// <summary>The leaf that holds all keys of a prefix, alone or with others.</summary>
    public Leaf? Covering(KeyPrefix prefix)
    {
        var i = EndOf(prefix.First) - 1;
        return i >= 0 && _leaves[i].Prefix.Contains(prefix) ? _leaves[i] : null;
    }

    /// <summary>What lies below a prefix, one digit longer each; null if that is not kept because a leaf is as large as the prefix or larger.</summary>
    public IReadOnlyList<PrefixDigest>? Children(KeyPrefix prefix)
    {
        if (Covering(prefix) is not null) return null;
        var children = new List<PrefixDigest>();
        for (int i = IndexOf(prefix.First), end = EndOf(prefix.Last); i < end;)
        {
            var child = KeyPrefix.Of(_leaves[i].Prefix.First, prefix.Digits + 1);
            var next = EndOf(child.Last);
            children.Add(new(child, Fold(i, next)));
            i = next;
        }
        return children;
    }

    /// <summary>Replaces what is known of a range of keys by what was read there just now. Neither the range nor what was read may cut a leaf.</summary>
    /// <param name="first">First key of the range.</param>
    /// <param name="last">Last key of the range, inclusive.</param>
    /// <param name="read">What is in it, sorted; empty if there are no rows.</param>
    /// <param name="now">In seconds.</param>
    /// <exception cref="ArgumentException">A leaf would be cut or covered: the tree would count rows twice.</exception>
    public void Replace(UInt128 first, UInt128 last, IReadOnlyList<PrefixDigest> read, long now)
    {
        var (from, end) = (IndexOf(first), EndOf(last));
        foreach (var part in read)
        {
            if ((from > 0 && _leaves[from - 1].Prefix.Last >= part.Prefix.First) || (end < _leaves.Count && _leaves[end].Prefix.First <= part.Prefix.Last))
                throw new ArgumentException($"What was read below '{part.Prefix}' overlaps a leaf beside it.", nameof(read));
        }
        if (end > from && (_leaves[from].Prefix.First < first || _leaves[end - 1].Prefix.Last > last)) throw new ArgumentException("The range cuts a leaf.", nameof(first));
        _leaves.RemoveRange(from, end - from);
        _leaves.InsertRange(from, read.Select(r => new Leaf(r.Prefix, r.Sum, now)));
    }

    /// <summary>Adds a range behind all others.</summary>
    /// <exception cref="ArgumentException">It does not lie behind them.</exception>
    public void Append(PrefixDigest read, long now)
    {
        if (_leaves.Count > 0 && _leaves[^1].Prefix.Last >= read.Prefix.First) throw new ArgumentException($"'{read.Prefix}' does not lie behind '{_leaves[^1].Prefix}'.", nameof(read));
        _leaves.Add(new(read.Prefix, read.Sum, now));
    }

    /// <summary>Joins siblings that are small together, from the longest prefixes to the shortest.</summary>
    public void Compact()
    {
        for (var digits = _leaves.Count == 0 ? 0 : _leaves.Max(l => l.Prefix.Digits); digits > 0; digits--)
        {
            var joined = new List<Leaf>(_leaves.Count);
            for (var i = 0; i < _leaves.Count;)
            {
                if (_leaves[i].Prefix.Digits != digits)
                {
                    joined.Add(_leaves[i++]);
                    continue;
                }
                var parent = _leaves[i].Prefix.Parent;
                var (end, sum, read, whole) = (i, default(RangeDigest), long.MaxValue, true);
                for (; end < _leaves.Count && parent.Contains(_leaves[end].Prefix); end++)
                {
                    whole &= _leaves[end].Prefix.Digits == digits;
                    sum += _leaves[end].Sum;
                    read = Math.Min(read, _leaves[end].ReadAt);
                }
                // A longer leaf among them was too large to be joined, so its parent is too.
                whole &= joined.Count == 0 || !parent.Contains(joined[^1].Prefix);
                if (whole && sum.Rows <= MergeRows) joined.Add(new(parent, sum, read));
                else joined.AddRange(_leaves.Skip(i).Take(end - i));
                i = end;
            }
            _leaves = joined;
        }
        _leaves.TrimExcess();
    }

    /// <summary>Index of the first leaf whose keys do not all lie before <paramref name="key"/>.</summary>
    public int IndexOf(UInt128 key) => Search(l => l.Prefix.Last < key);

    private int EndOf(UInt128 key) => Search(l => l.Prefix.First <= key);

    /// <summary>How many leaves from the left fulfil a condition that no leaf fulfils after one that does not.</summary>
    private int Search(Func<Leaf, bool> before)
    {
        var (low, high) = (0, _leaves.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (before(_leaves[middle])) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    private RangeDigest Fold(int from, int end)
    {
        var sum = default(RangeDigest);
        for (var i = from; i < end; i++) sum += _leaves[i].Sum;
        return sum;
    }
}
