using Connect.RingDaemon.Simulation.Faults;
using Connect.RingDaemon.Simulation.Servers;

namespace Connect.RingDaemon.Simulation.Checkers;

/// <summary>
/// In stories of pauses only: one of a second or less moves nobody (a false bridge), and after a longer one the others move at most once when the paused node is back.
/// </summary>
internal sealed class NoPauseMovesAnybody : Checker
{
    private static readonly TimeSpan Passes = TimeSpan.FromSeconds(1);
    /// <summary>A change that was decided before the pause was over.</summary>
    private static readonly TimeSpan UnderWay = TimeSpan.FromMilliseconds(500);

    private static readonly HashSet<string> Pauses = new(StringComparer.Ordinal) { FaultKinds.FreezeDaemon, FaultKinds.FreezeServer, FaultKinds.FreezeNode };

    private readonly bool _onlyPauses;
    private readonly bool _onlyShortOnes;
    private readonly SimulatedRing _ring;
    private Fault? _over;
    private TimeSpan _overAt;
    private int _moves;

    public NoPauseMovesAnybody(SimulatedRing ring, Story story) : base("false-bridge")
    {
        _ring = ring;
        _onlyPauses = story.Faults.All(f => Pauses.Contains(f.Kind));
        _onlyShortOnes = _onlyPauses && story.Faults.All(f => f.Lasts > TimeSpan.Zero && f.Lasts <= Passes);
    }

    public override void Began(Fault fault) => _over = null;

    public override void Ended(Fault fault) => (_over, _overAt, _moves) = (fault, _ring.World.Now, 0);

    public override void Pointed(SimulatedServer server, SimulatedServer source)
    {
        if (!_onlyPauses || !_ring.IsPosting) return;
        if (_onlyShortOnes) Violated($"{server.Name} was pointed at {source.Name} because of a pause that should have passed unnoticed");
        if (_over is { } pause && server.Name != pause.Node && _ring.World.Now - _overAt > UnderWay && ++_moves > 1) Violated($"{pause.Node} was back after a pause, and the others have changed their sources {_moves} times since");
    }
}
