using System.Numerics;

namespace Connect.RingDaemon.Simulation.Servers;

internal interface IReadOnlyRowSet
{
    int Count { get; }

    bool Contains(int row);

    bool SetEquals(IReadOnlyRowSet other);
}

/// <summary>Rows by their numbers, a bit each: sets of hundreds of rows are compared after every fault.</summary>
internal sealed class RowSet : IReadOnlyRowSet
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

    public void Add(RowSet others)
    {
        if (others._bits.Length > _bits.Length) Array.Resize(ref _bits, others._bits.Length);
        for (var i = 0; i < others._bits.Length; i++) _bits[i] |= others._bits[i];
    }

    public bool SetEquals(IReadOnlyRowSet other)
    {
        var (mine, theirs) = (_bits, ((RowSet)other)._bits);
        for (var i = 0; i < Math.Max(mine.Length, theirs.Length); i++)
            if ((i < mine.Length ? mine[i] : 0) != (i < theirs.Length ? theirs[i] : 0)) return false;
        return true;
    }
}
