using Connect.Node.Database;
using Connect.Node.Settings;

namespace Connect.RingDaemon.Membership;

/// <summary>A newcomer asks to be let in. It travels sealed with the cluster's key, so whoever can ask belongs to the cluster.</summary>
/// <param name="Clock">Its wall clock, UTC.</param>
/// <param name="HoldsRing">The id of the ring whose data its server holds, or null if the server is empty.</param>
/// <param name="Foreign">What else is in its server's board schema, in words, or null.</param>
public sealed record JoinRequest(string Name, Engine Engine, string EngineVersion, uint ServerId, string Origin, string DaemonUrl, DateTimeOffset Clock, string? HoldsRing, string? Foreign);

/// <summary>The member's answer.</summary>
/// <param name="Refusal">Why not, and what to do; null if the newcomer is let in.</param>
/// <param name="NotNow">Why nothing can be said yet; the newcomer asks again.</param>
/// <param name="RingId">The ring's id; null while the ring is not founded yet.</param>
/// <param name="Donor">A serving member to copy data from.</param>
public sealed record JoinReply(string? Refusal, string? NotNow, string? RingId, MemberFacts? Donor);

/// <summary>Whether a newcomer may join, as a pure function. Nothing is changed by asking.</summary>
public static class Admission
{
    /// <summary>Clocks further apart than this break the order of posts and the age check of packets.</summary>
    public static readonly TimeSpan MostClockDifference = TimeSpan.FromSeconds(30);

    /// <param name="view">The members known here.</param>
    /// <param name="me">The member that is asked.</param>
    /// <param name="ringId">The id of the ring it belongs to, or null.</param>
    /// <param name="now">Its wall clock.</param>
    /// <param name="executed">What its server has executed: who ever wrote.</param>
    /// <returns>The reason and the next step, or null if the newcomer is welcome.</returns>
    public static string? Refuse(JoinRequest request, View view, MemberFacts me, string? ringId, DateTimeOffset now, GtidSet executed)
    {
        if (request.Engine != me.Engine)
            return $"this ring runs on {me.EngineVersion}, {request.Name} on {request.EngineVersion}: the two engines number transactions differently. Set database:engine to {me.Engine} and install that server.";
        var difference = (request.Clock - now).Duration();
        if (difference > MostClockDifference)
            return $"the clock of {request.Name} is {difference.TotalSeconds:0} s off mine ({me.Name}), {MostClockDifference.TotalSeconds:0} s are allowed. Set the clock (chrony, timedatectl set-ntp true) and join again.";
        if (request.Foreign is { } foreign)
            return $"the server of {request.Name} already holds {foreign}. Joining would mix or lose it. Give the node an empty server, or drop that schema after saving it.";
        if (request.HoldsRing is { } other && other != ringId)
            return $"the server of {request.Name} holds the data of another ring ({other}, this one is {ringId ?? "not founded yet"}). Give the node an empty server.";
        if (view.Find(request.Name) is { Liveness: Liveness.Alive or Liveness.Suspect } sameName
            && sameName.Facts.Origin != request.Origin && sameName.Facts.DaemonUrl != request.DaemonUrl) // at the same address it is the former self, not yet taken for dead
            return $"a member named {request.Name} is alive in this ring. Choose another name, or stop that one first.";
        // An empty server has no claim to what it may have had before it was empty; a copied option file has none to another one's (simulate --seed 22494).
        var isNew = request.HoldsRing is null;
        if (view.Members.FirstOrDefault(m => (m.Facts.ServerId == request.ServerId || m.Facts.Origin == request.Origin) && (isNew || m.Facts.Origin != request.Origin)) is { } sameId)
            return $"server id {request.ServerId} belongs or belonged to {sameId.Name}: an id is never used twice. Give the server the id {NextServerId(view)}.";
        if (isNew && !executed.Only(request.Origin).IsEmpty)
            return $"somebody wrote as {request.Origin} before: an id is never used twice. Give the server the id {NextServerId(view)}.";
        return null;
    }

    /// <summary>An id nobody has or had, as far as is known here.</summary>
    public static uint NextServerId(View view) => view.Members.Select(m => m.Facts.ServerId).DefaultIfEmpty(0u).Max() + 1;
}
