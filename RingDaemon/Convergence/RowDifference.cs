namespace Connect.RingDaemon.Convergence;

/// <summary>One row that is not the same on every member.</summary>
/// <param name="Table">Its table.</param>
/// <param name="Key">Its primary key, 32 hexadecimal digits.</param>
/// <param name="Missing">Members that lack it.</param>
/// <param name="Contents">For each member that has it, the first 16 digits of the digest of its columns.</param>
public sealed record RowDifference(string Table, string Key, IReadOnlyList<string> Missing, IReadOnlyDictionary<string, string> Contents)
{
    private const int ShownDigits = 16;

    /// <summary>It has several contents. Rows are immutable, so somebody changed one by hand.</summary>
    public bool Conflict => Contents.Values.Distinct(StringComparer.Ordinal).Count() > 1;

    /// <summary>Compares what several members have at some keys.</summary>
    /// <param name="table">The table.</param>
    /// <param name="rows">Each member's rows there.</param>
    /// <returns>The rows that are not the same everywhere, by key.</returns>
    public static IEnumerable<RowDifference> Among(string table, IReadOnlyDictionary<string, IReadOnlyList<TableRows.KeyDigest>> rows)
    {
        var byKey = new SortedDictionary<string, Dictionary<string, string>>(StringComparer.Ordinal);
        foreach (var (node, has) in rows)
        {
            foreach (var row in has)
            {
                if (!byKey.TryGetValue(row.Key, out var contents)) byKey[row.Key] = contents = new(StringComparer.Ordinal);
                contents[node] = row.Digest[..ShownDigits];
            }
        }
        foreach (var (key, contents) in byKey)
        {
            if (contents.Count == rows.Count && contents.Values.Distinct(StringComparer.Ordinal).Count() == 1) continue;
            yield return new(table, key, [.. rows.Keys.Where(n => !contents.ContainsKey(n)).Order(StringComparer.Ordinal)], contents);
        }
    }
}
