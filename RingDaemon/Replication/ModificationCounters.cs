using System.Data.Common;
using Connect.Node.Database;
using Dapper;

namespace Connect.RingDaemon.Replication;

/// <summary>InnoDB's own counters of one table. They live in the server's memory only.</summary>
/// <param name="TableId">A table that was rebuilt has another one.</param>
/// <param name="Initialised">False: the server has just opened the table and knows nothing.</param>
/// <param name="Modified">Rows inserted, updated and deleted since <paramref name="StatisticsAt"/>, whoever did it and whether it was logged or not; some roll-backs count twice.</param>
/// <param name="UpdatedAt">When a change was last committed, to the second of the server's clock; null if not since it started.</param>
/// <param name="StatisticsAt">When the table's statistics were made, which sets <paramref name="Modified"/> to 0, to the second of the server's clock.</param>
public sealed record TableCounters(string Table, ulong TableId, bool Initialised, long Modified, DateTime? UpdatedAt, DateTime? StatisticsAt);

/// <summary>The counters of all tables of the board, and what tells whether they can have begun anew.</summary>
/// <param name="Now">The server's clock.</param>
/// <param name="Uptime">Since the server started, whole seconds.</param>
/// <param name="Flushes">FLUSH commands since it started: FLUSH TABLES may forget the counters.</param>
/// <param name="InFlight">Transactions that have modified rows and are not over: their rows are counted and cannot be seen. InnoDB renews this list when it was not read for 0.1 s.</param>
public sealed record ModificationCounters(DateTime Now, TimeSpan Uptime, long Flushes, long InFlight, IReadOnlyList<TableCounters> Tables)
{
    /// <summary>For how long nobody must have asked, so that <see cref="InFlight"/> is of now.</summary>
    public static readonly TimeSpan InFlightIsFreshAfter = TimeSpan.FromMilliseconds(120);

    /// <summary>Reads them in three round trips. InnoDB's statistics need PROCESS, and SELECT on <c>mysql.innodb_table_stats</c>.</summary>
    /// <param name="connection">Whom to ask.</param>
    /// <param name="schema">The board's schema.</param>
    /// <param name="view">The engine's name for InnoDB's table of counters.</param>
    internal static ModificationCounters Read(DbConnection connection, string schema, string view)
    {
        var status = connection.Query<(string Name, string Value)>("SHOW GLOBAL STATUS WHERE Variable_name IN ('Uptime', 'Com_flush', 'Flush_commands')")
            .ToDictionary(s => s.Name, s => long.Parse(s.Value), StringComparer.OrdinalIgnoreCase);
        var inFlight = CountInFlight(connection);
        var rows = connection.Query<Counter>(
            $"""
            SELECT NOW() AS Now, t.TABLE_NAME AS Name, s.TABLE_ID AS Id, s.STATS_INITIALIZED IN ('1', 'Initialized') AS Initialised, s.MODIFIED_COUNTER AS Modified,
                   t.UPDATE_TIME AS UpdatedAt, p.last_update AS StatisticsAt
            FROM information_schema.{view} s
            JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = @schema AND s.NAME = CONCAT(@schema, '/', t.TABLE_NAME)
            LEFT JOIN mysql.innodb_table_stats p ON p.database_name = @schema AND p.table_name = t.TABLE_NAME
            """, new { schema }).AsList();
        return new(rows.Count > 0 ? rows[0].Now : default, TimeSpan.FromSeconds(status["Uptime"]), status["Com_flush"] + status.GetValueOrDefault("Flush_commands"), inFlight,
            [.. rows.Select(r => new TableCounters(r.Name, r.Id, r.Initialised, r.Modified, r.UpdatedAt, r.StatisticsAt))]);
    }

    private static long CountInFlight(DbConnection connection)
    {
        try
        {
            return connection.ExecuteScalar<long>("SELECT COUNT(*) FROM information_schema.INNODB_TRX WHERE trx_rows_modified > 0");
        }
        catch (DbException e) when (Database.ErrorNumber(e) == CannotConvertString)
        {
            return 1; // MySQL cannot show the text of a statement with bytes in it; so there is one
        }
    }

    private const int CannotConvertString = 3854;

    private sealed class Counter
    {
        public DateTime Now { get; init; }

        public string Name { get; init; } = "";

        public ulong Id { get; init; }

        public bool Initialised { get; init; }

        public long Modified { get; init; }

        public DateTime? UpdatedAt { get; init; }

        public DateTime? StatisticsAt { get; init; }
    }
}
