using Connect.RingDaemon.Membership.Wire;

namespace Connect.RingDaemon.Membership;

/// <summary>What <c>/metrics</c> shows of membership.</summary>
/// <param name="Gossip">UDP packets received.</param>
/// <param name="Exchanges">Bodies of full exchanges received, both as server and as client.</param>
/// <param name="Unsent">UDP packets that could not be sent.</param>
/// <param name="InboxDropped">Inputs dropped because the queue was full.</param>
/// <param name="Stalls">How often this process noticed that it had not run for more than half a second.</param>
/// <param name="AwarenessScore">0 is healthy; see <see cref="Awareness"/>.</param>
public sealed record MembershipStats(
    PacketStats Gossip, PacketStats Exchanges, long Unsent, long InboxDropped, long Stalls, int AwarenessScore);
