namespace Connect.RingDaemon.Membership;

/// <summary>
/// Whom to probe next: round-robin over a shuffled list, shuffled again after each round, so that everyone is probed within 2n - 1 probes (SWIM section 4.3).
/// A suspect that others accuse is probed first: the sooner an accusation is confirmed or refuted, the better.
/// </summary>
public sealed class ProbeSchedule(Prng prng)
{
    private readonly List<string> _order = [];
    private readonly List<string> _first = [];
    private int _next;

    /// <summary>At a random place, so that members who learn of a newcomer together do not probe it together.</summary>
    public void Add(string name)
    {
        if (_order.Contains(name)) return;
        var at = prng.Below(_order.Count + 1);
        _order.Insert(at, name);
        if (at < _next) _next++;
    }

    public void Remove(string name)
    {
        _first.Remove(name);
        var at = _order.IndexOf(name);
        if (at < 0) return;
        _order.RemoveAt(at);
        if (at < _next) _next--;
    }

    /// <summary>Puts a member before the others, once.</summary>
    public void Hurry(string name)
    {
        if (_order.Contains(name) && !_first.Contains(name)) _first.Add(name);
    }

    /// <summary>Null if there is nobody.</summary>
    public string? Next()
    {
        if (_order.Count == 0) return null;
        if (_first.Count > 0)
        {
            var hurried = _first[0];
            _first.RemoveAt(0);
            return hurried;
        }
        if (_next >= _order.Count)
        {
            prng.Shuffle(_order);
            _next = 0;
        }
        return _order[_next++];
    }
}
