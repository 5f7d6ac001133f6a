using Connect.Node.Settings;
using Connect.RingDaemon.LoadBalancing;
using Connect.RingDaemon.Simulation.Servers;

namespace Connect.RingDaemon.Simulation;

/// <summary>The boards, the load balancer before them, and people who post: each post goes to a node that the balancer has, and waits for its copies.</summary>
internal sealed class SimulatedBoards(SimulatedRing ring, Story story)
{
    private static readonly TimeSpan LearnsWithin = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<string, TrafficState> _balancer = new(StringComparer.Ordinal);
    private readonly HashSet<string> _dead = new(StringComparer.Ordinal);
    private readonly Dictionary<string, bool> _mayWrite = new(StringComparer.Ordinal);

    public bool Posting { get; private set; }

    public int Posted { get; private set; }

    public int Acknowledged { get; private set; }

    public void StartPosting()
    {
        Posting = true;
        ring.World.After(story.PostEvery, Post);
        foreach (var daemon in ring.Daemons) LearnOn(daemon);
    }

    public void StopPosting() => Posting = false;

    public void Kill(string node) => _dead.Add(node);

    public void Start(string node) => _dead.Remove(node);

    public void Balance(IReadOnlyDictionary<string, TrafficState> states)
    {
        foreach (var (node, state) in states) _balancer[node] = state;
    }

    public void TakeOut(string node) => _balancer[node] = TrafficState.Maintenance;

    /// <summary>A board asks its daemon twice a second whether it may write; a daemon that does not answer means no.</summary>
    public void LearnOn(SimulatedDaemon daemon)
    {
        if (!Posting) return;
        _mayWrite[daemon.Name] = daemon is { Power: Power.On, Report.Writable: true };
        ring.World.After(LearnsWithin, () => LearnOn(daemon));
    }

    private void Post()
    {
        if (!Posting) return;
        ring.World.After(story.PostEvery, Post);
        var ready = ring.Daemons.Where(d => _balancer.GetValueOrDefault(d.Name) == TrafficState.Ready && !_dead.Contains(d.Name)).ToArray();
        if (ready.Length == 0) return;
        var node = ready[ring.Chance.Below(ready.Length)];
        if (node.Server is not { Power: Power.On, Open: true } || !_mayWrite.GetValueOrDefault(node.Name)) return;
        node.Server.Write(Posted++, post => Acknowledge(node, post));
    }

    private void Acknowledge(SimulatedDaemon node, Transaction post)
    {
        if (node.Power != Power.On) return; // nobody to ask about copies: "pending"
        node.Wrote(post);
        new CopyWait(ring, node, node.Server.PositionOf(post), story.Acknowledge, () =>
        {
            Acknowledged++;
            ring.Checks.Acknowledged(post);
        }).Begin();
    }
}
