using Connect.RingDaemon.Simulation.Servers;

namespace Connect.RingDaemon.Simulation.Checkers;

/// <summary>A transaction that comes a second time (from another source, or around the ring) is not executed again: no disk logs a number twice.</summary>
internal sealed class NothingIsAppliedTwice() : Checker("applied-twice")
{
    private readonly Dictionary<ServerDisk, HashSet<(string Origin, long Number)>> _executed = [];

    public override void Committed(SimulatedServer server, in Transaction transaction, bool isNew)
    {
        if (!_executed.TryGetValue(server.Disk, out var executed)) _executed[server.Disk] = executed = [];
        if (!executed.Add((transaction.Origin, transaction.Number))) Violated($"{server.Name} executed {transaction.Origin}:{transaction.Number} again");
    }
}
