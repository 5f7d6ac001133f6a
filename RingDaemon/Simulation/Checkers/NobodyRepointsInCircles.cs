using Connect.RingDaemon.Simulation.Faults;
using Connect.RingDaemon.Simulation.Servers;

namespace Connect.RingDaemon.Simulation.Checkers;

/// <summary>Each thing that breaks or is mended makes a node change its source a few times at most, and once the ring rests nobody changes anything.</summary>
internal sealed class NobodyRepointsInCircles(SimulatedRing ring) : Checker("circles")
{
    /// <summary>Away from what broke, and back. What flaps is one event, however often.</summary>
    private const int MostPerEvent = 2;

    /// <summary>Founding a ring, and closing it in the end.</summary>
    private const int MostBesides = 7;

    private readonly Dictionary<string, int> _changes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _lives = new(StringComparer.Ordinal);
    private int _events;

    public override void Began(Fault fault) => _events++;

    public override void Ended(Fault fault) => _events++;

    public override void Pointed(SimulatedServer server, SimulatedServer source)
    {
        if (ring.IsAtRest) Violated($"{server.Name} was pointed at {source.Name} although nothing had happened for a while");
        // A server that was started replicates from nobody: pointing it is no change.
        if (_lives.TryGetValue(server.Name, out var life) && life != server.Life)
        {
            _lives[server.Name] = server.Life;
            return;
        }
        _lives[server.Name] = server.Life;
        var changes = _changes[server.Name] = _changes.GetValueOrDefault(server.Name) + 1;
        if (changes > MostBesides + (MostPerEvent * _events)) Violated($"{server.Name} was pointed at a source {changes} times while {_events} things happened");
    }
}
