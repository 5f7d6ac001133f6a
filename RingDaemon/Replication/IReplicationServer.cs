using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Replication;

/// <summary>Who a server is. A server whose data was rebuilt is a new one, with a new id and a new origin.</summary>
/// <param name="Version">Like <c>MariaDB 10.11.19</c> or <c>MySQL 9.7.4</c>.</param>
/// <param name="Origin">What its own transactions are counted under: server UUID or domain.</param>
public sealed record ServerIdentity(Engine Engine, string Version, uint ServerId, string Origin)
{
    /// <summary>Servers are upgraded, and are who they were.</summary>
    public bool IsSameAs(ServerIdentity other) => ServerId == other.ServerId && Origin == other.Origin;
}

/// <summary>What the replica side of a server is doing.</summary>
/// <param name="Source">Where it is pointed, or null if nowhere.</param>
/// <param name="Receiving">The receiver (I/O thread) is connected to its source.</param>
/// <param name="Connecting">The receiver runs and tries to connect.</param>
/// <param name="Applying">The applier (SQL thread) runs.</param>
/// <param name="LagSeconds">How far the applier is behind, in seconds; null when unknown.</param>
/// <param name="LastError">The last error of either, or null.</param>
/// <param name="LastErrorNumber">Its number; 0 if none.</param>
public sealed record ReplicaStatus(
    ServerAddress? Source, bool Receiving, bool Connecting, bool Applying, double? LagSeconds, string? LastError, int LastErrorNumber)
{
    public static ReplicaStatus None { get; } = new(null, false, false, false, null, null, 0);

    /// <summary>Data can flow.</summary>
    public bool Running => Receiving && Applying;
}

/// <param name="Purged">Transactions it has executed but can no longer send to a replica, because their logs were purged.</param>
/// <param name="KeepsSeconds">How long logs are kept; 0 for ever.</param>
public sealed record OwnLogs(GtidSet Purged, uint KeepsSeconds)
{
    /// <summary>What others are told of it (<see cref="RetentionFloor"/>).</summary>
    public string? Floor { get; } = RetentionFloor.Of(Purged);
}

/// <summary>A setting of the server that would break the ring, and what to do about it.</summary>
public sealed record SettingFault(string Variable, string Found, string Wanted, string Why)
{
    public override string ToString() => $"{Variable} is {Found}, must be {Wanted}: {Why}";
}

/// <summary>
/// This node's own server, spoken to in its own dialect. There is one implementation for MySQL and one for MariaDB; nothing outside
/// this folder knows the difference. Every call ends within its deadline (by default two seconds).
/// </summary>
/// <remarks>Failures are <see cref="DatabaseUnavailableException"/> (not reachable, too slow) or the server's own <see cref="System.Data.Common.DbException"/>.</remarks>
public interface IReplicationServer
{
    Task<ServerIdentity> IdentityAsync(CancellationToken cancel = default);

    /// <summary>All transactions this server has executed, its own included.</summary>
    Task<GtidSet> PositionAsync(CancellationToken cancel = default);

    /// <summary>What its binary logs no longer hold, and how long they are kept.</summary>
    Task<OwnLogs> LogsAsync(CancellationToken cancel = default);

    Task<ReplicaStatus> StatusAsync(CancellationToken cancel = default);

    /// <summary>
    /// Replicates from <paramref name="source"/> from now on, from wherever this server stands. What was already received from the old source is
    /// applied first, for at most <paramref name="applyReceived"/>. Returns when the threads are started; whether they run is for <see cref="StatusAsync"/> to say.
    /// </summary>
    /// <param name="lacking">How many transactions the source holds that this server does not: a server with much to catch up on may do it with more threads.</param>
    Task PointAtAsync(ServerAddress source, Account replication, ServerTls tls, TimeSpan applyReceived, long lacking = 0, CancellationToken cancel = default);

    /// <summary>Stops replicating and forgets the source, without losing the position.</summary>
    Task StopAsync(CancellationToken cancel = default);

    /// <summary>
    /// Lets the board write on it, or not (<c>read_only</c>). A server begins closed; replication, and what the daemon itself writes, goes on either way.
    /// </summary>
    Task OpenAsync(bool open, CancellationToken cancel = default);

    /// <summary>
    /// Forgets what this server executed, and its binary log, and stands at <paramref name="position"/> from now on. Only for a server whose rows are known to be those of that
    /// position, or more. It replicates from nobody afterwards.
    /// </summary>
    Task AdoptAsync(GtidSet position, CancellationToken cancel = default);

    /// <summary>Waits until this server has executed everything in <paramref name="position"/>.</summary>
    /// <returns>False if <paramref name="timeout"/> ran out first.</returns>
    Task<bool> WaitForAsync(GtidSet position, TimeSpan timeout, CancellationToken cancel = default);

    /// <summary>Compares the server's settings with what a ring needs; empty when all is well.</summary>
    Task<IReadOnlyList<SettingFault>> CheckSettingsAsync(CancellationToken cancel = default);
}

/// <summary>
/// Another member's server, asked with the least-privileged account <see cref="DatabaseAccounts.Peer"/>: where it stands, what it can still send,
/// and whether it has executed something. It is never changed.
/// </summary>
public interface IPeerServer : IDisposable
{
    /// <summary>Executed and purged sets, read together.</summary>
    Task<PeerPosition> PositionAsync(TimeSpan deadline, CancellationToken cancel = default);

    /// <summary>
    /// Waits until the peer has executed <paramref name="position"/> or <paramref name="timeout"/> is over, and returns what it has executed then:
    /// one round trip that answers for every older write too.
    /// </summary>
    Task<GtidSet> WaitForAsync(GtidSet position, TimeSpan timeout, CancellationToken cancel = default);
}

/// <param name="Executed">What the peer has executed.</param>
/// <param name="Purged">What it can no longer send.</param>
/// <param name="Identity">Who it is.</param>
public sealed record PeerPosition(GtidSet Executed, GtidSet Purged, ServerIdentity Identity);
