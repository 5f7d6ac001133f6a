using System.Numerics;

namespace Connect.RingDaemon.Simulation.Servers;

/// <summary>Rows by their numbers, a bit each: sets of hundreds of rows are compared after every fault.</summary>
internal sealed class RowSet
{
    private ulong[] _bits = new ulong[4];

    public int Count => _bits.Sum(BitOperations.PopCount);

    public bool Contains(int row) => row >> 6 < _bits.Length && (_bits[row >> 6] >> (row & 63) & 1) != 0;

    /// <returns>True if it was not there.</returns>
    public bool Add(int row)
    {
        if (Contains(row)) return false;
        if (row >> 6 >= _bits.Length) Array.Resize(ref _bits, Math.Max(_bits.Length * 2, (row >> 6) + 1));
        _bits[row >> 6] |= 1UL << (row & 63);
        return true;
    }

    public bool Contains(RowSet others)
    {
        for (var i = 0; i < others._bits.Length; i++)
            if ((others._bits[i] & ~(i < _bits.Length ? _bits[i] : 0)) != 0) return false;
        return true;
    }

    public RowSet Copy()
    {
        var copy = new RowSet();
        copy.Add(this);
        return copy;
    }

    public void Add(RowSet others)
    {
        if (others._bits.Length > _bits.Length) Array.Resize(ref _bits, others._bits.Length);
        for (var i = 0; i < others._bits.Length; i++) _bits[i] |= others._bits[i];
    }

    /// <summary>Those that are not in the other.</summary>
    public IReadOnlyList<int> Except(RowSet other) => [.. Enumerable.Range(0, _bits.Length * 64).Where(row => Contains(row) && !other.Contains(row))];

    public bool SetEquals(RowSet other)
    {
        var (mine, theirs) = (_bits, other._bits);
        for (var i = 0; i < Math.Max(mine.Length, theirs.Length); i++)
            if ((i < mine.Length ? mine[i] : 0) != (i < theirs.Length ? theirs[i] : 0)) return false;
        return true;
    }
}
