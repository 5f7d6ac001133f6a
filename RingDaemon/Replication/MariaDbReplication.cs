using System.Data.Common;
using System.Diagnostics;
using Connect.Node.Database;
using Connect.Node.Settings;
using Dapper;

namespace Connect.RingDaemon.Replication;

/// <summary>The own server when it is MariaDB, 10.11 or later.</summary>
public sealed class MariaDbReplication(DatabaseSettings settings, Account daemon) : OwnServer(new MariaDbDialect(), settings, daemon)
{
    private protected override IReadOnlyList<RequiredSetting> Wanted => RequiredSettings.MariaDb;

    private protected override ReplicaStatus ReadStatus(DbConnection connection) => ReplicaRow.Read(connection, "SHOW SLAVE STATUS")?.ToStatus(
        host: "Master_Host", port: "Master_Port", receiver: "Slave_IO_Running", applier: "Slave_SQL_Running", lag: "Seconds_Behind_Master") ?? ReplicaStatus.None;

    private protected override void Drain(DbConnection connection, TimeSpan limit, CancellationToken cancel)
    {
        if (ReplicaRow.Read(connection, "SHOW SLAVE STATUS") is null) return;
        connection.Execute("STOP SLAVE IO_THREAD");
        var since = Stopwatch.GetTimestamp();
        // Gtid_IO_Pos counts whole transactions only: one that was cut off in the middle is fetched again from the next source. It also counts
        // this server's own, which came around the ring and are not applied: those are in the binary log.
        while (ReplicaRow.Read(connection, "SHOW SLAVE STATUS") is { } row && row["Slave_SQL_Running"] == "Yes")
        {
            var received = GtidSet.Parse(Engine.MariaDB, row["Gtid_IO_Pos"]);
            var missing = received.Except(GtidSet.Parse(Engine.MariaDB, MariaDbDialect.ExecutedText(connection)));
            var left = limit - Stopwatch.GetElapsedTime(since);
            if (missing.IsEmpty || left <= TimeSpan.Zero || cancel.IsCancellationRequested) break;
            connection.ExecuteScalar<int?>("SELECT MASTER_GTID_WAIT(@missing, @seconds)",
                new { missing = missing.ToString(), seconds = Math.Clamp(left.TotalSeconds, 0.001, 0.1) });
        }
    }

    private protected override void Point(DbConnection connection, ServerAddress source, Account replication, ServerTls tls, long lacking)
    {
        connection.Execute("STOP SLAVE");
        // current_pos: own writes are in the binary log only; with slave_pos the source would be asked for this server's whole history. Merging them into
        // gtid_slave_pos by hand (SET GLOBAL) does the same, but crashes 10.11.19 now and then: it races the clean-up of mysql.gtid_slave_pos
        // (signal 11 in rpl_slave_state::gtid_grab_pending_delete_list).
        connection.Execute(
            $"""
            CHANGE MASTER TO MASTER_HOST=@host, MASTER_PORT={source.Port}, MASTER_USER=@user, MASTER_PASSWORD=@password,
              MASTER_USE_GTID=current_pos, MASTER_CONNECT_RETRY=1, MASTER_HEARTBEAT_PERIOD=0.5, MASTER_SSL={(tls.On ? 1 : 0)}, MASTER_SSL_CA=@ca,
              MASTER_SSL_VERIFY_SERVER_CERT={(tls.CaFile is null ? 0 : 1)}
            """, new { host = source.Host, user = replication.User, password = replication.Password, ca = tls.CaFile ?? "" });
        connection.Execute("START SLAVE");
    }

    private protected override void Forget(DbConnection connection)
    {
        connection.Execute("STOP SLAVE");
        connection.Execute("RESET SLAVE ALL"); // leaves gtid_slave_pos as it is
    }

    private protected override void Adopt(DbConnection connection, string position) => MariaDbGtids.Stand(connection, position);
}
