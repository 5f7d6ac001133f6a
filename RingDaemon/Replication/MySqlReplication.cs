using System.Data.Common;
using System.Diagnostics;
using Connect.Node.Database;
using Connect.Node.Settings;
using Dapper;

namespace Connect.RingDaemon.Replication;

/// <summary>The own server when it is MySQL, 8.4 or later.</summary>
public sealed class MySqlReplication(DatabaseSettings settings, Account daemon) : OwnServer(new MySqlDialect(), settings, daemon)
{
    private protected override IReadOnlyList<RequiredSetting> Wanted => RequiredSettings.MySql;

    private protected override ReplicaStatus ReadStatus(DbConnection connection) => ReplicaRow.Read(connection, "SHOW REPLICA STATUS")?.ToStatus(
        host: "Source_Host", port: "Source_Port", receiver: "Replica_IO_Running", applier: "Replica_SQL_Running", lag: "Seconds_Behind_Source") ?? ReplicaStatus.None;

    private protected override void Drain(DbConnection connection, TimeSpan limit, CancellationToken cancel)
    {
        if (ReplicaRow.Read(connection, "SHOW REPLICA STATUS") is null) return;
        connection.Execute("STOP REPLICA IO_THREAD");
        var since = Stopwatch.GetTimestamp();
        while (ReplicaRow.Read(connection, "SHOW REPLICA STATUS") is { } row && row["Replica_SQL_Running"] == "Yes")
        {
            var missing = GtidSet.Parse(Engine.MySQL, row["Retrieved_Gtid_Set"]).Except(GtidSet.Parse(Engine.MySQL, row["Executed_Gtid_Set"]));
            var left = limit - Stopwatch.GetElapsedTime(since);
            if (missing.IsEmpty || left <= TimeSpan.Zero || cancel.IsCancellationRequested) break;
            connection.ExecuteScalar<int?>("SELECT WAIT_FOR_EXECUTED_GTID_SET(@missing, @seconds)",
                new { missing = missing.ToString(), seconds = Math.Clamp(left.TotalSeconds, 0.001, 0.1) });
        }
    }

    private protected override void Point(DbConnection connection, ServerAddress source, Account replication, bool tls)
    {
        connection.Execute("STOP REPLICA");
        connection.Execute(
            $"""
            CHANGE REPLICATION SOURCE TO SOURCE_HOST=@host, SOURCE_PORT={source.Port}, SOURCE_USER=@user, SOURCE_PASSWORD=@password,
              SOURCE_AUTO_POSITION=1, SOURCE_CONNECT_RETRY=1, SOURCE_RETRY_COUNT=0, SOURCE_HEARTBEAT_PERIOD=0.5,
              SOURCE_SSL={(tls ? 1 : 0)}, GET_SOURCE_PUBLIC_KEY={(tls ? 0 : 1)}
            """, new { host = source.Host, user = replication.User, password = replication.Password });
        connection.Execute("START REPLICA");
    }

    private protected override void Forget(DbConnection connection)
    {
        if (ReplicaRow.Read(connection, "SHOW REPLICA STATUS") is null) return;
        connection.Execute("STOP REPLICA");
        connection.Execute("RESET REPLICA ALL");
    }
}
