using System.Data.Common;
using System.Diagnostics;
using Connect.Node.Database;
using Connect.Node.Settings;
using Dapper;

namespace Connect.RingDaemon.Replication;

/// <summary>The own server when it is MySQL, 8.4 or later.</summary>
public sealed class MySqlReplication(DatabaseSettings settings, Account daemon) : OwnServer(new MySqlDialect(), settings, daemon)
{
    private const int NoSuchThread = 1094;

    /// <summary>How long the applier may take for the transaction it is at before it is looked after. 100 ms.</summary>
    private static readonly TimeSpan ApplierMayTake = TimeSpan.FromMilliseconds(100);

    /// <summary>Whoever lacks so many transactions gets <see cref="OptionFile.CatchUpAppliers"/>. Fewer are applied in a few seconds anyway.</summary>
    public const int Much = 5_000;

    /// <summary>On a machine where many appliers take longer to start (5.5 s were seen on a busy one), the next start goes without them. Two seconds; a change may take five.</summary>
    private static readonly TimeSpan StartMayTake = TimeSpan.FromSeconds(2);

    private volatile bool _manyStartSlowly;

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

    /// <remarks>
    /// GTID_ONLY: no file positions are kept. With them each applier writes a row of its own with every transaction, and at every start. MySQL gives it only together with
    /// REQUIRE_ROW_FORMAT: a statement in a source's log stops the applier, where it might have come to another result than at its origin.
    /// </remarks>
    private protected override void Point(DbConnection connection, ServerAddress source, Account replication, ServerTls tls, long lacking)
    {
        StopApplier(connection);
        connection.Execute(
            $"""
            CHANGE REPLICATION SOURCE TO SOURCE_HOST=@host, SOURCE_PORT={source.Port}, SOURCE_USER=@user, SOURCE_PASSWORD=@password,
              SOURCE_AUTO_POSITION=1, REQUIRE_ROW_FORMAT=1, GTID_ONLY=1, SOURCE_CONNECT_RETRY=1, SOURCE_RETRY_COUNT=0, SOURCE_HEARTBEAT_PERIOD=0.5,
              SOURCE_SSL={(tls.On ? 1 : 0)}, SOURCE_SSL_CA=@ca, SOURCE_SSL_VERIFY_SERVER_CERT={(tls.CaFile is null ? 0 : 1)}, GET_SOURCE_PUBLIC_KEY={(tls.On ? 0 : 1)}
            """, new { host = source.Host, user = replication.User, password = replication.Password, ca = tls.CaFile ?? "" });
        Start(connection, many: lacking >= Much && !_manyStartSlowly);
    }

    /// <summary>
    /// START REPLICA, with more appliers for a server that has much to catch up on. Their number is changed back at the next change of source, not before: that would take a stop.
    /// A number that an operator chose is left alone unless much is to be caught up on.
    /// </summary>
    private void Start(DbConnection connection, bool many)
    {
        var appliers = connection.ExecuteScalar<int>("SELECT @@GLOBAL.replica_parallel_workers");
        if (many && appliers < OptionFile.CatchUpAppliers) SetAppliers(OptionFile.CatchUpAppliers);
        if (!many && appliers == OptionFile.CatchUpAppliers) SetAppliers(OptionFile.Appliers(Engine.MySQL));
        var since = Stopwatch.GetTimestamp();
        try
        {
            connection.Execute("START REPLICA");
        }
        finally
        {
            if (many) _manyStartSlowly |= Stopwatch.GetElapsedTime(since) > StartMayTake;
        }

        void SetAppliers(int count) => connection.Execute($"SET GLOBAL replica_parallel_workers = {count}");
    }

    /// <summary>
    /// STOP REPLICA, and an end to the applier's wait for the rest of a transaction that was received in part. Its coordinator waits 60 s for it ("Replica has
    /// read all relay log", 9.7.4, with any number of workers), which never comes from a receiver that is stopped or a source that is dead. Its idle workers are
    /// killed then: the part is rolled back and the whole transaction is fetched from the next source.
    /// </summary>
    private void StopApplier(DbConnection connection)
    {
        using var stopped = new ManualResetEventSlim();
        var rescue = Task.Run(async () =>
        {
            while (!stopped.Wait(ApplierMayTake))
            {
                try
                {
                    await Beside.RunAsync(beside => KillIdleWorkers(beside, stopped), Deadline);
                }
                catch (Exception e) when (e is DatabaseUnavailableException or DbException)
                {
                    // Tried again while STOP REPLICA lasts; its own deadline ends it otherwise.
                }
            }
        });
        try
        {
            connection.Execute("STOP REPLICA");
        }
        finally
        {
            stopped.Set();
            rescue.Wait(Deadline + ApplierMayTake); // it must not meet the workers of the next start
        }
    }

    private static void KillIdleWorkers(DbConnection beside, ManualResetEventSlim stopped)
    {
        var workers = beside.Query("SHOW PROCESSLIST").Cast<IDictionary<string, object>>()
            .Where(t => t["User"] is "system user" && t["State"] is "Waiting for an event from Coordinator").Select(t => Convert.ToInt64(t["Id"])).ToList();
        foreach (var worker in workers)
        {
            if (stopped.IsSet) return;
            try
            {
                beside.Execute($"KILL {worker}");
            }
            catch (DbException e) when (Database.ErrorNumber(e) == NoSuchThread)
            {
                // It ended by itself.
            }
        }
    }

    private protected override void Forget(DbConnection connection)
    {
        StopApplier(connection);
        connection.Execute("RESET REPLICA ALL");
    }

    private protected override void Adopt(DbConnection connection, string position)
    {
        connection.Execute("RESET BINARY LOGS AND GTIDS");
        connection.Execute("SET GLOBAL gtid_purged = @position", new { position });
    }
}
