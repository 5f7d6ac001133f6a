using Connect.RingDaemon.Daemon;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Ring;

namespace Connect.RingDaemon.Api;

/// <summary>Why this node's source is what it is.</summary>
/// <param name="Considered">The members before this node, nearest first, up to the one that was chosen, each with the reason.</param>
/// <param name="Doing">What it does or waits for right now.</param>
/// <param name="Logs">How long this node may be away before it needs rows instead of logs, and whoever is away.</param>
/// <param name="Quorum">How many members it sees.</param>
/// <param name="ReadOnly">Why it takes no posts for now although it can be read; null if that is not so.</param>
/// <param name="Recent">The last decisions, newest first.</param>
public sealed record ExplainReport(
    string Name, string Phase, string Why, string? Source, string? Wanted, IReadOnlyList<string> Order, IReadOnlyList<Candidate> Considered, string Doing, long View,
    string? LastError, string Quorum, string? ReadOnly, IReadOnlyList<string> Logs, IReadOnlyList<AuditEntry> Recent)
{
    /// <summary>What members say about broken links, and whether the order avoids them; empty if all links work.</summary>
    public string Links { get; init; } = "";

    public static ExplainReport Of(string name, AgentReport agent, View view, IReadOnlyList<LogOutlook> logs, IReadOnlyList<AuditEntry> recent) => new(
        name, agent.Phase.ToString().ToLowerInvariant(), agent.Why, agent.Source, agent.Plan.Source, agent.Plan.Order, agent.Plan.Considered, agent.Doing, view.Version,
        agent.Replica.LastError, agent.Quorum.ToString(), agent.ReadOnly, [.. logs.Where(o => o.Name == name || o.AwaySince is not null).Select(o => $"{o.Name} {(o.AwaySince is null ? "" : "is ")}{o}")], recent)
    { Links = agent.Plan.Links };
}

/// <summary>Everyone known, as gossip sees them; <c>floor</c> is what a member's logs no longer hold, null if that is not known.</summary>
public sealed record MembersReport(long View, IReadOnlyList<MembersReport.Entry> Members)
{
    /// <param name="Unreached">Members whose servers it cannot reach from where it stands, although they are well.</param>
    public sealed record Entry(
        string Name, string State, string Liveness, ulong Incarnation, string Zone, int Place, string Engine, uint ServerId, string Origin, string Daemon, string Mysql, string Web,
        bool MysqlUp, bool WebUp, string? Source, string? Floor, uint? KeepsLogsSeconds, IReadOnlyList<string> Unreached);

    public static MembersReport Of(View view) => new(view.Version, [.. view.Members.Select(m => new Entry(
        m.Name, NodeState.Of(m), m.Liveness.ToString().ToLowerInvariant(), m.Incarnation, m.Facts.Zone, m.Facts.Place, m.Facts.EngineVersion, m.Facts.ServerId, m.Facts.Origin,
        m.Facts.DaemonUrl, $"{m.Facts.MysqlHost}:{m.Facts.MysqlPort}", m.Facts.WebUrl, m.Facts.MysqlUp, m.Facts.WebUp, m.Facts.Source, m.Facts.Floor, m.Facts.KeepsLogsSeconds, m.Facts.Unreached.Names))]);
}
