using System.Data.Common;
using System.Globalization;
using Connect.Node.Database;
using Connect.Node.Settings;
using Dapper;

namespace Connect.RingDaemon.Tests.Replication;

/// <summary>
/// Logs in as each account and tries what it must not do and what it must. Rights are compared with these tables and with nothing else: whoever changes
/// <see cref="Connect.RingDaemon.Replication.ServerSetup"/> changes a line here.
/// </summary>
public sealed class AccountRightsTests(TestServers servers)
{
    private const string Board = "Board", Daemon = "Daemon", Replication = "Replication", Peer = "Peer", Seed = "Seed";

    private static readonly string[] Everyone = [Board, Daemon, Replication, Peer, Seed];

    /// <summary>The server's words for "you may not": table, column, database, login (also: no FILE), privilege, routine, thread, account, and a variable that only some may set.</summary>
    private static readonly int[] Denied = [1142, 1143, 1044, 1045, 1227, 1370, 1095, 1410, 1470, 1698, 1419];

    /// <summary>No account of ours, on any engine: what an intruder would do first.</summary>
    private static readonly string[] NobodyMay =
    [
        "DELETE FROM connect.post", "TRUNCATE TABLE connect.post", "DROP TABLE connect.post", "ALTER TABLE connect.post ADD x INT",
        "DELETE FROM connect.ring", "REPLACE INTO connect.ring (id, node, name) VALUES (0, 1, 'x')",
        "CREATE TABLE connect.x (i INT)", "CREATE VIEW connect.x AS SELECT 1", "CREATE DATABASE x", "DROP DATABASE connect", "CREATE INDEX x ON connect.post (node)",
        "CREATE PROCEDURE connect.x() SELECT 1", "CREATE EVENT connect.x ON SCHEDULE EVERY 1 DAY DO SELECT 1", "CREATE FUNCTION connect.x() RETURNS INT DETERMINISTIC RETURN 1",
        "CREATE TRIGGER connect.x BEFORE INSERT ON connect.post FOR EACH ROW SET NEW.body = ''", "LOCK TABLES connect.post WRITE",
        "CREATE USER 'x'@'%' IDENTIFIED BY 'Aa1_xxxxxxxx'", "DROP USER 'connect_peer'@'%'", "RENAME USER 'connect_peer'@'%' TO 'x'@'%'",
        "ALTER USER 'test_admin'@'%' IDENTIFIED BY 'Aa1_xxxxxxxx'", "GRANT SELECT ON *.* TO 'connect_peer'@'%'", "SET PASSWORD FOR 'test_admin'@'%' = {1}",
        "SELECT * FROM mysql.db", "INSERT INTO mysql.db (Host) VALUES ('x')", "UPDATE mysql.db SET Host = 'x'", "SELECT * FROM mysql.proxies_priv", "SHOW CREATE USER 'test_admin'@'%'", "SHOW GRANTS FOR 'test_admin'@'%'",
        "SELECT 'x' INTO OUTFILE '/tmp/connect-intruder'", "LOAD DATA INFILE '/etc/passwd' INTO TABLE connect.ring", "CREATE FUNCTION intruder RETURNS STRING SONAME 'x.so'", "INSTALL PLUGIN x SONAME 'x.so'",
        "CREATE SERVER x FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'x')",
    ];

    /// <summary>Only the daemon: what moves this server's replication, and what can stop or blind it.</summary>
    private static readonly (Engine? Engine, string Sql)[] OnlyTheDaemonMay =
    [
        (Engine.MySQL, "STOP REPLICA"), (Engine.MySQL, "START REPLICA"), (Engine.MySQL, "RESET REPLICA ALL"), (Engine.MySQL, "CHANGE REPLICATION SOURCE TO SOURCE_PORT = 1"), (Engine.MySQL, "SHOW REPLICA STATUS"),
        (Engine.MySQL, "RESET BINARY LOGS AND GTIDS"), (Engine.MySQL, "SET GLOBAL clone_valid_donor_list = 'x:1'"), (Engine.MySQL, "SET GLOBAL require_secure_transport = OFF"), (Engine.MySQL, "SHUTDOWN /* now */"),
        (Engine.MySQL, "SET PERSIST server_id = 1"), (Engine.MySQL, "SET GLOBAL general_log = ON"), (Engine.MySQL, "SET SESSION gtid_next = '00000000-0000-0000-0000-000000000001:1'"),
        (Engine.MariaDB, "STOP SLAVE"), (Engine.MariaDB, "START SLAVE"), (Engine.MariaDB, "RESET SLAVE ALL"), (Engine.MariaDB, "CHANGE MASTER TO MASTER_PORT = 1"), (Engine.MariaDB, "SHOW SLAVE STATUS"),
        (Engine.MariaDB, "RESET MASTER"), (Engine.MariaDB, "SET GLOBAL gtid_slave_pos = ''"), (Engine.MariaDB, "SET GLOBAL gtid_binlog_state = ''"), (Engine.MariaDB, "SET SESSION server_id = 1"), (Engine.MariaDB, "SET SESSION gtid_domain_id = 1"),
        (null, "UPDATE connect.post SET body = ''"), (null, "UPDATE connect.decision SET value = 'administrator'"), // repair --trust
        (null, "SET SESSION sql_log_bin = 0"), (null, "SHOW BINARY LOGS"), (null, "PURGE BINARY LOGS TO 'x'"), (null, "FLUSH BINARY LOGS"), (null, "FLUSH TABLES WITH READ LOCK"),
        (null, "SET GLOBAL binlog_format = 'ROW'"),
    ];

    /// <summary>The daemon may not do these either; on MySQL it needs wider ones (in brackets what for).</summary>
    private static readonly (Engine? Engine, string Sql)[] NotEvenTheDaemonMay =
    [
        (Engine.MariaDB, "SHUTDOWN /* now */"), (Engine.MariaDB, "SET GLOBAL general_log = ON"), (Engine.MariaDB, "SET GLOBAL max_connections = 1"), // MySQL: SYSTEM_VARIABLES_ADMIN [names the donor of a clone]; CLONE_ADMIN includes SHUTDOWN
        (Engine.MariaDB, "KILL {0}"), // MySQL: CONNECTION_ADMIN [ends an applier that hangs]
        (Engine.MariaDB, "SELECT * FROM mysql.global_priv"), (Engine.MySQL, "SELECT * FROM mysql.user"), (Engine.MySQL, "SELECT * FROM mysql.slave_master_info"), (Engine.MySQL, "GRANT 'connect_daemon'@'%' TO 'connect_peer'@'%'"),
        (Engine.MySQL, "ALTER INSTANCE ROTATE INNODB MASTER KEY"), (Engine.MySQL, "CREATE TABLESPACE x ADD DATAFILE 'x.ibd'"),
    ];

    /// <summary>Who, besides the daemon, may not kill a session that is not its own.</summary>
    private static readonly string[] MayNotKill = [Board, Replication, Peer, Seed];

    private static readonly (string Account, Engine? Engine, string Sql)[] MayNot =
    [
        (Replication, null, "SELECT * FROM connect.post"), (Replication, null, "INSERT INTO connect.ring (id, node, name) VALUES (0, 1, 'x')"),
        (Peer, null, "SELECT * FROM connect.post"), (Peer, null, "SELECT password_hash FROM connect.login_key"), (Peer, null, "SELECT COUNT(*) FROM connect.post"), (Peer, null, "SHOW CREATE TABLE connect.post"),
        (Peer, null, "INSERT INTO connect.ring (id, node, name) VALUES (0, 1, 'x')"),
        (Seed, null, "INSERT INTO connect.ring (id, node, name) VALUES (0, 1, 'x')"), (Seed, Engine.MySQL, "SELECT * FROM connect.post"),
        (Seed, Engine.MariaDB, "CALL connect.connect_binary_logs()"), (Board, Engine.MariaDB, "CALL connect.connect_binary_logs()"),
    ];

    private static readonly (string Account, Engine? Engine, string Sql)[] Must =
    [
        (Board, null, "INSERT INTO connect.channel (id, node, author_id, slug, title) VALUES (UUID(), 1, 'x', 'x', 'x')".Replace("UUID()", "UNHEX(REPLACE(UUID(), '-', ''))", StringComparison.Ordinal)),
        (Board, null, "SELECT COUNT(*) FROM connect.login_key"), (Board, null, "SELECT GET_LOCK('x', 1)"),
        (Board, Engine.MySQL, "SELECT @@GLOBAL.gtid_executed"), (Board, Engine.MariaDB, "SELECT @@GLOBAL.gtid_binlog_pos, @@GLOBAL.gtid_slave_pos, @@last_gtid"),
        (Daemon, null, "SELECT COUNT(*) FROM connect.post"), (Daemon, null, "SHOW DATABASES"), (Daemon, null, "SHOW GLOBAL VARIABLES"), (Daemon, null, "SHOW BINARY LOGS"), (Daemon, null, "SET SESSION sql_log_bin = 0"),
        (Daemon, null, "INSERT INTO connect.channel (id, node, author_id, slug, title) VALUES (UNHEX(REPLACE(UUID(), '-', '')), 1, 'y', 'y', 'y')"),
        (Daemon, null, "UPDATE connect.channel SET title = 'z' WHERE node = 999"),
        (Daemon, Engine.MySQL, "SHOW REPLICA STATUS"), (Daemon, Engine.MySQL, "STOP REPLICA"), (Daemon, Engine.MySQL, "RESET REPLICA ALL"), (Daemon, Engine.MySQL, "SHOW PROCESSLIST"),
        (Daemon, Engine.MariaDB, "SHOW SLAVE STATUS"), (Daemon, Engine.MariaDB, "STOP SLAVE"), (Daemon, Engine.MariaDB, "RESET SLAVE ALL"), (Daemon, Engine.MariaDB, "CALL connect.connect_binary_logs()"),
        (Peer, Engine.MySQL, "SELECT @@GLOBAL.gtid_executed, @@GLOBAL.gtid_purged, WAIT_FOR_EXECUTED_GTID_SET('', 0.01)"),
        (Peer, Engine.MariaDB, "SELECT @@GLOBAL.gtid_binlog_pos, MASTER_GTID_WAIT('', 0.01)"), (Peer, Engine.MariaDB, "CALL connect.connect_binary_logs()"),
        (Seed, Engine.MariaDB, "SELECT COUNT(*) FROM connect.login_key"), (Seed, Engine.MySQL, "LOCK INSTANCE FOR BACKUP"),
        (Replication, null, "SELECT 1"),
    ];

    [Theory]
    [InlineData(Engine.MySQL)]
    [InlineData(Engine.MariaDB)]
    public async Task Each_account_may_do_what_it_must_and_nothing_of_what_an_intruder_would_like(Engine engine)
    {
        var server = await servers.StartAsync(engine);
        await server.WriteAsync(3);
        var before = await server.DigestAsync();
        var stranger = await server.AdminAsync<long>("SELECT CONNECTION_ID()");
        var faults = new List<string>();
        foreach (var (account, sql) in Forbidden(engine))
        {
            if (await TryAsync(server, account, string.Format(CultureInfo.InvariantCulture, sql, stranger, engine == Engine.MariaDB ? "PASSWORD('x')" : "'Aa1_xxxxxxxx'")) is not { } error) faults.Add($"{account} may: {sql}");
            else if (!Denied.Contains(Database.ErrorNumber(error))) faults.Add($"{account} was not denied, but: {sql}: {Database.ErrorNumber(error)} {error.Message}");
        }
        foreach (var (account, sql) in Must.Where(m => m.Engine is null || m.Engine == engine).Select(m => (m.Account, m.Sql)))
        {
            if (await TryAsync(server, account, sql) is { } error) faults.Add($"{account} must be able to: {sql}: {Database.ErrorNumber(error)} {error.Message}");
        }
        foreach (var account in Everyone)
        {
            // Without the right to read files this is no error, but nothing.
            Assert.Null(await RunAsync(server, account, c => c.ExecuteScalar<string?>("SELECT LOAD_FILE('/etc/passwd')")));
            // The others' statements, which hold texts of theirs, are for the daemon at most.
            var others = await RunAsync(server, account, c => c.Query("SHOW PROCESSLIST").Cast<IDictionary<string, object>>().Count(t => t["User"] is "test_admin"));
            if (others > 0 && account != Daemon) faults.Add($"{account} sees sessions of others");
        }
        Assert.True(faults.Count == 0, string.Join('\n', faults));
        Assert.Equal(before, await server.DigestAsync());
    }

    private static IEnumerable<(string Account, string Sql)> Forbidden(Engine engine)
    {
        foreach (var account in Everyone)
        {
            foreach (var sql in NobodyMay) yield return (account, sql);
            foreach (var sql in Of(NotEvenTheDaemonMay)) yield return (account, sql);
        }
        foreach (var account in Everyone.Where(a => a != Daemon))
            foreach (var sql in Of(OnlyTheDaemonMay)) yield return (account, sql);
        foreach (var account in MayNotKill) yield return (account, "KILL {0}");
        foreach (var (account, _, sql) in MayNot.Where(m => m.Engine is null || m.Engine == engine)) yield return (account, sql);

        IEnumerable<string> Of((Engine? Engine, string Sql)[] table) => table.Where(t => t.Engine is null || t.Engine == engine).Select(t => t.Sql);
    }

    /// <returns>The server's refusal, or null if it did it.</returns>
    private static async Task<DbException?> TryAsync(TestServer server, string account, string sql)
    {
        try
        {
            await RunAsync(server, account, c => c.Execute(sql));
            return null;
        }
        catch (DbException e)
        {
            return e;
        }
        catch (DatabaseUnavailableException e) when (e.InnerException is DbException inner)
        {
            return inner;
        }
    }

    /// <summary>A session of its own for each attempt: nothing that one statement left behind helps the next.</summary>
    private static async Task<T> RunAsync<T>(TestServer server, string account, Func<DbConnection, T> work)
    {
        var as_ = account switch
        {
            Board => server.Accounts.Board,
            Daemon => server.Accounts.Daemon,
            Replication => server.Accounts.Replication,
            Peer => server.Accounts.Peer,
            _ => server.Accounts.Seed,
        };
        using var database = new Database(server.Address, as_, null, tls: false, maxThreads: 1);
        return await database.RunAsync(work, TimeSpan.FromSeconds(10));
    }
}
