using System.Data.Common;
using Connect.Node.Database;
using Connect.Node.Settings;
using Dapper;

namespace Connect.RingDaemon.Replication;

/// <summary>
/// MariaDB: the board's rows are read from the donor in one consistent snapshot, whose place in the donor's binary log is known, and written here outside the
/// binary log. Then both positions are set to that place (<see cref="MariaDbGtids.Stand"/>).
/// </summary>
/// <remarks>Not mariadb-dump: a reader of our own needs SELECT only, no option file with a password, no child processes, and can count what it copied.</remarks>
public sealed class MariaDbSeeding(DatabaseSettings settings, Account daemon) : Seeding(settings, daemon)
{
    /// <summary>Rows read in one round trip.</summary>
    public const int PageRows = 500;

    private const long PageBytes = 4 << 20; // of one INSERT, roughly; max_allowed_packet is 64 MiB and escaping may double it

    private const int DuplicateEntry = 1062;

    /// <summary>MariaDB needs no restart; this only reads the position.</summary>
    public override Task<GtidSet> AfterRestartAsync(CancellationToken cancel = default) =>
        Own.RunAsync(connection => GtidSet.Parse(Engine.MariaDB, MariaDbDialect.ExecutedText(connection)), OwnServer.Deadline, cancel);

    private protected override GtidSet SettledPosition(DbConnection donor)
    {
        // The place of a snapshot: the end of the log may be ahead of what can be read by a moment.
        try
        {
            return GtidSet.Parse(Engine.MariaDB, BeginSnapshot(donor));
        }
        finally
        {
            donor.Execute("ROLLBACK");
        }
    }

    private protected override async Task<SeedResult> CopyAsync(ServerAddress donor, Account seed, TimeSpan deadline, CancellationToken cancel)
    {
        using var source = new Database(donor, seed, schema: null, Tls, maxThreads: 1, driverSeconds: 60);
        return await source.RunAsync(from => Own.RunAsync(to => Copy(from, to, cancel), deadline, cancel).GetAwaiter().GetResult(), deadline, cancel);
    }

    private SeedResult Copy(DbConnection from, DbConnection to, CancellationToken cancel)
    {
        RefuseIfItHasWritten(to);
        var position = BeginSnapshot(from);
        to.Execute($"SET SESSION sql_log_bin = 0, max_error_count = {2 * PageRows}");
        try
        {
            var rows = BoardSchema.Tables.Sum(table => CopyTable(from, to, table, cancel));
            to.Execute("STOP SLAVE");
            to.Execute("RESET SLAVE ALL");
            MariaDbGtids.Stand(to, position);
            return new(SeedOutcome.Done, GtidSet.Parse(Engine.MariaDB, position), rows);
        }
        finally
        {
            to.Execute("SET SESSION sql_log_bin = 1");
            from.Execute("ROLLBACK");
        }
    }

    /// <summary>Its own transactions would vanish from its log, and nobody would ever get them.</summary>
    private static void RefuseIfItHasWritten(DbConnection to)
    {
        var own = GtidSet.Parse(Engine.MariaDB, MariaDbDialect.ExecutedText(to)).Only(to.ExecuteScalar<uint>("SELECT @@GLOBAL.gtid_domain_id").ToString());
        if (!own.IsEmpty) throw new InvalidOperationException($"This server has written {own} itself: save those rows and give it a new identity before it is seeded.");
    }

    /// <returns>The position of the snapshot.</returns>
    private static string BeginSnapshot(DbConnection from)
    {
        // Before the snapshot: a domain that the log does not know has not moved since, or it is in the log by then.
        var before = from.ExecuteScalar<string>("SELECT @@GLOBAL.gtid_slave_pos");
        from.Execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
        from.Execute("START TRANSACTION WITH CONSISTENT SNAPSHOT");
        var snapshot = from.Query<(string Name, string Value)>("SHOW STATUS LIKE 'Binlog_snapshot_%'").ToDictionary(s => s.Name, s => s.Value, StringComparer.OrdinalIgnoreCase);
        var logged = from.ExecuteScalar<string>("SELECT BINLOG_GTID_POS(@file, @offset)",
            new { file = snapshot["Binlog_snapshot_file"], offset = long.Parse(snapshot["Binlog_snapshot_position"]) });
        return logged is null ? throw new InvalidOperationException("The donor cannot tell the position of its snapshot: its binary log is off or was just purged.")
            : MariaDbGtids.Merge(logged, before);
    }

    private long CopyTable(DbConnection from, DbConnection to, string table, CancellationToken cancel)
    {
        var (copied, last) = (0L, Array.Empty<byte>());
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            var page = from.Query($"SELECT * FROM `{Schema}`.`{table}` WHERE id > @last ORDER BY id LIMIT {PageRows}", new { last }).Cast<IDictionary<string, object?>>().ToList();
            if (page.Count == 0) break;
            Insert(to, table, page);
            copied += page.Count;
            last = (byte[])page[^1]["id"]!;
        }
        var expected = from.ExecuteScalar<long>($"SELECT COUNT(*) FROM `{Schema}`.`{table}`");
        return copied == expected ? copied : throw new InvalidOperationException($"{copied} rows of {table} were copied, the donor's snapshot has {expected}.");
    }

    private void Insert(DbConnection to, string table, List<IDictionary<string, object?>> page)
    {
        for (var start = 0; start < page.Count;)
        {
            var (end, bytes) = (start, 0L);
            while (end < page.Count && (end == start || bytes < PageBytes)) bytes += page[end++].Values.Sum(SizeOf);
            InsertRows(to, table, page[start..end]);
            start = end;
        }
    }

    private void InsertRows(DbConnection to, string table, List<IDictionary<string, object?>> rows)
    {
        var columns = rows[0].Keys.ToList();
        var parameters = new DynamicParameters();
        var tuples = rows.Select((row, r) => "(" + string.Join(',', columns.Select((column, c) =>
        {
            parameters.Add($"p{r}_{c}", row[column]);
            return $"@p{r}_{c}";
        })) + ")");
        to.Execute($"INSERT IGNORE INTO `{Schema}`.`{table}` ({string.Join(',', columns.Select(c => $"`{c}`"))}) VALUES {string.Join(',', tuples)}", parameters);
        RefuseWhatDoesNotFit(to, table);
    }

    /// <summary>A row that an interrupted seed left is equal, and skipped. IGNORE would also cut values to fit: that must not pass.</summary>
    private static void RefuseWhatDoesNotFit(DbConnection to, string table)
    {
        foreach (var (_, code, message) in to.Query<(string Level, int Code, string Message)>("SHOW WARNINGS"))
        {
            if (code != DuplicateEntry) throw new InvalidOperationException($"The donor's {table} does not fit here: {message}");
        }
    }

    private static long SizeOf(object? value) => value switch { byte[] bytes => bytes.Length, string text => text.Length * 2L, _ => 8 };
}
