using System.Data.Common;
using Connect.Node.Database;
using Dapper;

namespace Connect.RingDaemon.Replication;

/// <summary>Finds out whose data a server holds.</summary>
internal static class BelongingQuery
{
    /// <remarks>The daemon's account has SHOW DATABASES for this: without it foreign schemas would be invisible.</remarks>
    public static Belonging Read(DbConnection connection, string schema)
    {
        string[] ours = [schema, "information_schema", "performance_schema", "mysql", "sys"];
        var strangers = connection.Query<string>("SHOW DATABASES").Where(name => !ours.Contains(name, StringComparer.OrdinalIgnoreCase)).Order(StringComparer.Ordinal).ToList();
        if (strangers.Count > 0) return new(Ownership.Foreign, null, null, $"it holds the schemas {string.Join(", ", strangers)}, which are not the board's.");

        var tables = connection.Query<string>("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = @schema", new { schema }).ToList();
        var unknown = tables.Except(BoardSchema.Tables, StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (unknown.Count > 0) return new(Ownership.Foreign, null, null, $"the schema {schema} has the tables {string.Join(", ", unknown)}, which are not the board's.");

        // The ring's own row is read last. Whoever founds a ring writes all its first rows in one transaction: who sees any of them sees that row too.
        var filled = tables.Where(table => connection.ExecuteScalar<long>($"SELECT EXISTS (SELECT 1 FROM `{schema}`.`{table}`)") == 1).ToList();
        if (tables.Contains("ring"))
        {
            var rings = connection.Query<(byte[] Id, string Name)>($"SELECT id, name FROM `{schema}`.ring ORDER BY id LIMIT 2").ToList();
            if (rings.Count > 1) return new(Ownership.Foreign, null, null, "it holds rows of more than one ring.");
            if (rings is [var (id, name)]) return new(Ownership.Ring, name, Uuid7.FromBytes(id), $"it belongs to the ring {name}.");
        }
        return filled.Count == 0
            ? new(Ownership.Empty, null, null, "it is empty.")
            : new(Ownership.Foreign, null, null, $"it has rows in {string.Join(", ", filled)} but belongs to no ring.");
    }
}
