using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Replication;
using Dapper;

namespace Connect.RingDaemon.Convergence;

/// <summary>One table on one node.</summary>
/// <param name="Digest">128 bits in hex: the XOR of the first half of every row's SHA-256, so that the order of rows does not matter.</param>
public sealed record TableDigest(string Table, long Rows, string Digest);

/// <summary>All replicated tables of one node, read at one position.</summary>
/// <param name="Position">What the server had executed when they were read; null if writes went on during every attempt.</param>
public sealed record NodeDigests(string Node, string? Position, IReadOnlyList<TableDigest> Tables);

/// <summary>
/// Counts and digests this node's tables in one consistent snapshot. Rows are immutable and have distinct primary keys, so equal rows never cancel each
/// other out in the XOR. Columns are hashed as hex, so that no character set comes between two engines.
/// </summary>
public sealed class TableDigests(Database database, IReplicationServer server, NodeSettings settings)
{
    /// <summary>Writes that go on while the tables are read blur the position: it is tried this often.</summary>
    private const int Attempts = 5;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    public async Task<NodeDigests> ReadAsync(CancellationToken cancel)
    {
        IReadOnlyList<TableDigest> tables = [];
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var before = await server.PositionAsync(cancel);
            tables = await database.RunAsync(Read, Deadline, cancel);
            if ((await server.PositionAsync(cancel)).Equals(before)) return new(settings.Name, before.ToString(), tables);
        }
        return new(settings.Name, null, tables);
    }

    private List<TableDigest> Read(System.Data.Common.DbConnection connection)
    {
        var columns = connection.Query<(string Table, string Column)>(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = @schema ORDER BY table_name, ordinal_position",
            new { schema = settings.Database.Schema }).GroupBy(c => c.Table, c => c.Column).ToArray();
        connection.Execute("START TRANSACTION WITH CONSISTENT SNAPSHOT");
        try
        {
            return [.. columns.Select(table => Digest(connection, table.Key, table))];
        }
        finally
        {
            connection.Execute("COMMIT");
        }
    }

    private TableDigest Digest(System.Data.Common.DbConnection connection, string table, IEnumerable<string> columns)
    {
        var row = string.Join(", ", columns.Select(c => $"COALESCE(HEX(`{c}`), '-')"));
        var (rows, high, low) = connection.QuerySingle<(long, ulong, ulong)>($"""
            SELECT COUNT(*), CAST(COALESCE(BIT_XOR(CAST(CONV(SUBSTRING(h, 1, 16), 16, 10) AS UNSIGNED)), 0) AS UNSIGNED),
                             CAST(COALESCE(BIT_XOR(CAST(CONV(SUBSTRING(h, 17, 16), 16, 10) AS UNSIGNED)), 0) AS UNSIGNED)
            FROM (SELECT SHA2(CONCAT_WS('#', {row}), 256) AS h FROM `{settings.Database.Schema}`.`{table}`) AS hashed
            """, commandTimeout: (int)Deadline.TotalSeconds);
        return new(table, rows, $"{high:x16}{low:x16}");
    }
}
