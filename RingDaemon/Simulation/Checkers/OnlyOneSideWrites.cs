using Connect.Node.Settings;
using Connect.RingDaemon.Simulation.Faults;
using Connect.RingDaemon.Simulation.Servers;

namespace Connect.RingDaemon.Simulation.Checkers;

/// <summary>
/// With <c>minority: readonly</c>: of two groups of nodes between which nothing gets through, one at the most acknowledges posts that were written after both had time to notice.
/// </summary>
internal sealed class OnlyOneSideWrites : Checker
{
    /// <summary>
    /// Rings of up to six nodes. All on the other side have to be probed, one after the other, and a node whose questions go unanswered probes ever more slowly and waits longer: the
    /// third of them is suspected after some 3 s, for up to 6 s. And half a second until the board knows.
    /// </summary>
    private static readonly TimeSpan Noticed = TimeSpan.FromSeconds(15);

    private readonly SimulatedRing _ring;
    private readonly bool _watches;
    private readonly Dictionary<(string, string), TimeSpan> _apartSince = [];
    private readonly Dictionary<string, TimeSpan> _lastWritten = new(StringComparer.Ordinal);
    private readonly Dictionary<int, (SimulatedServer On, TimeSpan At)> _written = [];

    public OnlyOneSideWrites(SimulatedRing ring, Story story) : base("both-sides-write")
    {
        (_ring, _watches) = (ring, story.Minority == MinorityPolicy.ReadOnly);
        if (_watches) ring.World.CutChanged += Look;
    }

    public override void Committed(SimulatedServer server, in Transaction transaction, bool isNew)
    {
        if (_watches) _written.TryAdd(transaction.Row, (server, _ring.World.Now));
    }

    public override void Acknowledged(in Transaction post)
    {
        if (!_watches || !_written.TryGetValue(post.Row, out var written)) return;
        var (name, at) = (written.On.Name, written.At);
        // Who slept, or was not there, could not notice anything.
        if (at - _ring[name].AwakeSince < Noticed) return;
        if (!_lastWritten.TryGetValue(name, out var last) || last < at) _lastWritten[name] = at;
        foreach (var other in _ring.Daemons)
        {
            if (!_apartSince.TryGetValue(Pair(name, other.Name), out var since) || at - since < Noticed) continue;
            if (_lastWritten.TryGetValue(other.Name, out var there) && there - since >= Noticed)
                Violated($"{name} and {other.Name} have been apart for {(_ring.World.Now - since).TotalSeconds:0.0} s, and both acknowledged posts that were written {(at - since).TotalSeconds:0.0} s and {(there - since).TotalSeconds:0.0} s after that");
        }
    }

    /// <summary>Whoever joins meanwhile is apart from others from then on.</summary>
    public override void Began(Fault fault) => Look();

    public override void Ended(Fault fault) => Look();

    private void Look()
    {
        if (!_watches) return;
        var groups = Groups();
        foreach (var one in groups.Keys)
        {
            foreach (var other in groups.Keys.Where(o => string.CompareOrdinal(one, o) < 0))
            {
                if (groups[one] == groups[other]) _apartSince.Remove((one, other));
                else _apartSince.TryAdd((one, other), _ring.World.Now);
            }
        }
    }

    /// <summary>Two nodes are in one group if anything gets from one to the other, by whatever way and in whatever direction.</summary>
    private Dictionary<string, int> Groups()
    {
        var groups = new Dictionary<string, int>(StringComparer.Ordinal);
        var names = _ring.Daemons.Select(d => d.Name).ToArray();
        foreach (var name in names)
        {
            if (groups.ContainsKey(name)) continue;
            var (number, open) = (groups.Count, new Queue<string>([name]));
            groups[name] = number;
            while (open.TryDequeue(out var at))
                foreach (var next in names.Where(n => !groups.ContainsKey(n) && !(_ring.World.IsCut(at, n) && _ring.World.IsCut(n, at))).ToArray())
                {
                    groups[next] = number;
                    open.Enqueue(next);
                }
        }
        return groups;
    }

    private static (string, string) Pair(string one, string other) => string.CompareOrdinal(one, other) < 0 ? (one, other) : (other, one);
}
