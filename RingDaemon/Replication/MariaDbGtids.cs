using System.Data.Common;
using Dapper;

namespace Connect.RingDaemon.Replication;

/// <summary>
/// MariaDB positions as text, with the server id of each entry kept. <see cref="Node.Database.GtidSet"/> forgets it (within a ring it equals the
/// domain), but a server that was adopted, or that changed its identity, has entries such as <c>0-7-12</c>, and a source compares all three numbers.
/// </summary>
internal static class MariaDbGtids
{
    /// <summary>For each domain the entry with the higher sequence number.</summary>
    public static string Merge(string? a, string? b)
    {
        var domains = new SortedDictionary<uint, (ulong Sequence, string Text)>();
        foreach (var entry in $"{a},{b}".Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var fields = entry.Split('-');
            if (fields.Length != 3 || !uint.TryParse(fields[0], out var domain) || !ulong.TryParse(fields[2], out var sequence))
                throw new FormatException($"'{entry}' is not a MariaDB GTID (domain-server-sequence).");
            if (!domains.TryGetValue(domain, out var known) || known.Sequence < sequence) domains[domain] = (sequence, entry);
        }
        return string.Join(',', domains.Values.Select(d => d.Text));
    }

    /// <summary>
    /// Empties the binary log and sets both positions: <c>gtid_slave_pos</c>, so that replication goes on from there, and <c>gtid_binlog_state</c>, so that this server knows
    /// that it cannot send what came before. Without the latter it would let a replica that lacks it connect, and skip it in silence. Replication must be stopped.
    /// </summary>
    public static void Stand(DbConnection connection, string position)
    {
        connection.Execute("RESET MASTER");
        connection.Execute("SET GLOBAL gtid_binlog_state = @position", new { position });
        connection.Execute("SET GLOBAL gtid_slave_pos = @position", new { position });
    }
}
