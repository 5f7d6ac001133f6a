using Connect.RingDaemon.Simulation.Servers;

namespace Connect.RingDaemon.Simulation.Checkers;

/// <summary>Whoever leaves for good leaves nothing behind on its own disk that nobody else holds, or held when the leaver asked (<see cref="LateLosses"/>).</summary>
internal sealed class NobodyLeavesWithPosts(SimulatedRing ring) : Checker("left-with-posts")
{
    private readonly LateLosses _late = new(ring);

    public override void DiskReplaced(SimulatedServer server, ServerDisk before) => _late.Add(before);

    public override void Left(SimulatedDaemon daemon)
    {
        var others = ring.Present.Where(o => o != daemon).ToArray();
        if (others.Length == 0) return;
        for (var row = 0; row < ring.Posted; row++)
        {
            if (daemon.Server.Disk.Rows.Contains(row) && !others.Any(o => o.Server.Disk.Rows.Contains(row)) && !_late.Held(row))
                Violated($"{daemon.Name} left, and row {row} is on no other disk");
        }
    }
}
