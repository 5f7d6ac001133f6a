using System.Data.Common;
using Connect.LoadTests.Ring;
using Connect.Node.Database;
using Dapper;

namespace Connect.LoadTests.Nemesis;

/// <summary>A table as one node has it.</summary>
/// <param name="Digest">Two halves of the XOR of SHA-256 over all rows: whichever order they came in.</param>
public sealed record TableCopy(string Node, string Table, long Rows, string Digest);

/// <summary>
/// Compares what all servers hold, row for row and column for column, with SQL of its own on each of them: it shares nothing with the daemons' checksum.
/// </summary>
public static class CopyCheck
{
    private static readonly TimeSpan QueryDeadline = TimeSpan.FromSeconds(30);

    /// <summary>Every table of every node.</summary>
    /// <param name="deadline">For all tables of one server; half a minute if it is not said.</param>
    /// <exception cref="DatabaseUnavailableException">A server does not answer.</exception>
    public static async Task<IReadOnlyList<TableCopy>> ReadAsync(RingUnderTest ring, CancellationToken cancel, TimeSpan? deadline = null) =>
        [.. (await Task.WhenAll(ring.Nodes.Select(node => ReadAsync(node, deadline ?? QueryDeadline, cancel)))).SelectMany(copies => copies)];

    /// <summary>What differs, in words; empty if all copies are equal.</summary>
    public static IReadOnlyList<string> Differences(IReadOnlyList<TableCopy> copies, IReadOnlyCollection<string> nodes) =>
    [
        .. from table in copies.GroupBy(c => c.Table)
           where table.Count() != nodes.Count || table.Select(c => (c.Rows, c.Digest)).Distinct().Count() != 1
           select $"{table.Key}: {string.Join(", ", table.OrderBy(c => c.Node).Select(c => $"{c.Node} {c.Rows} rows {c.Digest[..8]}"))}",
    ];

    private static async Task<IReadOnlyList<TableCopy>> ReadAsync(RingMember node, TimeSpan deadline, CancellationToken cancel)
    {
        using var database = node.OpenDatabase((int)deadline.TotalSeconds);
        return await database.RunAsync(connection => Read(connection, node.Name), deadline, cancel);
    }

    private static List<TableCopy> Read(DbConnection connection, string node)
    {
        var columns = connection.Query<(string Table, string Column)>(
            "SELECT c.table_name, c.column_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name) "
            + "WHERE c.table_schema = DATABASE() AND t.table_type = 'BASE TABLE' ORDER BY c.table_name, c.ordinal_position").AsList();
        var copies = new List<TableCopy>();
        foreach (var table in columns.GroupBy(c => c.Table))
        {
            var row = $"SHA2(CONCAT_WS('|', {string.Join(", ", table.Select(c => $"IFNULL(HEX(`{c.Column}`), '-')"))}), 256)";
            var half = (int from) => $"HEX(BIT_XOR(CAST(CONV(SUBSTRING(h, {from}, 16), 16, 10) AS UNSIGNED)))";
            var (rows, first, second) = connection.QuerySingle<(long, string, string)>($"SELECT COUNT(*), {half(1)}, {half(17)} FROM (SELECT {row} AS h FROM `{table.Key}`) AS r");
            copies.Add(new(node, table.Key, rows, first.PadLeft(16, '0') + second.PadLeft(16, '0')));
        }
        return copies;
    }
}
