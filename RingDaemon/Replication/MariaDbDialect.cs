using System.Data.Common;
using System.Globalization;
using Connect.Node.Database;
using Connect.Node.Settings;
using Dapper;

namespace Connect.RingDaemon.Replication;

/// <summary>
/// MariaDB 10.11 and later. It has no <c>gtid_executed</c>; what it has, each for itself, is not the whole in a ring:
/// <list type="bullet">
/// <item><c>gtid_slave_pos</c>: what replication brought and committed. Own writes are missing.</item>
/// <item><c>gtid_binlog_pos</c>: the end of the binary log, own writes and (log_slave_updates) replicated ones. What came before the log began is
/// missing, and an entry shows a moment before it is flushed.</item>
/// <item><c>gtid_current_pos</c>: <c>gtid_slave_pos</c> plus binary log entries of the <em>present</em> server id. After a change of identity
/// everything the old identity wrote is missing.</item>
/// </list>
/// So a position is the union of the first two; and a promise that something is safe counts replicated domains from <c>gtid_slave_pos</c> only.
/// </summary>
internal sealed class MariaDbDialect : IDialect
{
    /// <summary>The procedure through which the account Peer, which may not list binary logs, learns their names.</summary>
    public const string LogListProcedure = "connect_binary_logs";

    public ServerIdentity Identity(DbConnection connection)
    {
        var (version, id, domain) = connection.QuerySingle<(string, uint, uint)>("SELECT VERSION(), @@GLOBAL.server_id, @@GLOBAL.gtid_domain_id");
        return new(Engine.MariaDB, "MariaDB " + version.Split('-')[0], id, domain.ToString());
    }

    public GtidSet Executed(DbConnection connection) => GtidSet.Parse(Engine.MariaDB, ExecutedText(connection));

    /// <summary>As <see cref="Executed"/>, as text with server ids: what <c>gtid_slave_pos</c> may be set to.</summary>
    public static string ExecutedText(DbConnection connection)
    {
        var (binlog, slave) = connection.QuerySingle<(string, string)>("SELECT @@GLOBAL.gtid_binlog_pos, @@GLOBAL.gtid_slave_pos");
        return MariaDbGtids.Merge(binlog, slave);
    }

    /// <summary>
    /// There is no <c>gtid_purged</c>. Every binary log begins with a Gtid_list event: the last entry of each domain before that file. So the list at the
    /// start of the oldest file is what can no longer be sent; <c>BINLOG_GTID_POS(file, 4)</c> reads it. Seeding writes its position there
    /// (<c>gtid_binlog_state</c>), so seeded rows count as purged. What is in <c>gtid_slave_pos</c> of a domain that no log knows at all cannot be sent either.
    /// </summary>
    public GtidSet Purged(DbConnection connection, string schema)
    {
        for (var attempt = 1; ; attempt++)
        {
            // The oldest log can be purged between the two statements: its position is null then, and the next list has another oldest one.
            var oldest = connection.Query($"CALL `{schema}`.{LogListProcedure}()").Cast<IDictionary<string, object>>().Select(row => (string)row["Log_name"]).First();
            var (start, binlog, slave) = connection.QuerySingle<(string?, string, string)>(
                "SELECT BINLOG_GTID_POS(@oldest, 4), @@GLOBAL.gtid_binlog_pos, @@GLOBAL.gtid_slave_pos", new { oldest });
            if (start is null && attempt < 3) continue;
            var logged = Parse(binlog);
            var purged = Parse(start);
            foreach (var domain in Parse(slave).Origins.Where(domain => logged[domain].IsEmpty)) purged = purged.Union(Parse(slave).Only(domain));
            return purged;
        }
    }

    public uint KeepsSeconds(DbConnection connection) => connection.ExecuteScalar<uint>("SELECT @@GLOBAL.binlog_expire_logs_seconds");

    public GtidSet WaitAndRead(DbConnection connection, GtidSet position, string? ownOrigin, TimeSpan timeout)
    {
        // MASTER_GTID_WAIT looks at gtid_slave_pos alone: it would wait in vain for the server's own writes.
        var foreign = ownOrigin is null ? position : position.Except(position.Only(ownOrigin));
        using var answers = connection.QueryMultiple(
            "SELECT MASTER_GTID_WAIT(@position, @seconds); SELECT @@GLOBAL.gtid_slave_pos, @@GLOBAL.gtid_binlog_pos, @@GLOBAL.gtid_domain_id",
            new { position = foreign.ToString(), seconds = Math.Max(0.001, timeout.TotalSeconds) });
        answers.Read<long?>();
        var (slave, binlog, domain) = answers.ReadSingle<(string, string, uint)>();
        return Parse(slave).Union(Parse(binlog).Only(domain.ToString(CultureInfo.InvariantCulture)));
    }

    public ModificationCounters Counters(DbConnection connection, string schema) => ModificationCounters.Read(connection, schema, "INNODB_SYS_TABLESTATS");

    private static GtidSet Parse(string? text) => GtidSet.Parse(Engine.MariaDB, text);
}
