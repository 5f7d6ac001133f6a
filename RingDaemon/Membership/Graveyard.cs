namespace Connect.RingDaemon.Membership;

/// <summary>
/// Tombstones of members that left. Without them an old rumour, or a peer that slept through the farewell, would bring the departed back.
/// Bounded in time and number.
/// </summary>
public sealed class Graveyard(TimeSpan retention, int capacity)
{
    private readonly List<(string Name, TimeSpan Buried)> _graves = [];

    public int Count => _graves.Count;

    /// <summary>When the oldest grave may be cleared.</summary>
    public TimeSpan Due => _graves.Count == 0 ? TimeSpan.MaxValue : _graves[0].Buried + retention;

    public void Bury(string name, TimeSpan now)
    {
        Raise(name);
        _graves.Add((name, now));
    }

    /// <summary>It came back (with a higher incarnation).</summary>
    public void Raise(string name) => _graves.RemoveAll(g => g.Name == name);

    /// <summary>The next name that need not be remembered any longer, or null.</summary>
    public string? Clear(TimeSpan now)
    {
        if (_graves.Count == 0 || (_graves.Count <= capacity && now < Due)) return null;
        var name = _graves[0].Name;
        _graves.RemoveAt(0);
        return name;
    }
}
