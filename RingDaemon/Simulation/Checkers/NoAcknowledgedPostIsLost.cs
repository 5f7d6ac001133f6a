using Connect.RingDaemon.Simulation.Servers;

namespace Connect.RingDaemon.Simulation.Checkers;

/// <summary>
/// A post that was acknowledged is on every node in the end, as long as one disk that held it survived. Only if a lost disk held the last copy in the world is it excused:
/// more disks were lost at once than copies were promised.
/// </summary>
internal sealed class NoAcknowledgedPostIsLost(SimulatedRing ring) : Checker("lost-post")
{
    private readonly List<Transaction> _acknowledged = [];
    private readonly HashSet<int> _excused = [];

    public override void Acknowledged(in Transaction post) => _acknowledged.Add(post);

    public override void DiskReplaced(SimulatedServer server, ServerDisk before)
    {
        foreach (var post in _acknowledged.Where(p => before.Rows.Contains(p.Row)))
            if (!ring.Disks.Any(disk => disk.Rows.Contains(post.Row))) _excused.Add(post.Row);
    }

    public override void Rested()
    {
        foreach (var post in _acknowledged.Where(p => !_excused.Contains(p.Row)))
            foreach (var daemon in ring.Present)
                if (!daemon.Server.Disk.Rows.Contains(post.Row)) Violated($"{post.Origin}:{post.Number} was acknowledged and {daemon.Name} does not hold it");
    }
}
