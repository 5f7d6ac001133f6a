using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Simulation.Faults;
using Connect.RingDaemon.Simulation.Servers;

namespace Connect.RingDaemon.Simulation.Checkers;

/// <summary>
/// A node that begins to serve holds what each serving node held when it began to catch up: of those that it knew to serve, and that it could reach all that time.
/// </summary>
internal sealed class NobodyServesTooEarly(SimulatedRing ring) : Checker("served-too-early")
{
    private readonly Dictionary<string, Dictionary<SimulatedDaemon, RowSet>> _goals = new(StringComparer.Ordinal);
    private readonly HashSet<string> _serving = new(StringComparer.Ordinal);

    public override void Began(Fault fault) => ForgetUnreachable();

    public override void Ended(Fault fault) => ForgetUnreachable();

    public override void ServerStarted(SimulatedDaemon daemon)
    {
        if (!_serving.Contains(daemon.Name)) _goals[daemon.Name] = Goal(daemon);
    }

    public override void Serves(SimulatedDaemon daemon, bool serving)
    {
        if (!serving)
        {
            _serving.Remove(daemon.Name);
            foreach (var goals in _goals.Values) goals.Remove(daemon);
            _goals[daemon.Name] = Goal(daemon);
            return;
        }
        _serving.Add(daemon.Name);
        ForgetUnreachable();
        if (!_goals.Remove(daemon.Name, out var goal)) return;
        foreach (var (other, rows) in goal)
            if (Sees(daemon, other) && !daemon.Server.Disk.Rows.Contains(rows)) Violated($"{daemon.Name} serves, and lacks the posts {string.Join(", ", rows.Except(daemon.Server.Disk.Rows).Take(5))}, which {other.Name} held when it began to catch up; it is at [{daemon.Server.Executed}], {other.Name} at [{other.Server.Executed}]");
    }

    private Dictionary<SimulatedDaemon, RowSet> Goal(SimulatedDaemon daemon) =>
        ring.Present.Where(o => o != daemon && _serving.Contains(o.Name) && Reaches(daemon, o) && Sees(daemon, o)).ToDictionary(o => o, o => o.Server.Disk.Rows.Copy());

    private void ForgetUnreachable()
    {
        foreach (var (name, goals) in _goals)
            foreach (var other in goals.Keys.Where(o => !Reaches(ring[name], o)).ToArray()) goals.Remove(other);
    }

    private static bool Sees(SimulatedDaemon daemon, SimulatedDaemon other) =>
        daemon.Gossip.Core?.View.Find(other.Name) is { HasServer: true, Facts.Phase: Phase.Serving };

    private bool Reaches(SimulatedDaemon one, SimulatedDaemon other) =>
        one.Server.Power == Power.On && other.Server.Power == Power.On && other.Power == Power.On && ring.World.Reach(one.Name, other.Name);
}
