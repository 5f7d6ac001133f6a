using System.Data.Common;
using Connect.Node.Database;

namespace Connect.RingDaemon.Replication;

/// <summary>
/// What is asked of any server, own or peer, in its own words. Synchronous, on a connection of <see cref="Database"/>; nothing here changes a server,
/// and the account <c>Peer</c> may do all of it.
/// </summary>
internal interface IDialect
{
    ServerIdentity Identity(DbConnection connection);

    /// <summary>All transactions in the server's log or data.</summary>
    GtidSet Executed(DbConnection connection);

    /// <summary>Executed, but no longer in a log that could be sent.</summary>
    GtidSet Purged(DbConnection connection, string schema);

    /// <summary>How long binary logs are kept before the server purges them by itself; 0 for ever.</summary>
    uint KeepsSeconds(DbConnection connection);

    /// <summary>
    /// One round trip: waits for at most <paramref name="timeout"/> until <paramref name="position"/> is committed, then reads what is committed and durable.
    /// </summary>
    /// <param name="connection">Whom to ask.</param>
    /// <param name="position">What to wait for.</param>
    /// <param name="ownOrigin">The server's own origin if it is known: a server does not wait for what only it can write.</param>
    /// <param name="timeout">1 ms at the least.</param>
    GtidSet WaitAndRead(DbConnection connection, GtidSet position, string? ownOrigin, TimeSpan timeout);

    /// <summary>InnoDB's counters of changed rows; the account Daemon may read them.</summary>
    ModificationCounters Counters(DbConnection connection, string schema);
}
