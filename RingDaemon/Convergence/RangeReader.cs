using System.Data.Common;
using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Replication;
using Dapper;

namespace Connect.RingDaemon.Convergence;

/// <summary>Reads counts and digests of key ranges on this node's own server. Every statement is bounded: by rows where it reads rows, by an index where it only counts.</summary>
public sealed class RangeReader(Database database, NodeSettings settings) : IRangeReader
{
    /// <summary>Rows read in one statement, about 50 ms of the server's time.</summary>
    public const int SliceRows = 16_384;

    /// <summary>Counting a million rows by an index takes a quarter of a second; reading a slice less. A server that needs longer than this is not well.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly IDialect _dialect = Dialect.Of(settings.Database.Engine);

    /// <remarks>Null if the account may not read them: its server was set up by an older version.</remarks>
    public Task<ModificationCounters?> CountersAsync(CancellationToken cancel) => database.RunAsync(connection =>
    {
        try
        {
            return _dialect.Counters(connection, settings.Database.Schema);
        }
        catch (DbException e) when (Database.ErrorNumber(e) is AccessDenied or TableAccessDenied or UnknownTable)
        {
            return null;
        }
    }, Deadline, cancel);

    /// <remarks>Reads an index only: without a condition the narrowest one.</remarks>
    public Task<List<PrefixCount>> CountAsync(string table, UInt128 from, int digits, CancellationToken cancel) => database.RunAsync(connection =>
        connection.Query<(string Prefix, long Rows)>(
            $"SELECT {Digits(digits)} AS p, COUNT(*) FROM {TableRows.Quoted(settings, table)}{(from == 0 ? "" : " WHERE id >= @from")} GROUP BY p ORDER BY p", new { from = KeyPrefix.Bytes(from) })
            .Select(r => new PrefixCount(KeyPrefix.Parse(r.Prefix), r.Rows)).ToList(), Deadline, cancel);

    /// <remarks>A condition would make the server read whole rows by the primary key; as it is, it reads the narrowest index.</remarks>
    public Task<long> CountBeforeAsync(string table, UInt128 key, CancellationToken cancel) => database.RunAsync(connection =>
        connection.ExecuteScalar<long>($"SELECT COALESCE(SUM(id < @key), 0) FROM {TableRows.Quoted(settings, table)}", new { key = KeyPrefix.Bytes(key) }), Deadline, cancel);

    public Task<List<PrefixDigest>> DigestAsync(string table, UInt128 first, UInt128 last, int digits, CancellationToken cancel) => database.RunAsync(connection =>
        connection.Query<(string Prefix, long Rows, ulong Digest)>(
            $"""
            SELECT {Digits(digits)} AS p, COUNT(*), BIT_XOR(CAST(CONV(LEFT({TableRows.RowDigest(connection, settings, table)}, 16), 16, 10) AS UNSIGNED))
            FROM {TableRows.Quoted(settings, table)} WHERE id BETWEEN @first AND @last GROUP BY p ORDER BY p
            """, new { first = KeyPrefix.Bytes(first), last = KeyPrefix.Bytes(last) })
            .Select(r => new PrefixDigest(KeyPrefix.Parse(r.Prefix), new(r.Rows, r.Digest))).ToList(), Deadline, cancel);

    /// <remarks>About <see cref="SliceRows"/> rows.</remarks>
    public Task<Slice?> SliceAsync(string table, UInt128 from, CancellationToken cancel) => database.RunAsync<Slice?>(connection =>
    {
        byte[]? At(string order, int offset) => connection.ExecuteScalar<byte[]?>(
            $"SELECT id FROM {TableRows.Quoted(settings, table)} WHERE id >= @from ORDER BY id {order} LIMIT 1 OFFSET {offset}", new { from = KeyPrefix.Bytes(from) });
        if (At("ASC", 0) is not { } first) return null;
        var beyond = At("ASC", SliceRows);
        return Slice.Of(from, KeyPrefix.Key(first), KeyPrefix.Key(beyond ?? At("DESC", 0) ?? first), more: beyond is not null);
    }, Deadline, cancel);

    private static string Digits(int digits) => $"LOWER(LEFT(HEX(id), {digits}))";

    private const int AccessDenied = 1227;
    private const int TableAccessDenied = 1142;
    private const int UnknownTable = 1109;
}
