using System.Text;
using Connect.Node.Settings;

namespace Connect.RingDaemon.Local.StandIn;

// STAND-IN: to be replaced by RingDaemon/Replication/ServerSetup.cs.

/// <summary>The option file and the init file of a server that is to be a member of a ring.</summary>
internal static class ServerSetup
{
    public static string OptionFile(ServerBinaries binaries, int port, uint serverId, string dataFolder, string initFile, string logFile)
    {
        var text = new StringBuilder($"""
            [mysqld]
            user={Environment.UserName}
            datadir={dataFolder}
            init-file={initFile}
            port={port}
            bind-address=127.0.0.1
            socket=mysql.sock
            pid-file=server.pid
            log-error={logFile}
            server-id={serverId}
            log-bin=binlog
            binlog-format=ROW
            skip-name-resolve=ON
            character-set-server=utf8mb4
            performance-schema=OFF
            innodb-buffer-pool-size=64M
            max-connections=200

            """);
        text.Append(binaries.Engine == Engine.MariaDB
            ? $"gtid-domain-id={serverId}\nlog-slave-updates=ON\ngtid-ignore-duplicates=ON\ngtid-strict-mode=OFF\nslave-exec-mode=IDEMPOTENT\nslave-net-timeout=2\nskip-slave-start=ON\n"
            : "gtid-mode=ON\nenforce-gtid-consistency=ON\nlog-replica-updates=ON\nreplica-exec-mode=IDEMPOTENT\nreplica-net-timeout=2\nskip-replica-start=ON\nmysqlx=OFF\n");
        return text.ToString();
    }

    public static string InitFile(Engine engine, DatabaseAccounts accounts)
    {
        var sql = new StringBuilder(engine == Engine.MariaDB ? "SET sql_log_bin=0;\n" : "SET SESSION sql_log_bin=0;\n");
        foreach (var (account, grant) in new[]
        {
            (accounts.Board, "SELECT, INSERT ON connect.*"), (accounts.Daemon, "ALL PRIVILEGES ON *.*"), (accounts.Replication, "REPLICATION SLAVE ON *.*"),
            (accounts.Peer, "REPLICATION CLIENT ON *.*"), (accounts.Seed, "SELECT ON *.*"),
        })
        {
            sql.Append($"CREATE USER IF NOT EXISTS '{account.User}'@'%' IDENTIFIED BY '{account.Password}';\n");
            sql.Append($"GRANT {grant} TO '{account.User}'@'%';\n");
        }
        return sql.Append("CREATE DATABASE IF NOT EXISTS connect;\n").ToString();
    }
}
