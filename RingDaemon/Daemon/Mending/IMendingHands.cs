using Connect.Node.Database;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Daemon;

/// <summary>What <see cref="Mending"/> does to the world. Each throws <see cref="MendingException"/> when it cannot be done now.</summary>
public interface IMendingHands
{
    /// <summary>Every row that only this node has becomes the donor's too, as a write of the donor's own, so that it reaches everyone.</summary>
    /// <returns>How many rows that were.</returns>
    Task<long> SaveAsync(Member donor, CancellationToken cancel);

    /// <summary>A position of the donor's at which every row it speaks of can be read.</summary>
    Task<GtidSet> SettledPositionAsync(Member donor, CancellationToken cancel);

    /// <summary>Every row that the donor has becomes this node's too, outside the binary log.</summary>
    /// <returns>How many rows were missing.</returns>
    Task<long> BringOverAsync(Member donor, CancellationToken cancel);

    /// <summary>A server id that no member has, and nobody ever had.</summary>
    uint NewServerId();

    /// <summary>Restarts the own server under this server id, and an origin of its own. Done when it answers under it.</summary>
    Task RenewIdentityAsync(ServerIdentity retired, uint serverId, CancellationToken cancel);
}

/// <summary>A step of mending could not be done; the message says why, and what an operator can do if it stays so.</summary>
public sealed class MendingException(string message, Exception? inner = null) : Exception(message, inner);
