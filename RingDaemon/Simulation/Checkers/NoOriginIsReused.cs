using Connect.RingDaemon.Simulation.Servers;

namespace Connect.RingDaemon.Simulation.Checkers;

/// <summary>Rule 5: one number of one origin is one transaction for as long as anybody knows it. (What went with the last disk that had it is as if it had never been.)</summary>
internal sealed class NoOriginIsReused(SimulatedRing ring) : Checker("origin-reused")
{
    private readonly Dictionary<(string Origin, long Number), int> _rows = [];

    public override void Committed(SimulatedServer server, in Transaction transaction, bool isNew)
    {
        if (_rows.TryAdd((transaction.Origin, transaction.Number), transaction.Row)) return;
        var first = _rows[(transaction.Origin, transaction.Number)];
        if (first == transaction.Row) return;
        var known = transaction;
        if (server.Identity.Origin == transaction.Origin && !ring.Disks.Any(disk => disk != server.Disk && disk.Knows(known))) _rows[(transaction.Origin, transaction.Number)] = transaction.Row;
        else Violated($"{server.Name} committed row {transaction.Row} as {transaction.Origin}:{transaction.Number}, which was row {first} before");
    }
}
