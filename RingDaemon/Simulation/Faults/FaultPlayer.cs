using Connect.RingDaemon.Daemon;

namespace Connect.RingDaemon.Simulation.Faults;

/// <summary>Lets a list of faults happen, each once, and mends everything in the end.</summary>
internal sealed class FaultPlayer(SimulatedRing ring)
{
    private static readonly TimeSpan MendingTakes = TimeSpan.FromSeconds(2);

    /// <summary>Longer than a daemon takes to find out that a member it remembers is dead.</summary>
    private static readonly TimeSpan OperatorLooks = TimeSpan.FromSeconds(30);

    private readonly List<Fault> _begun = [];
    private readonly List<Fault> _open = [];

    /// <summary>Plans them; their times count from now.</summary>
    public void Play(IEnumerable<Fault> faults)
    {
        foreach (var fault in faults) ring.World.After(fault.At, () => Begin(fault));
    }

    /// <summary>Whatever is broken is mended, node by node in an order that chance decides.</summary>
    public void MendAll()
    {
        ring.Note("everything is mended");
        foreach (var fault in _open.ToArray()) End(fault);
        ring.World.Heal();
        ring.World.Calm();
        foreach (var node in ring.Present.ToArray())
        {
            ring.World.After(ring.Chance.Within(MendingTakes), () =>
            {
                node.Wish(new Wishes(false, false));
                foreach (var fault in _begun.Where(f => f.Node == node.Name)) FaultKinds.Find(fault.Kind).Mend?.Invoke(ring, fault);
                ring.Mend(node);
            });
        }
        ring.World.After(OperatorLooks, ring.ForgetWhomNobodyRemembers);
    }

    private void Begin(Fault fault)
    {
        var kind = FaultKinds.Find(fault.Kind);
        ring.Note(StoryText.WriteWhat(fault));
        _begun.Add(fault);
        ring.Checks.Began(fault);
        kind.Begin(ring, fault);
        if (kind.End is null) return;
        _open.Add(fault);
        if (fault.Lasts > TimeSpan.Zero) ring.World.After(fault.Lasts, () => End(fault));
    }

    private void End(Fault fault)
    {
        if (!_open.Remove(fault)) return; // everything was mended before
        ring.Note($"over: {StoryText.WriteWhat(fault)}");
        FaultKinds.Find(fault.Kind).End!(ring, fault);
        ring.Checks.Ended(fault);
    }
}
