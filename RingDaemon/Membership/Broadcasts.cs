namespace Connect.RingDaemon.Membership;

/// <summary>
/// Rumours still to be passed on. There is one for each subject (a newer claim replaces the older), each is passed on a bounded number of times,
/// and the ones heard least often go first.
/// </summary>
public sealed class Broadcasts
{
    private readonly List<Entry> _entries = [];
    private long _order;

    public int Count => _entries.Count;

    /// <param name="size">Bytes it takes in a packet.</param>
    public void Enqueue(Rumour rumour, int size)
    {
        Drop(rumour.Subject);
        _entries.Add(new(rumour, size, ++_order));
    }

    public void Drop(string subject) => _entries.RemoveAll(e => e.Rumour.Subject == subject);

    public void Clear() => _entries.Clear();

    /// <summary>Adds what fits into <paramref name="bytes"/> until there are <paramref name="most"/>, and forgets what has now been passed on <paramref name="limit"/> times.</summary>
    public void Take(int bytes, int most, int limit, List<Rumour> into)
    {
        if (_entries.Count == 0) return;
        _entries.Sort(static (a, b) => a.Sent != b.Sent ? a.Sent.CompareTo(b.Sent) : b.Order.CompareTo(a.Order));
        foreach (var entry in _entries)
        {
            if (into.Count >= most) break;
            if (entry.Size > bytes) continue;
            bytes -= entry.Size;
            entry.Sent++;
            into.Add(entry.Rumour);
        }
        _entries.RemoveAll(e => e.Sent >= limit);
    }

    private sealed class Entry(Rumour rumour, int size, long order)
    {
        public Rumour Rumour => rumour;

        public int Size => size;

        public long Order => order;

        public int Sent { get; set; }
    }
}
