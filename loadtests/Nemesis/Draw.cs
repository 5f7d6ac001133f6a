namespace Connect.LoadTests.Nemesis;

/// <summary>
/// What chance decides about one fault. Everything follows from seed and number (SplitMix64), so a single fault can be played again without those before it.
/// </summary>
public sealed class Draw
{
    private ulong _state;

    public Draw(ulong seed, int number, IReadOnlyList<string> nodes)
    {
        _state = seed * 0x9E3779B97F4A7C15UL ^ (ulong)number * 0xD1B54A32D192ED03UL;
        Nodes = nodes;
        Next();
    }

    /// <summary>All nodes, in ring order.</summary>
    public IReadOnlyList<string> Nodes { get; }

    /// <summary>0 to <paramref name="limit"/> - 1.</summary>
    public int Below(int limit) => (int)(Next() % (ulong)limit);

    public bool Coin() => Below(2) == 1;

    /// <summary>A time between two, in whole milliseconds.</summary>
    public TimeSpan Between(TimeSpan least, TimeSpan most) => least + TimeSpan.FromMilliseconds(Below((int)(most - least).TotalMilliseconds + 1));

    public TimeSpan Seconds(double least, double most) => Between(TimeSpan.FromSeconds(least), TimeSpan.FromSeconds(most));

    public string Node() => Nodes[Below(Nodes.Count)];

    /// <summary>A node other than this one.</summary>
    public string Other(string node) => Shuffled(Nodes).First(n => n != node);

    public IReadOnlyList<T> Shuffled<T>(IReadOnlyList<T> items)
    {
        var order = items.ToArray();
        for (var i = order.Length - 1; i > 0; i--)
        {
            var j = Below(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }

    private ulong Next()
    {
        _state += 0x9E3779B97F4A7C15UL;
        var z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
