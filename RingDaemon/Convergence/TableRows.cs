using System.Data.Common;
using System.Text.Json;
using Connect.Node.Database;
using Connect.Node.Settings;
using Dapper;

namespace Connect.RingDaemon.Convergence;

/// <summary>One row of any replicated table on its way between two nodes: each column in hex, null for NULL.</summary>
public sealed record Row(IReadOnlyList<string?> Values);

/// <summary>Reads and adds rows of the replicated tables, whatever their columns are. All have a primary key <c>id</c> of 16 bytes.</summary>
public sealed class TableRows(Database database, NodeSettings settings)
{
    /// <summary>Keys in one page.</summary>
    public const int KeyPage = 20_000;

    /// <summary>Rows in one page; a post has up to 32 KB and a part of a file 64 KB, twice that in hex.</summary>
    public const int RowPage = 100;

    /// <summary>Keys in one statement that asks for them by name.</summary>
    private const int KeysInQuestion = 500;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    /// <summary>Keys and a digest of each row, by key, after <paramref name="after"/>.</summary>
    public Task<List<KeyDigest>> KeysAsync(string table, string? after, CancellationToken cancel) => database.RunAsync(connection =>
        connection.Query<KeyDigest>(
            $"SELECT LOWER(HEX(id)) AS `Key`, {RowDigest(connection, settings, table)} AS Digest FROM {Quoted(settings, table)} WHERE id > UNHEX(@after) ORDER BY id LIMIT {KeyPage}",
            new { after = after ?? "" }).AsList(), Deadline, cancel);

    /// <summary>Keys and a digest of each row in a range, by key; at most <see cref="KeyPage"/>.</summary>
    public Task<List<KeyDigest>> KeysAsync(string table, UInt128 first, UInt128 last, CancellationToken cancel) => database.RunAsync(connection =>
        connection.Query<KeyDigest>(
            $"SELECT LOWER(HEX(id)) AS `Key`, {RowDigest(connection, settings, table)} AS Digest FROM {Quoted(settings, table)} WHERE id BETWEEN @first AND @last ORDER BY id LIMIT {KeyPage}",
            new { first = KeyPrefix.Bytes(first), last = KeyPrefix.Bytes(last) }).AsList(), Deadline, cancel);

    /// <summary>The rows that have one of these keys, with a digest each.</summary>
    public Task<List<KeyDigest>> KeysAsync(string table, IReadOnlyCollection<string> keys, CancellationToken cancel) => database.RunAsync(connection =>
    {
        var row = RowDigest(connection, settings, table);
        var found = new List<KeyDigest>();
        foreach (var page in keys.Chunk(KeysInQuestion))
        {
            found.AddRange(connection.Query<KeyDigest>(
                $"SELECT LOWER(HEX(id)) AS `Key`, {row} AS Digest FROM {Quoted(settings, table)} WHERE id IN @ids", new { ids = page.Select(Convert.FromHexString) }));
        }
        return found;
    }, Deadline, cancel);

    public Task<List<Row>> ReadAsync(string table, IReadOnlyCollection<string> keys, CancellationToken cancel) => database.RunAsync(connection =>
        Read(connection, table, Columns(connection, settings, table), keys), Deadline, cancel);

    private List<Row> Read(DbConnection connection, string table, List<Column> columns, IReadOnlyCollection<string> keys, DbTransaction? transaction = null)
    {
        var values = string.Join(", ", columns.Select(c => c.IsBinary ? $"HEX(`{c.Name}`)" : $"HEX(CAST(`{c.Name}` AS CHAR CHARACTER SET utf8mb4))"));
        using var reader = connection.ExecuteReader($"SELECT {values} FROM {Quoted(settings, table)} WHERE id IN @ids ORDER BY id", new { ids = keys.Take(RowPage).Select(Convert.FromHexString) }, transaction);
        var rows = new List<Row>();
        while (reader.Read()) rows.Add(new([.. Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? null : reader.GetString(i))]));
        return rows;
    }

    /// <summary>
    /// Adds rows that are missing here; what is there already stays as it is.
    /// </summary>
    /// <param name="logged">False: outside the binary log, for every member repairs itself, and the position must not move. True: as writes of this server's own, which reach everyone.</param>
    /// <returns>How many were added.</returns>
    public Task<int> AddAsync(string table, IReadOnlyCollection<Row> rows, bool logged, CancellationToken cancel) => database.RunAsync(connection =>
    {
        var columns = Columns(connection, settings, table);
        var values = string.Join(", ", columns.Select(Value));
        var insert = $"INSERT IGNORE INTO {Quoted(settings, table)} ({string.Join(", ", columns.Select(c => $"`{c.Name}`"))}) VALUES ({values})";
        using var unlogged = logged ? null : new UnloggedWrites(connection);
        using var transaction = connection.BeginTransaction();
        var added = 0;
        foreach (var row in rows)
        {
            if (row.Values.Count != columns.Count) throw new FormatException($"A row of {table} has {row.Values.Count} columns, {columns.Count} are expected: is everybody on one version?");
            added += connection.Execute(insert, Parameters(row), transaction);
        }
        transaction.Commit();
        return added;
    }, Deadline, cancel);

    /// <summary>
    /// Replaces rows by others of the same key, outside the binary log. The old ones are saved first. All in one transaction, read back before it is committed.
    /// </summary>
    /// <param name="table">A replicated table.</param>
    /// <param name="rows">The new contents.</param>
    /// <param name="digests">For each key the digest that the row must have now, and the one that it gets. A row that is another by now is left alone; if any did not become what it should, none is replaced.</param>
    /// <param name="file">Where the old ones are written, a JSON line each, before anything is changed.</param>
    /// <param name="cancel">Ends it early.</param>
    /// <returns>The keys of the rows that were replaced.</returns>
    public Task<IReadOnlySet<string>> ReplaceAsync(string table, IReadOnlyCollection<Row> rows, IReadOnlyDictionary<string, (string Was, string Becomes)> digests, string file, CancellationToken cancel) =>
        database.RunAsync<IReadOnlySet<string>>(connection =>
        {
            var columns = Columns(connection, settings, table);
            var change = $"UPDATE {Quoted(settings, table)} SET {string.Join(", ", columns.Select((c, i) => $"`{c.Name}` = {Value(c, i)}"))} WHERE id = UNHEX(@v0)";
            var look = $"SELECT LOWER(HEX(id)) AS `Key`, {RowDigest(connection, settings, table)} AS Digest FROM {Quoted(settings, table)} WHERE id IN @ids";
            using var unlogged = new UnloggedWrites(connection);
            using var transaction = connection.BeginTransaction();
            Dictionary<string, string> Look(IEnumerable<string> keys, string how) =>
                connection.Query<KeyDigest>(look + how, new { ids = keys.Select(Convert.FromHexString) }, transaction).ToDictionary(r => r.Key, r => r.Digest, StringComparer.Ordinal);
            var fit = Look(digests.Keys, " FOR UPDATE").Where(r => digests[r.Key].Was == r.Value).Select(r => r.Key).ToHashSet(StringComparer.Ordinal);
            Row[] given = [.. rows.Where(r => r.Values.Count == columns.Count && fit.Contains(KeyOf(r)))];
            fit.IntersectWith(given.Select(KeyOf));
            if (fit.Count == 0) return fit;
            Save(file, table, columns, Read(connection, table, columns, fit, transaction));
            foreach (var row in given) connection.Execute(change, Parameters(row), transaction);
            var now = Look(fit, "");
            // The trusted row may have been changed since it was compared: then none of it is done.
            if (fit.Any(key => !now.TryGetValue(key, out var digest) || digest != digests[key].Becomes))
            {
                transaction.Rollback();
                return new HashSet<string>();
            }
            transaction.Commit();
            return fit;
        }, Deadline, cancel);

    private static void Save(string file, string table, List<Column> columns, List<Row> rows)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        using var stream = new FileStream(file, FileMode.CreateNew, FileAccess.Write);
        foreach (var row in rows)
        {
            // As Row: each column in hex, null for NULL.
            JsonSerializer.Serialize(stream, new { table, columns = columns.Select((c, i) => (c.Name, Value: row.Values[i])).ToDictionary(c => c.Name, c => c.Value) });
            stream.WriteByte((byte)'\n');
        }
        stream.Flush(flushToDisk: true);
    }

    private static string KeyOf(Row row) => row.Values[0]!.ToLowerInvariant();

    private static string Value(Column column, int i) => column.IsBinary ? $"UNHEX(@v{i})" : $"CONVERT(UNHEX(@v{i}) USING utf8mb4)";

    private static DynamicParameters Parameters(Row row)
    {
        var parameters = new DynamicParameters();
        for (var i = 0; i < row.Values.Count; i++) parameters.Add($"v{i}", row.Values[i]);
        return parameters;
    }

    /// <exception cref="ArgumentException">There is no such table: names go into SQL text, so only known ones do.</exception>
    internal static string Quoted(NodeSettings settings, string table) => BoardSchema.Tables.Contains(table, StringComparer.Ordinal)
        ? $"`{settings.Database.Schema}`.`{table}`" : throw new ArgumentException($"'{table}' is not a replicated table.", nameof(table));

    /// <summary>
    /// SQL for the digest of a row: SHA-256 over all its columns in hex, so that no character set comes between two servers, and NULL is not an empty text.
    /// </summary>
    internal static string RowDigest(DbConnection connection, NodeSettings settings, string table) => $"SHA2(CONCAT_WS('#', {string.Join(", ", Columns(connection, settings, table)
        // HEX of a number with a fraction would round it; of a file's bytes it would be twice as much work.
        .Select(c => c.IsLarge ? $"COALESCE(SHA2(`{c.Name}`, 256), '-')" : c.HasFraction ? $"COALESCE(HEX(CAST(`{c.Name}` AS CHAR)), '-')" : $"COALESCE(HEX(`{c.Name}`), '-')"))}), 256)";

    private static List<Column> Columns(DbConnection connection, NodeSettings settings, string table) => connection.Query<Column>(
        """
        SELECT column_name AS Name, data_type IN ('binary', 'varbinary', 'blob', 'mediumblob', 'longblob') AS IsBinary, data_type IN ('decimal', 'float', 'double') AS HasFraction, data_type = 'mediumblob' AS IsLarge
        FROM information_schema.columns WHERE table_schema = @schema AND table_name = @table ORDER BY ordinal_position
        """, new { schema = settings.Database.Schema, table }).AsList();

    /// <summary>A row's primary key in hex and the SHA-256 of all its columns.</summary>
    public sealed record KeyDigest(string Key, string Digest);

    private sealed class Column
    {
        public string Name { get; init; } = "";

        public bool IsBinary { get; init; }

        public bool HasFraction { get; init; }

        public bool IsLarge { get; init; }
    }
}
