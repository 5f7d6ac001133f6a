using Connect.RingDaemon.Simulation.Servers;

namespace Connect.RingDaemon.Simulation.Checkers;

/// <summary>Rule 5: one number of one origin is one transaction, in the whole world and for ever.</summary>
internal sealed class NoOriginIsReused() : Checker("origin-reused")
{
    private readonly Dictionary<(string Origin, long Number), int> _rows = [];

    public override void Committed(SimulatedServer server, in Transaction transaction, bool isNew)
    {
        if (_rows.TryAdd((transaction.Origin, transaction.Number), transaction.Row)) return;
        var first = _rows[(transaction.Origin, transaction.Number)];
        if (first != transaction.Row) Violated($"{server.Name} committed row {transaction.Row} as {transaction.Origin}:{transaction.Number}, which was row {first} before");
    }
}
