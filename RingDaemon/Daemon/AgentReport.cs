using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Replication;
using Connect.RingDaemon.Ring;

namespace Connect.RingDaemon.Daemon;

/// <summary>An immutable picture of what the agent knows and last decided.</summary>
/// <param name="Why">Why it is in this phase, in words; empty while it serves.</param>
/// <param name="Followed">Somebody replicates from it, or nobody could.</param>
/// <param name="Open">Its server takes the board's writes.</param>
/// <param name="Readable">Its server was opened since it began to serve, or is kept closed only because it sees too few members.</param>
/// <param name="Quorum">How many members it sees.</param>
/// <param name="ReadOnly">Why it takes no posts for now although it serves; null if it does, or if it does not serve for another reason.</param>
/// <param name="Doing">What the controller does or waits for.</param>
public sealed record AgentReport(
    Phase Phase, string Why, NodeCondition Condition, bool WebUp, string? Source, ReplicaStatus Replica, RingPlan Plan, string Doing, bool OnItsWayOut, bool Followed, bool Open, bool Readable, Quorum Quorum, string? ReadOnly)
{
    public static AgentReport Starting { get; } = new(Phase.Joining, "starting", new NodeCondition(), false, null, ReplicaStatus.None, new([], null, []), "starting", false, false, false, false, Quorum.Alone, null);

    /// <summary>Its board may take writes. Before that it might use numbers that others have seen already; after that, what it wrote might be stranded on it.</summary>
    public bool Writable => Works && Open && ReadOnly is null;

    /// <summary>This node should get readers: a node that takes no posts for now can still be read.</summary>
    public bool Serving => Works && Readable && Followed;

    private bool Works => Phase == Phase.Serving && Condition.MysqlFault is null && !OnItsWayOut;
}
