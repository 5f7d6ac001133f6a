using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Membership.Wire;

namespace Connect.RingDaemon.Membership;

/// <summary>
/// What a member's binary logs no longer hold, short enough for gossip: of each origin everything up to one number, in the engine's notation of positions. Purged numbers that do not
/// begin with an origin's first one are left out, so it never says more than is true: whoever lacks any of it cannot follow that member.
/// </summary>
public static class RetentionFloor
{
    /// <summary>With more origins it is not said at all, and the member is asked. An origin takes 24 bytes on MySQL and 12 on MariaDB, and half a rumour is for other things.</summary>
    public const int MostOrigins = 24;

    /// <returns>Empty if nothing was purged, null if it does not fit.</returns>
    public static string? Of(GtidSet purged)
    {
        var floor = GtidSet.Of(purged.Engine, purged.Origins.Where(o => !o.Contains(':', StringComparison.Ordinal) && purged[o][0].First == 1)
            .Select(o => KeyValuePair.Create(o, (IEnumerable<GtidSet.Range>)[purged[o][0]])));
        return floor.Origins.Count() <= MostOrigins ? floor.ToString() : null;
    }

    /// <returns>Null if it is not known.</returns>
    public static GtidSet? Read(Engine engine, string? floor)
    {
        try
        {
            return floor is null ? null : GtidSet.Parse(engine, floor);
        }
        catch (FormatException)
        {
            return null; // from a file that somebody edited
        }
    }

    /// <summary>What this member can no longer send and that position lacks; empty if nothing, or if it is not known.</summary>
    public static GtidSet Lacking(MemberFacts facts, GtidSet position) =>
        facts.Engine == position.Engine && Read(facts.Engine, facts.Floor) is { } floor ? floor.Except(position) : GtidSet.Empty(position.Engine);

    /// <summary>Facts that are too long for a rumour with it are said without it.</summary>
    public static MemberFacts Fit(MemberFacts facts) =>
        facts.Floor is { Length: > 0 } && MessageCodec.SizeOf(Rumour.Alive(facts, 0)) > WireLimits.Rumour ? facts with { Floor = null } : facts;
}
