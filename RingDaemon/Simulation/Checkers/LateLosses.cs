using Connect.RingDaemon.Simulation.Servers;

namespace Connect.RingDaemon.Simulation.Checkers;

/// <summary>
/// Disks that were lost while somebody was about to leave. They held the rows when the leaver asked, and no question can be so late that nothing happens after its answer
/// (simulate --seed 3137): two disks go in one moment, one by an operator's wish and one by a disaster.
/// </summary>
internal sealed class LateLosses(SimulatedRing ring)
{
    /// <summary>From the moment a member holds everything to the leaver's decision: its answer, over a slow link and from a slow disk.</summary>
    private static readonly TimeSpan AnswerTakes = TimeSpan.FromSeconds(1.5);

    private readonly List<(TimeSpan At, RowSet Rows)> _lost = [];

    public void Add(ServerDisk lost) => _lost.Add((ring.World.Now, lost.Rows));

    public bool Held(int row) => _lost.Any(l => ring.World.Now - l.At < AnswerTakes && l.Rows.Contains(row));
}
