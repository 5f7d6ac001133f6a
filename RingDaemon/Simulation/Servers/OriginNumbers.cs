using Connect.Node.Database;

namespace Connect.RingDaemon.Simulation.Servers;

/// <summary>Which numbers of one origin a server knows: MySQL keeps every single one, MariaDB only the last and takes all before it for known.</summary>
internal sealed class OriginNumbers(bool everySingleOne)
{
    private readonly List<GtidSet.Range> _ranges = [];

    public IReadOnlyList<GtidSet.Range> Ranges => _ranges;

    public long Last => _ranges.Count == 0 ? 0 : _ranges[^1].Last;

    public bool Contains(long number)
    {
        for (var i = _ranges.Count - 1; i >= 0; i--) if (number >= _ranges[i].First) return number <= _ranges[i].Last;
        return false;
    }

    public void Add(long number)
    {
        if (Contains(number)) return;
        if (!everySingleOne)
        {
            _ranges.Clear();
            _ranges.Add(new(1, number));
            return;
        }
        var at = _ranges.FindIndex(r => r.First > number);
        if (at < 0) at = _ranges.Count;
        var (first, last) = (number, number);
        if (at < _ranges.Count && _ranges[at].First == number + 1) (last, _) = (_ranges[at].Last, Remove(at));
        if (at > 0 && _ranges[at - 1].Last == number - 1) (first, at) = (_ranges[at - 1].First, Remove(at - 1));
        _ranges.Insert(at, new(first, last));
    }

    public void Add(GtidSet.Range range)
    {
        for (var number = everySingleOne ? range.First : range.Last; number <= range.Last; number++) Add(number);
    }

    public OriginNumbers Copy()
    {
        var copy = new OriginNumbers(everySingleOne);
        copy._ranges.AddRange(_ranges);
        return copy;
    }

    private int Remove(int at)
    {
        _ranges.RemoveAt(at);
        return at;
    }
}
