using Connect.RingDaemon.Simulation.Servers;

namespace Connect.RingDaemon.Simulation.Checkers;

/// <summary>
/// A post that was acknowledged is on every node in the end, as long as one disk that held it survived. Only if a lost disk held the last copy in the world is it excused, and only
/// if that was not the first disk that lost anything since the post was written: one disaster it must survive, for a second copy was promised.
/// </summary>
internal sealed class NoAcknowledgedPostIsLost(SimulatedRing ring) : Checker("lost-post")
{
    private readonly List<Transaction> _acknowledged = [];
    private readonly HashSet<int> _excused = [];
    private readonly Dictionary<int, int> _writtenAfter = [];
    private readonly LateLosses _late = new(ring);
    private int _disksLost;

    public override void Committed(SimulatedServer server, in Transaction transaction, bool isNew) => _writtenAfter.TryAdd(transaction.Row, _disksLost);

    public override void Acknowledged(in Transaction post) => _acknowledged.Add(post);

    public override void DiskReplaced(SimulatedServer server, ServerDisk before)
    {
        foreach (var post in _acknowledged.Where(p => before.Rows.Contains(p.Row)))
        {
            if (ring.Disks.Any(disk => disk.Rows.Contains(post.Row)) || !_excused.Add(post.Row)) continue;
            if (_writtenAfter[post.Row] == _disksLost) Violated($"{post.Origin}:{post.Number} was acknowledged, and the disk of {server.Name} was the only one that held it");
        }
        if (!server.Disk.Rows.Contains(before.Rows)) _disksLost++;
        _late.Add(before);
    }

    /// <summary>Whoever leaves takes a copy along; what it held is on one other disk at least, or was when it asked.</summary>
    public override void Left(SimulatedDaemon daemon)
    {
        _disksLost++;
        foreach (var post in _acknowledged.Where(p => _late.Held(p.Row) && !ring.Disks.Any(d => d.Rows.Contains(p.Row)))) _excused.Add(post.Row);
    }

    public override void Rested()
    {
        foreach (var post in _acknowledged.Where(p => !_excused.Contains(p.Row)))
            foreach (var daemon in ring.Present)
                if (!daemon.Server.Disk.Rows.Contains(post.Row)) Violated($"{post.Origin}:{post.Number} was acknowledged and {daemon.Name} does not hold it");
    }
}
