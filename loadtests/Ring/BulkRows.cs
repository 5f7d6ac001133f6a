using Connect.Node.Database;
using Dapper;

namespace Connect.LoadTests.Ring;

/// <summary>Brings rows into a node's server past the board, many at once.</summary>
public static class BulkRows
{
    private const int PerStatement = 500;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Inserts these rows in one transaction.</summary>
    /// <param name="into">The table and its columns.</param>
    /// <param name="rows">Each in parentheses, as SQL; never anything that somebody has typed.</param>
    /// <exception cref="DatabaseUnavailableException">The server refused, or took too long.</exception>
    public static Task InsertAsync(Database database, string into, IEnumerable<string> rows, CancellationToken cancel) => database.RunAsync(connection =>
    {
        using var transaction = connection.BeginTransaction();
        foreach (var some in rows.Chunk(PerStatement)) connection.Execute($"INSERT INTO {into} VALUES {string.Join(',', some)}", transaction: transaction);
        transaction.Commit();
    }, Patience, cancel);

    /// <summary>A UUIDv7, the same for the same seed.</summary>
    /// <param name="milliseconds">Since 1970.</param>
    /// <param name="counter">0 to 4095.</param>
    public static Guid Id(long milliseconds, long counter, Random random) => Guid.ParseExact($"{milliseconds:x12}7{counter:x3}8{random.NextInt64() & 0xFFFFFFFFFFFFFFF:x15}", "N");
}
