using Connect.Node.Settings;

namespace Connect.RingDaemon.Replication;

/// <summary>Makes the implementation that speaks the engine of the node's settings.</summary>
public static class ReplicationServer
{
    /// <summary>Connects to nothing yet. Dispose it to close its connections.</summary>
    public static OwnServer For(NodeSettings settings, DatabaseAccounts accounts) => settings.Database.Engine == Engine.MariaDB
        ? new MariaDbReplication(settings.Database, accounts.Daemon)
        : new MySqlReplication(settings.Database, accounts.Daemon);
}
