using System.Globalization;

namespace Connect.RingDaemon.Local;

/// <summary>The three ports of one node.</summary>
public sealed record NodePorts(int Web, int Daemon, int Mysql);

/// <summary>A port that someone listens on already.</summary>
/// <param name="Port">The port.</param>
/// <param name="Holder">Like <c>nginx (process 812)</c>; null when it cannot be seen who it is.</param>
public sealed record BusyPort(int Port, string? Holder)
{
    public override string ToString() => Holder is null ? $"{Port} (held by a process of another user)" : $"{Port} (held by {Holder})";
}

/// <summary>
/// Every port of a local ring follows from the one people use: with 8080, node 1 has the board at 8081, the daemon at 7081 and the server at 13306,
/// node 2 has 8082, 7082 and 13307, and so on. Two rings whose first ports are 100 apart never meet.
/// </summary>
public static class Ports
{
    /// <summary>Nodes a local ring may have: as many as the load balancer has slots.</summary>
    public const int MaxNodes = 32;

    public const int Lowest = 2100;

    public const int Highest = 60_000;

    private const int DaemonsBelow = 1000;
    private const int ServersAbove = 13_305 - 8080;

    /// <param name="board">The load balancer's port.</param>
    /// <param name="index">The node's number, from 1.</param>
    public static NodePorts Of(int board, int index)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(index, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(index, MaxNodes);
        return new(board + index, board - DaemonsBelow + index, board + ServersAbove + index);
    }

    /// <summary>Every port of a ring, the load balancer's first.</summary>
    public static IEnumerable<int> All(int board, IEnumerable<int> indexes) =>
        [board, .. indexes.Select(i => Of(board, i)).SelectMany(p => new[] { p.Web, p.Daemon, p.Mysql })];

    /// <summary>Those of <paramref name="ports"/> that are taken on this machine, over TCP or (daemons gossip) UDP.</summary>
    public static IReadOnlyList<BusyPort> Busy(IEnumerable<int> ports)
    {
        var wanted = ports.ToHashSet();
        var sockets = new[] { ("tcp", true), ("tcp6", true), ("udp", false), ("udp6", false) }
            .SelectMany(table => Listening($"/proc/net/{table.Item1}", table.Item2))
            .Where(socket => wanted.Contains(socket.Port)).DistinctBy(socket => socket.Port).ToList();
        if (sockets.Count == 0) return [];
        var holders = Holders(sockets.Select(s => s.Inode).ToHashSet());
        return [.. sockets.OrderBy(s => s.Port).Select(s => new BusyPort(s.Port, holders.GetValueOrDefault(s.Inode)))];
    }

    private static IEnumerable<(int Port, string Inode)> Listening(string table, bool onlyListening)
    {
        if (!File.Exists(table)) yield break;
        foreach (var line in File.ReadLines(table).Skip(1))
        {
            // sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length < 10 || (onlyListening && fields[3] != "0A")) continue;
            var port = int.Parse(fields[1].AsSpan(fields[1].LastIndexOf(':') + 1), NumberStyles.HexNumber);
            yield return (port, fields[9]);
        }
    }

    private static Dictionary<string, string> Holders(HashSet<string> inodes)
    {
        var found = new Dictionary<string, string>();
        foreach (var pid in ProcessTable.Pids())
        {
            try
            {
                foreach (var descriptor in Directory.EnumerateFiles($"/proc/{pid}/fd"))
                {
                    var target = new FileInfo(descriptor).LinkTarget ?? "";
                    if (!target.StartsWith("socket:[", StringComparison.Ordinal) || !inodes.Contains(target[8..^1])) continue;
                    found[target[8..^1]] = $"{File.ReadAllText($"/proc/{pid}/comm").Trim()} (process {pid})";
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The process ended while it was looked at, or belongs to someone else.
            }
        }
        return found;
    }
}
