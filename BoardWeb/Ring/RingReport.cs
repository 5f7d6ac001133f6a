using Connect.Node.Ring;

namespace Connect.BoardWeb.Ring;

/// <summary>The whole ring as this node's daemon sees it: the parts of <c>GET /v1/status</c> that the operator's console shows.</summary>
/// <param name="Converged">Every node has executed the same transactions, and none has found a row that differs.</param>
public sealed record RingReport(RingShape Ring, bool Converged, IReadOnlyList<RingNode> Nodes)
{
    /// <summary>As <c>connect status</c> means it: the ring is closed, and whoever has not been taken out on purpose does its work.</summary>
    public bool IsHealthy => Nodes.AreHealthy(Ring.Closed);
}

/// <param name="Closed">Following the sources from any node visits all of them.</param>
/// <param name="Order">Names in ring order: each replicates from the one before it.</param>
public sealed record RingShape(bool Closed, IReadOnlyList<string> Order);

/// <summary>One node.</summary>
/// <param name="State">One of joining, alive, suspect, unreachable, maintenance, leaving, left.</param>
/// <param name="Source">Whom it replicates from; null if nobody.</param>
/// <param name="Replication">running, connecting, stopped.</param>
/// <param name="Why">Why it is not alive, in the daemon's words; empty if it is.</param>
/// <param name="ReadOnly">Why it takes no posts for now although it can be read; null if that is not so.</param>
/// <param name="Minority">writable or readonly: what it does when it sees fewer than a majority; null when it does not answer.</param>
public sealed record RingNode(
    string Name, string State, string? Engine, string? Source, string? Replication, double? LagSeconds, RingPoint Mysql, RingPoint Web, RingPoint Daemon, bool InLoadBalancer,
    string? Why = null, string? ReadOnly = null, string? Minority = null, RowsCompared? Compared = null, LogsKept? Logs = null) : INodeStanding
{
    public bool IsUp => Mysql.Up && Web.Up && Daemon.Up;

    public bool IsSilent => State is "suspect" or "unreachable";
}

/// <summary>A server, board or daemon.</summary>
public sealed record RingPoint(bool Up);

/// <summary>What a node last found when it compared its rows with a neighbour's.</summary>
/// <param name="Differing">Rows that differ, at least.</param>
public sealed record RowsCompared(DateTimeOffset At, string With, bool Equal, int Differing);

/// <summary>How long a node may be away before it needs rows instead of logs.</summary>
/// <param name="AwaySince">Null while it is there.</param>
/// <param name="SecondsLeft">Null if for ever, or not known.</param>
/// <param name="Left">Enough, Soon, None.</param>
public sealed record LogsKept(DateTimeOffset? AwaySince, double? SecondsLeft, string? Left);

/// <summary>Entries of this node's audit log, the newest first.</summary>
public sealed record AuditReport(IReadOnlyList<AuditEntry> Items);

/// <summary>Something a daemon decided, on which evidence, and what came of it, in its own words.</summary>
public sealed record AuditEntry(DateTimeOffset At, string? Node, string Action, string? Evidence, string? Outcome);
