using System.Collections.Immutable;
using Connect.Node.Settings;

namespace Connect.RingDaemon.Membership;

/// <summary>What gossip knows of a member's life. <c>Unreachable</c> is gossip's word for "believed dead"; what follows from it the ring decides.</summary>
public enum Liveness { Alive, Suspect, Unreachable, Left }

/// <summary>Where a member stands in its own life; only the member itself says so.</summary>
public enum Phase
{
    /// <summary>Catching up; not yet a source for others, no traffic.</summary>
    Joining,

    /// <summary>In the ring and serving.</summary>
    Serving,

    /// <summary>An operator took it out; it goes on replicating as a leaf.</summary>
    Maintenance,

    /// <summary>Draining before it goes for good.</summary>
    Leaving,

    /// <summary>Its numbers cannot be trusted; it is put right by rows. Nobody's source, and no copy on it counts.</summary>
    Mending,
}

/// <summary>
/// What a member says about itself. A change makes a new incarnation of the member and is spread at once.
/// </summary>
public sealed record MemberFacts
{
    public required string Name { get; init; }

    public required string Zone { get; init; }

    public required int Place { get; init; }

    public required Engine Engine { get; init; }

    /// <summary>Like <c>MariaDB 10.11.19</c>.</summary>
    public required string EngineVersion { get; init; }

    /// <summary>server_id of this incarnation of its data.</summary>
    public required uint ServerId { get; init; }

    /// <summary>What its own transactions are counted under: server UUID (MySQL) or domain (MariaDB).</summary>
    public required string Origin { get; init; }

    /// <summary>The daemon's HTTP address; gossip uses the same host and port over UDP.</summary>
    public required string DaemonUrl { get; init; }

    public required string MysqlHost { get; init; }

    public required int MysqlPort { get; init; }

    public required string WebUrl { get; init; }

    public required Phase Phase { get; init; }

    /// <summary>Its daemon's own finding about its server (down, stopped, disk full: not up).</summary>
    public required bool MysqlUp { get; init; }

    /// <summary>Its daemon's own finding about its web server.</summary>
    public required bool WebUp { get; init; }

    /// <summary>Name of the member it replicates from, or null.</summary>
    public string? Source { get; init; }

    /// <summary>Both replication threads run.</summary>
    public bool SourceRunning { get; init; }

    /// <summary>How long its server keeps binary logs, in seconds: 0 for ever, null if that is not known.</summary>
    public uint? KeepsLogsSeconds { get; init; }

    /// <summary>What its binary logs no longer hold (<see cref="RetentionFloor"/>): empty if nothing was purged, null if it is not known, or too long to say.</summary>
    public string? Floor { get; init; }

    /// <summary>Whose servers it cannot reach from where it stands, although they are alive and up by all accounts: the links to them are broken.</summary>
    public NameList Unreached { get; init; } = NameList.None;
}

/// <summary>One member as this node sees it.</summary>
/// <param name="Facts">What it last said about itself.</param>
/// <param name="Incarnation">Version of what it says; only the member itself raises it.</param>
/// <param name="Liveness">What gossip believes.</param>
public sealed record Member(MemberFacts Facts, ulong Incarnation, Liveness Liveness)
{
    public string Name => Facts.Name;

    /// <summary>It is there, as far as gossip knows, and its server can be asked.</summary>
    public bool HasServer => this is { Liveness: Liveness.Alive or Liveness.Suspect, Facts.MysqlUp: true };

    /// <summary>What its server says it has executed can be believed.</summary>
    public bool IsTrustworthy => HasServer && Facts.Phase != Phase.Mending;
}

/// <summary>An immutable snapshot of the membership. A later one has a higher version; versions of different nodes cannot be compared.</summary>
/// <param name="Version">Rises with every change.</param>
/// <param name="Members">Everyone known, this node and the recently left included, by name (ordinal).</param>
public sealed record View(long Version, ImmutableArray<Member> Members)
{
    /// <summary>Those of whom only is known what they said before this daemon began: it may be old.</summary>
    public ImmutableArray<string> Remembered { get; init; } = [];

    public Member? Find(string name) => Members.FirstOrDefault(m => m.Name == name);

    /// <summary>The others whose word on what they have executed counts.</summary>
    public IEnumerable<Member> TrustworthyBesides(string name) => Members.Where(m => m.Name != name && m.IsTrustworthy);

    /// <summary>The member is alive, and has said so to this daemon since it began.</summary>
    public bool HasHeard(string name) => Find(name) is { Liveness: Liveness.Alive } && !Remembered.Contains(name);
}
