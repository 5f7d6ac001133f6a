using Connect.RingDaemon.Simulation.Faults;
using Connect.RingDaemon.Simulation.Servers;

namespace Connect.RingDaemon.Simulation.Checkers;

/// <summary>
/// In stories of nothing but one link that is cut for long, in a ring of four or more: a while later there is one closed ring of all nodes, which all serve; it stays so, with every post
/// everywhere, until the cut is over; then everybody returns to the natural order. Both with few changes.
/// </summary>
internal sealed class ACutLinkIsGoneAround : Checker
{
    private static readonly TimeSpan ToGoAround = TimeSpan.FromSeconds(15), ToReturn = TimeSpan.FromSeconds(25);

    /// <summary>Past the member that is not reached, to whom it is reached by in the new order, and once because the others move at other moments.</summary>
    private const int MostChanges = 3;

    private readonly SimulatedRing _ring;
    private readonly bool _applies;
    private readonly Dictionary<string, int> _changes = new(StringComparer.Ordinal);
    private bool _closed;
    private int _written;

    public ACutLinkIsGoneAround(SimulatedRing ring, Story story) : base("link-open")
    {
        _ring = ring;
        _applies = story.Nodes >= 4 && story.Faults is [{ Kind: FaultKinds.CutPair or FaultKinds.CutOneWay } cut] && cut.Lasts > ToGoAround * 2 && story.Lasts > cut.At + cut.Lasts + ToReturn;
    }

    public override void Began(Fault fault)
    {
        if (!_applies) return;
        _changes.Clear();
        _ring.World.After(ToGoAround, () => (_closed, _written) = (true, _ring.Posted));
        Watch();
    }

    public override void Ended(Fault fault)
    {
        if (!_applies) return;
        foreach (var node in _ring.Present)
            for (var row = 0; row < _written; row++)
                if (!node.Server.Disk.Rows.Contains(row)) Violated($"{node.Name} lacks row {row}, which was written long before the cut of {fault} was over");
        _closed = false;
        _changes.Clear();
        _ring.World.After(ToReturn, () =>
        {
            SimulatedDaemon[] natural = [.. _ring.Present.OrderBy(d => d.Gossip.Facts.Zone, StringComparer.Ordinal).ThenBy(d => d.Gossip.Facts.Place).ThenBy(d => d.Name, StringComparer.Ordinal)];
            for (var i = 0; i < natural.Length; i++)
                if (natural[i].Server.Source != natural[(i + natural.Length - 1) % natural.Length].Server) Violated($"{natural[i].Name} replicates from {natural[i].Server.Source?.Name ?? "nobody"} {ToReturn.TotalSeconds:0} s after {fault} was over");
        });
    }

    public override void Pointed(SimulatedServer server, SimulatedServer source)
    {
        if (!_applies || !_ring.IsPosting) return;
        if (_closed) Violated($"{server.Name} was pointed at {source.Name} although the ring had gone around the cut");
        var changes = _changes[server.Name] = _changes.GetValueOrDefault(server.Name) + 1;
        if (changes > MostChanges) Violated($"{server.Name} was pointed at a source {changes} times");
    }

    /// <summary>Once a second, from the moment it should be closed until the cut is over.</summary>
    private void Watch() => _ring.World.After(TimeSpan.FromSeconds(1), () =>
    {
        if (_closed && !_ring.IsClosed()) Violated($"the ring is not closed {ToGoAround.TotalSeconds:0} s or more after the cut: {_ring.Shape()}");
        if (_closed && _ring.Present.FirstOrDefault(d => !d.Report.Serving) is { } idle) Violated($"{idle.Name} does not serve while a link is cut");
        if (_ring.IsPosting) Watch();
    });
}
