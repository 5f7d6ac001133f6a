using System.Data.Common;
using Connect.Node.Database;
using Connect.Node.Settings;
using Dapper;

namespace Connect.RingDaemon.Replication;

/// <summary>MySQL 8.4 and later. Sets come from <c>gtid_executed</c> and <c>gtid_purged</c>, which the server keeps exactly.</summary>
internal sealed class MySqlDialect : IDialect
{
    public ServerIdentity Identity(DbConnection connection)
    {
        var (version, id, uuid) = connection.QuerySingle<(string, uint, string)>("SELECT VERSION(), @@GLOBAL.server_id, @@GLOBAL.server_uuid");
        return new(Engine.MySQL, "MySQL " + version.Split('-')[0], id, uuid.ToLowerInvariant());
    }

    public GtidSet Executed(DbConnection connection) => GtidSet.Parse(Engine.MySQL, connection.ExecuteScalar<string>("SELECT @@GLOBAL.gtid_executed"));

    public GtidSet Purged(DbConnection connection, string schema) =>
        GtidSet.Parse(Engine.MySQL, connection.ExecuteScalar<string>("SELECT @@GLOBAL.gtid_purged"));

    public uint KeepsSeconds(DbConnection connection) =>
        connection.ExecuteScalar<uint>("SELECT IF(@@GLOBAL.binlog_expire_logs_auto_purge, @@GLOBAL.binlog_expire_logs_seconds, 0)");

    public GtidSet WaitAndRead(DbConnection connection, GtidSet position, string? ownOrigin, TimeSpan timeout)
    {
        // Two statements in one packet: within one SELECT the variable may be read before the wait. A time-out of 0 would wait for ever.
        using var answers = connection.QueryMultiple(
            "SELECT WAIT_FOR_EXECUTED_GTID_SET(@position, @seconds); SELECT @@GLOBAL.gtid_executed",
            new { position = position.ToString(), seconds = Math.Max(0.001, timeout.TotalSeconds) });
        answers.Read<long?>();
        return GtidSet.Parse(Engine.MySQL, answers.ReadSingle<string>());
    }

    public ModificationCounters Counters(DbConnection connection, string schema)
    {
        connection.Execute("SET SESSION information_schema_stats_expiry = 0"); // otherwise the time of the last change may be a day old
        return ModificationCounters.Read(connection, schema, "INNODB_TABLESTATS");
    }
}
