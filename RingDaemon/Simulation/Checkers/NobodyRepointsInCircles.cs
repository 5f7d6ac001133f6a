using Connect.RingDaemon.Simulation.Faults;
using Connect.RingDaemon.Simulation.Servers;

namespace Connect.RingDaemon.Simulation.Checkers;

/// <summary>Each thing that breaks or is mended makes a node change its source a few times at most, and once the ring rests nobody changes anything.</summary>
internal sealed class NobodyRepointsInCircles(SimulatedRing ring) : Checker("circles")
{
    /// <summary>Away from what broke, to whoever is left, and back; and once more because two nodes found it at different times.</summary>
    private const int MostPerEvent = 4;

    /// <summary>Founding a ring, and closing it in the end.</summary>
    private const int MostBesides = 8;

    private readonly Dictionary<string, int> _changes = new(StringComparer.Ordinal);
    private int _events;

    public override void Began(Fault fault) => _events += 1 + fault.Amount; // a fault that counts something repeats itself

    public override void Ended(Fault fault) => _events++;

    public override void Pointed(SimulatedServer server, SimulatedServer source)
    {
        var changes = _changes[server.Name] = _changes.GetValueOrDefault(server.Name) + 1;
        if (ring.IsAtRest) Violated($"{server.Name} was pointed at {source.Name} although nothing had happened for a while");
        if (changes > MostBesides + (MostPerEvent * _events)) Violated($"{server.Name} was pointed at a source {changes} times while {_events} things happened");
    }
}
