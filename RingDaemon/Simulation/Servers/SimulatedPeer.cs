using Connect.Node.Database;
using Connect.RingDaemon.Replication;
using Connect.RingDaemon.Simulation.Plants;

namespace Connect.RingDaemon.Simulation.Servers;

/// <summary>Another member's server, asked over the simulated network.</summary>
internal sealed class SimulatedPeer(SimulatedDaemon daemon, SimulatedServer server, PlantedBug plant) : IPeerServer
{
    public Task<PeerPosition> PositionAsync(TimeSpan deadline, CancellationToken cancel = default) =>
        daemon.AskAsync(server, deadline, s => new PeerPosition(Shown(s), plant.IgnoresPurged ? GtidSet.Empty(s.Identity.Engine) : s.Disk.Purged, s.Identity));

    public Task<GtidSet> WaitForAsync(GtidSet position, TimeSpan timeout, CancellationToken cancel = default) => daemon.WaitForAsync(server, position, timeout);

    private GtidSet Shown(SimulatedServer s) =>
        plant.MissesLostTail ? s.Executed.Except(s.Executed.Only(daemon.Server.Identity.Origin).Except(daemon.Server.Executed)) : s.Executed;

    public void Dispose()
    {
        // Nothing is held open.
    }
}
