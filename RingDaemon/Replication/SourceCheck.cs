using Connect.Node.Database;

namespace Connect.RingDaemon.Replication;

/// <summary>What can be said about a member as a source.</summary>
public enum SourceFitness
{
    /// <summary>It can send everything I lack.</summary>
    Fit,

    /// <summary>It speaks another dialect.</summary>
    WrongEngine,

    /// <summary>It has my server id or my origin: what it sends would be taken for my own and skipped.</summary>
    SameIdentity,

    /// <summary>It lacks transactions that it wrote itself and that I hold: it needs a new identity before anyone follows it.</summary>
    LostItsTail,

    /// <summary>It has executed what I lack, but has purged the logs.</summary>
    NeedsPurgedLogs,
}

/// <param name="Fitness">The verdict.</param>
/// <param name="Missing">What is concerned: the lost tail, or what was purged; empty otherwise.</param>
/// <param name="Why">For the operator and the audit log.</param>
public sealed record SourceJudgement(SourceFitness Fitness, GtidSet Missing, string Why)
{
    public bool IsFit => Fitness == SourceFitness.Fit;
}

/// <summary>Whether a member can be my source: asked before every change, because servers find out too late or not at all.</summary>
public static class SourceCheck
{
    /// <param name="own">Who I am.</param>
    /// <param name="executed">What I have. Read it <em>before</em> the peer's: a peer that goes on writing in between must not look like one that lost its tail.</param>
    /// <param name="peer">Where the candidate stands.</param>
    public static SourceJudgement Judge(ServerIdentity own, GtidSet executed, PeerPosition peer)
    {
        var none = GtidSet.Empty(own.Engine);
        if (peer.Identity.Engine != own.Engine)
            return new(SourceFitness.WrongEngine, none, $"it is {peer.Identity.Version}, I am {own.Version}: their logs cannot be mixed");
        if (peer.Identity.ServerId == own.ServerId || peer.Identity.Origin == own.Origin)
            return new(SourceFitness.SameIdentity, none, $"it has my identity (server id {peer.Identity.ServerId}, origin {peer.Identity.Origin}): one of us needs a new one");
        var lost = WrittenBy(peer.Identity.Origin, executed).Except(peer.Executed);
        if (!lost.IsEmpty)
            return new(SourceFitness.LostItsTail, lost, $"it no longer has its own {lost}, which I have: it must come back under a new identity");
        var purged = peer.Purged.Except(executed);
        if (!purged.IsEmpty)
            return new(SourceFitness.NeedsPurgedLogs, purged, $"I lack {purged} and it has purged those logs");
        return new(SourceFitness.Fit, none, "it has everything I lack");
    }

    /// <summary>A MySQL origin may carry tags, each an origin of its own: <c>uuid:tag</c>.</summary>
    private static GtidSet WrittenBy(string origin, GtidSet executed) => executed.Origins
        .Where(o => o == origin || o.StartsWith(origin + ":", StringComparison.Ordinal))
        .Aggregate(GtidSet.Empty(executed.Engine), (set, o) => set.Union(executed.Only(o)));
}
