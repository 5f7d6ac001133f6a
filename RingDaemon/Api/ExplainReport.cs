using Connect.RingDaemon.Daemon;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Ring;

namespace Connect.RingDaemon.Api;

/// <summary>Why this node's source is what it is.</summary>
/// <param name="Considered">The members before this node, nearest first, up to the one that was chosen, each with the reason.</param>
/// <param name="Doing">What it does or waits for right now.</param>
/// <param name="Quorum">How many members it sees.</param>
/// <param name="ReadOnly">Why it takes no posts for now although it can be read; null if that is not so.</param>
/// <param name="Recent">The last decisions, newest first.</param>
public sealed record ExplainReport(
    string Name, string Phase, string Why, string? Source, string? Wanted, IReadOnlyList<string> Order, IReadOnlyList<Candidate> Considered, string Doing, long View,
    string? LastError, string Quorum, string? ReadOnly, IReadOnlyList<AuditEntry> Recent)
{
    public static ExplainReport Of(string name, AgentReport agent, View view, IReadOnlyList<AuditEntry> recent) => new(
        name, agent.Phase.ToString().ToLowerInvariant(), agent.Why, agent.Source, agent.Plan.Source, agent.Plan.Order, agent.Plan.Considered, agent.Doing, view.Version,
        agent.Replica.LastError, agent.Quorum.ToString(), agent.ReadOnly, recent);
}

/// <summary>Everyone known, as gossip sees them.</summary>
public sealed record MembersReport(long View, IReadOnlyList<MembersReport.Entry> Members)
{
    public sealed record Entry(
        string Name, string State, string Liveness, ulong Incarnation, string Zone, int Place, string Engine, uint ServerId, string Origin, string Daemon, string Mysql, string Web,
        bool MysqlUp, bool WebUp, string? Source);

    public static MembersReport Of(View view) => new(view.Version, [.. view.Members.Select(m => new Entry(
        m.Name, NodeState.Of(m), m.Liveness.ToString().ToLowerInvariant(), m.Incarnation, m.Facts.Zone, m.Facts.Place, m.Facts.EngineVersion, m.Facts.ServerId, m.Facts.Origin,
        m.Facts.DaemonUrl, $"{m.Facts.MysqlHost}:{m.Facts.MysqlPort}", m.Facts.WebUrl, m.Facts.MysqlUp, m.Facts.WebUp, m.Facts.Source))]);
}
