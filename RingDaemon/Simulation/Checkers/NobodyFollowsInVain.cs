using Connect.RingDaemon.Simulation.Servers;

namespace Connect.RingDaemon.Simulation.Checkers;

/// <summary>Nobody is pointed at a source that purged the logs it needs: such a source refuses it, and the ring is open meanwhile.</summary>
internal sealed class NobodyFollowsInVain(SimulatedRing ring) : Checker("hopeless-source")
{
    /// <summary>A purge after the source was looked at is nobody's fault; a change of source that meets a frozen server may take so long.</summary>
    private static readonly TimeSpan LookIsGood = TimeSpan.FromSeconds(10);

    public override void Pointed(SimulatedServer server, SimulatedServer source)
    {
        if (ring.World.Now - source.LogsChangedAt <= LookIsGood || server.Executed.Contains(source.Disk.Purged)) return;
        Violated($"{server.Name} was pointed at {source.Name}, which purged {source.Disk.Purged.Except(server.Executed)} {(ring.World.Now - source.LogsChangedAt).TotalSeconds:0} s before");
    }
}
