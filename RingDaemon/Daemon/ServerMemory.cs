using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Daemon;

/// <summary>
/// What a daemon remembers of its own server: who it was when it last served, and how far it had numbered its own writes. A server that comes back with less has lost its tail, and
/// one that comes back as somebody else has no claim to that identity, even if there is nobody left to say so.
/// </summary>
/// <param name="Identity">Under which it last served.</param>
/// <param name="Written">The highest number of its own that was acknowledged, or a little less: it is written down twice a second.</param>
/// <param name="Retired">Origins under which it served before, the latest last; whoever comes back as one of them is an old backup.</param>
public sealed record ServerMemory(ServerIdentity Identity, long Written, IReadOnlyList<string> Retired)
{
    /// <summary>More retired origins than a node will see in its life.</summary>
    private const int MostRetired = 256;

    public static ServerMemory First(ServerIdentity identity) => new(identity, 0, []);

    /// <summary>It serves under another identity from now on.</summary>
    public ServerMemory Next(ServerIdentity identity) => identity.Origin == Identity.Origin
        ? this with { Identity = identity }
        : new(identity, 0, [.. Retired.Append(Identity.Origin).Distinct().TakeLast(MostRetired)]);
}
