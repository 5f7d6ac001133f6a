namespace Connect.RingDaemon.Membership.Wire;

/// <summary>Packets since the start: how many were good, and how many were dropped and why.</summary>
/// <param name="Opened">Authentic, fresh and readable.</param>
/// <param name="Garbage">Too short, of an unknown version, or sealed by us but not readable.</param>
/// <param name="WrongKey">Sealed with a key or for a cluster that is not ours.</param>
/// <param name="Replayed">Seen before.</param>
/// <param name="Stale">Sealed more than 30 seconds ago, or that far in the future: look at the clocks.</param>
/// <param name="TooLarge">Longer than any packet of ours.</param>
public sealed record PacketStats(long Opened, long Garbage, long WrongKey, long Replayed, long Stale, long TooLarge)
{
    public long Dropped => Garbage + WrongKey + Replayed + Stale + TooLarge;
}
