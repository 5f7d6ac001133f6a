namespace Connect.RingDaemon.Simulation.Checkers;

/// <summary>Whoever leaves for good leaves nothing behind on its own disk that nobody else holds.</summary>
internal sealed class NobodyLeavesWithPosts(SimulatedRing ring) : Checker("left-with-posts")
{
    public override void Left(SimulatedDaemon daemon)
    {
        var others = ring.Present.Where(o => o != daemon).ToArray();
        if (others.Length == 0) return;
        for (var row = 0; row < ring.Posted; row++)
            if (daemon.Server.Disk.Rows.Contains(row) && !others.Any(o => o.Server.Disk.Rows.Contains(row))) Violated($"{daemon.Name} left, and row {row} is on no other disk");
    }
}
