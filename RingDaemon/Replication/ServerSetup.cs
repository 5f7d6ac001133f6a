using Connect.Node.Database;
using Connect.Node.Settings;

namespace Connect.RingDaemon.Replication;

/// <summary>
/// The SQL a server runs at every start (init_file): the schema, and the accounts with exactly what each may do. It changes nothing where all is
/// as it should be, stays out of the binary log, and puts this node's passwords back on a data folder that was copied from another node.
/// </summary>
public static class ServerSetup
{
    /// <summary>One statement a line, as an init file must be. It holds passwords: write it with <see cref="SecretFile"/>.</summary>
    public static string InitSql(Engine engine, string schema, DatabaseAccounts accounts) =>
        string.Join('\n', Statements(engine, schema, accounts).Select(statement => statement + ";")) + "\n";

    private static IEnumerable<string> Statements(Engine engine, string schema, DatabaseAccounts accounts)
    {
        if (!IsPlainName(schema)) throw new SettingsException($"The schema '{schema}' must be 1 to 64 of a-z, 0-9 and '_'.");
        yield return "SET SESSION sql_log_bin = 0";
        yield return $"CREATE DATABASE IF NOT EXISTS `{schema}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
        yield return $"USE `{schema}`";
        foreach (var statement in BoardSchema.Statements) yield return statement;
        foreach (var statement in LockDown(engine)) yield return statement;
        foreach (var (account, grants) in Grants(engine, schema, accounts))
        {
            var user = $"'{Plain(account.User)}'@'%'";
            var password = engine == Engine.MySQL
                ? $"IDENTIFIED WITH caching_sha2_password BY '{Plain(account.Password)}'"
                : $"IDENTIFIED BY '{Plain(account.Password)}'";
            yield return $"CREATE USER IF NOT EXISTS {user} {password}";
            yield return $"ALTER USER {user} {password} ACCOUNT UNLOCK";
            // Grants are exact: what an older version or a donor gave on top is taken away first.
            yield return $"REVOKE ALL PRIVILEGES, GRANT OPTION FROM {user}";
            foreach (var grant in grants) yield return $"GRANT {grant} TO {user}";
        }
        if (engine != Engine.MariaDB) yield break;
        var daemon = $"'{Plain(accounts.Daemon.User)}'@'%'";
        yield return $"CREATE OR REPLACE DEFINER={daemon} PROCEDURE `{schema}`.{MariaDbDialect.LogListProcedure}() SQL SECURITY DEFINER SHOW BINARY LOGS";
        foreach (var account in new[] { accounts.Daemon, accounts.Peer })
            yield return $"GRANT EXECUTE ON PROCEDURE `{schema}`.{MariaDbDialect.LogListProcedure} TO '{Plain(account.User)}'@'%'";
    }

    /// <summary>No one without a password, and the superuser only from the machine itself.</summary>
    private static IEnumerable<string> LockDown(Engine engine)
    {
        yield return "DROP DATABASE IF EXISTS test";
        if (engine == Engine.MariaDB)
        {
            yield return "DELETE FROM mysql.global_priv WHERE User='' OR (User='root' AND Host<>'localhost')";
            yield return "DELETE FROM mysql.db WHERE User=''";
            yield return "FLUSH PRIVILEGES";
            yield return "CREATE USER IF NOT EXISTS 'root'@'localhost' IDENTIFIED VIA unix_socket";
            yield return "ALTER USER 'root'@'localhost' IDENTIFIED VIA unix_socket";
        }
        else
        {
            yield return "DELETE FROM mysql.user WHERE User='' OR (User='root' AND Host<>'localhost')";
            yield return "FLUSH PRIVILEGES";
            // It was made without a password. An operator who needs it unlocks it in an init file.
            yield return "ALTER USER IF EXISTS 'root'@'localhost' ACCOUNT LOCK";
        }
    }

    /// <summary>
    /// What each account may do.
    /// <list type="bullet">
    /// <item>Board: read and insert the board's rows. It can neither change nor delete one.</item>
    /// <item>Daemon: move this server's own replication, read everything of the board, insert what it repairs or seeds, change a row that an operator has it replace
    /// (<c>repair --trust</c>) or an administrator of the board erased (it can delete none); read InnoDB's
    /// counters of changed rows (PROCESS and mysql.innodb_table_stats), by which it notices changes that nobody logged. MySQL: CONNECTION_ADMIN and SYSTEM_USER to
    /// kill an applier that hangs (see MySqlReplication), and both engines the right to write while the board may not (read_only); it can neither make accounts nor change them.</item>
    /// <item>Replication: read the binary log.</item>
    /// <item>Peer: log in. Positions and waits need no privilege; on MariaDB one procedure tells it the names of the binary logs.</item>
    /// <item>Seed: MySQL's clone needs BACKUP_ADMIN; on MariaDB reading the board is enough.</item>
    /// </list>
    /// </summary>
    private static IEnumerable<(Account Account, string[] Grants)> Grants(Engine engine, string schema, DatabaseAccounts accounts)
    {
        var board = $"ON `{schema}`.*";
        yield return (accounts.Board, [$"SELECT, INSERT {board}"]);
        yield return (accounts.Daemon, engine == Engine.MySQL
            ? [$"SELECT, INSERT, UPDATE {board}", "SELECT ON mysql.innodb_table_stats", "RELOAD, PROCESS, SHOW DATABASES, REPLICATION CLIENT ON *.*", "REPLICATION_SLAVE_ADMIN, CONNECTION_ADMIN, SYSTEM_USER, CLONE_ADMIN, SYSTEM_VARIABLES_ADMIN ON *.*"]
            : [$"SELECT, INSERT, UPDATE {board}", "SELECT ON mysql.innodb_table_stats", "RELOAD, PROCESS, SHOW DATABASES, REPLICATION SLAVE ADMIN, REPLICATION MASTER ADMIN, REPLICA MONITOR, BINLOG MONITOR, BINLOG ADMIN, READ_ONLY ADMIN ON *.*"]);
        yield return (accounts.Replication, ["REPLICATION SLAVE ON *.*"]);
        yield return (accounts.Peer, []);
        yield return (accounts.Seed, engine == Engine.MySQL ? ["BACKUP_ADMIN ON *.*"] : [$"SELECT {board}"]);
    }

    /// <summary>A name or password that can stand in quotes as it is; anything else is refused rather than escaped.</summary>
    private static string Plain(string text) => text.Length > 0 && text.All(c => c is > ' ' and < (char)127 and not ('\'' or '"' or '`' or '\\' or ';'))
        ? text
        : throw new SettingsException("Names and passwords of database accounts must be printable ASCII without quotes, backslashes, semicolons and blanks.");

    private static bool IsPlainName(string name) => name.Length is > 0 and <= 64 && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_');
}
