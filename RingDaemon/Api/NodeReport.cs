using Connect.RingDaemon.Convergence;
using Connect.RingDaemon.Daemon;
using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Api;

/// <summary>What <c>GET /v1/node</c> answers: this node, read live.</summary>
/// <param name="State">As in CONTRACT: joining, alive, suspect, unreachable, maintenance, leaving, left.</param>
/// <param name="Serving">It should get readers.</param>
/// <param name="Writable">Its board may take writes: it is in the ring, undamaged, and not on its way out.</param>
/// <param name="Why">Why it does not serve; empty if it does.</param>
/// <param name="Position">Everything its server has executed, in the engine's notation; null when the server does not answer, or it was not asked for.</param>
/// <param name="Refused">Why the ring did not let it in, with the next step; null if it did.</param>
/// <param name="Replication">running, connecting, stopped, or none.</param>
public sealed record NodeReport(
    string Name, string State, string Phase, bool Serving, bool Writable, string Why, uint ServerId, string Origin, string Engine, long View, string? Position,
    string? Source, string Replication, double? LagSeconds, string? LastError, bool MysqlUp, string? MysqlFault, bool WebUp, string? Refused, IReadOnlyList<NodeReport.Other> Members)
{
    /// <summary>What it last found when it compared its rows with a neighbour's; null if it has not.</summary>
    public ComparedRows? Compared { get; init; }

    /// <summary>Why it takes no posts for now although it can be read (<c>minority: readonly</c>); null if that is not so.</summary>
    public string? ReadOnly { get; init; }

    /// <summary>writable or readonly: what it does when it sees fewer than a majority.</summary>
    public string? Minority { get; init; }

    /// <summary>How many members it sees, in words.</summary>
    public string? Quorum { get; init; }

    /// <summary>Another member as this node sees it.</summary>
    public sealed record Other(string Name, string State, uint ServerId);

    /// <param name="position">Read just now, or null.</param>
    public static NodeReport Of(string name, View view, AgentReport agent, OwnServerWatch own, Entrance entrance, string? position)
    {
        var identity = own.Identity;
        return new(
            name, NodeState.Of(agent.Phase, view.Find(name)?.Liveness ?? Liveness.Alive), agent.Phase.ToString().ToLowerInvariant(), agent.Serving, agent.Writable,
            WhyOf(agent, entrance), identity?.ServerId ?? 0, identity?.Origin ?? "",
            identity?.Version ?? "", view.Version, position, agent.Source, NodeState.Replication(agent), agent.Replica.LagSeconds, agent.Replica.LastError,
            agent.Condition.MysqlFault is null, agent.Condition.MysqlFault, agent.WebUp, entrance.Refusal,
            [.. view.Members.Select(m => new Other(m.Name, NodeState.Of(m), m.Facts.ServerId))])
        {
            ReadOnly = agent.ReadOnly,
            Quorum = agent.Quorum.ToString(),
        };
    }

    private static string WhyOf(AgentReport agent, Entrance entrance) =>
        !entrance.Entered ? entrance.Doing
        : agent.Why.Length > 0 || agent.Serving ? agent.Why
        : agent.OnItsWayOut ? "an operator takes it out" : "waiting for its successor to replicate from it";
}

/// <summary>The words of CONTRACT for a member's state.</summary>
public static class NodeState
{
    public static string Of(Member member) => Of(member.Facts.Phase, member.Liveness);

    public static string Of(Phase phase, Liveness liveness) => (phase, liveness) switch
    {
        (_, Liveness.Left) => "left",
        (_, Liveness.Unreachable) => "unreachable",
        (_, Liveness.Suspect) => "suspect",
        (Phase.Joining or Phase.Mending, _) => "joining",
        (Phase.Maintenance, _) => "maintenance",
        (Phase.Leaving, _) => "leaving",
        _ => "alive",
    };

    public static string Replication(AgentReport agent) => agent.Replica switch
    {
        { Source: null } => "none",
        { Running: true } => "running",
        { Connecting: true } => "connecting",
        _ => "stopped",
    };
}
