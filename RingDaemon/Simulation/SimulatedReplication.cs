using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Simulation;

/// <summary>A daemon's own server, asked over the simulated loopback.</summary>
internal sealed class SimulatedReplication(SimulatedDaemon daemon, Func<string, SimulatedServer> servers) : IReplicationServer
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(2);

    private SimulatedServer Own => daemon.Server;

    public Task<ServerIdentity> IdentityAsync(CancellationToken cancel = default) => daemon.AskAsync(Own, Deadline, s => s.Identity);

    public Task<GtidSet> PositionAsync(CancellationToken cancel = default) => daemon.AskAsync(Own, Deadline, s => s.Executed);

    public Task<GtidSet> PurgedAsync(CancellationToken cancel = default) => daemon.AskAsync(Own, Deadline, s => GtidSet.Empty(s.Identity.Engine));

    public Task<ReplicaStatus> StatusAsync(CancellationToken cancel = default) => daemon.AskAsync(Own, Deadline, s => s.Status);

    public Task PointAtAsync(ServerAddress source, Account replication, bool tls, TimeSpan applyReceived, CancellationToken cancel = default) =>
        daemon.AskAsync(Own, applyReceived + Deadline, s => { s.PointAt(servers(source.Host)); return true; });

    public Task StopAsync(CancellationToken cancel = default) => daemon.AskAsync(Own, Deadline, s => { s.Stop(); return true; });

    public async Task<bool> WaitForAsync(GtidSet position, TimeSpan timeout, CancellationToken cancel = default) =>
        (await daemon.WaitForAsync(Own, position, timeout)).Contains(position);

    public Task<IReadOnlyList<SettingFault>> CheckSettingsAsync(CancellationToken cancel = default) => Task.FromResult<IReadOnlyList<SettingFault>>([]);
}

/// <summary>Another member's server, asked over the simulated network.</summary>
internal sealed class SimulatedPeer(SimulatedDaemon daemon, SimulatedServer server) : IPeerServer
{
    public Task<PeerPosition> PositionAsync(TimeSpan deadline, CancellationToken cancel = default) =>
        daemon.AskAsync(server, deadline, s => new PeerPosition(s.Executed, GtidSet.Empty(s.Identity.Engine), s.Identity));

    public Task<GtidSet> WaitForAsync(GtidSet position, TimeSpan timeout, CancellationToken cancel = default) => daemon.WaitForAsync(server, position, timeout);

    public void Dispose()
    {
        // Nothing is held open.
    }
}
