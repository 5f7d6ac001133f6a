using Connect.RingDaemon.Api;

namespace Connect.RingDaemon.Cli;

/// <summary>
/// Draws a ring: one node a block, the arrow from each source to its replica, the last one back to the first.
/// A link that does not run is drawn broken and says why.
/// </summary>
internal static class TopologyDrawing
{
    private sealed record Glyphs(string Top, string Side, string Bottom, string Down, string Head, string Broken)
    {
        public static Glyphs Unicode { get; } = new("╭─▶ ", "│   ", "╰───╯ ", "│", "▼", "╳");

        public static Glyphs Ascii { get; } = new("+-> ", "|   ", "+---+ ", "|", "v", "x");
    }

    public static IEnumerable<string> Lines(RingReport report, Terminal terminal)
    {
        var glyphs = terminal.Unicode ? Glyphs.Unicode : Glyphs.Ascii;
        var inRing = report.Ring.Order.Select(name => report.Nodes.FirstOrDefault(n => n.Name == name)).OfType<NodeStatus>().ToList();
        yield return report.Ring.Closed ? $"{terminal.Good("closed")} ring of {Count(inRing.Count)}" : $"{terminal.Bad("open")} ring of {Count(inRing.Count)}";
        var width = report.Nodes.Select(n => n.Name.Length).DefaultIfEmpty(0).Max();
        for (var i = 0; i < inRing.Count; i++)
        {
            var node = inRing[i];
            var replica = inRing[(i + 1) % inRing.Count];
            var (whole, words) = Link(node, replica, terminal);
            yield return $"{(i == 0 ? glyphs.Top : glyphs.Side)}{terminal.Bold(node.Name.PadRight(width))}  {Describe(node, terminal)}";
            if (inRing.Count == 1) break;
            if (i == inRing.Count - 1)
            {
                yield return $"{glyphs.Bottom}{(whole ? "" : glyphs.Broken + " ")}{words}".TrimEnd();
                continue;
            }
            yield return $"{glyphs.Side}{(whole ? glyphs.Down : glyphs.Broken)} {words}".TrimEnd();
            yield return $"{glyphs.Side}{glyphs.Head}";
        }
        foreach (var node in report.Nodes.Where(n => !report.Ring.Order.Contains(n.Name)))
            yield return $"    {terminal.Bold(node.Name.PadRight(width))}  {Describe(node, terminal)}, outside the ring{(node.Source is null ? "" : $", reads from {node.Source}")}";
    }

    private static (bool Whole, string Words) Link(NodeStatus source, NodeStatus replica, Terminal terminal)
    {
        if (replica.Source != source.Name) return (false, terminal.Bad($"{replica.Name} reads from {replica.Source ?? "nobody"}"));
        var lag = replica.LagSeconds is { } seconds ? $", lag {seconds:0.0} s" : "";
        return replica.Replication == "running" ? (true, terminal.Faint($"running{lag}")) : (false, terminal.Bad($"{replica.Replication}{lag}"));
    }

    private static string Describe(NodeStatus node, Terminal terminal)
    {
        var down = new List<string>();
        if (!node.Mysql.Up) down.Add("mysql");
        if (!node.Web.Up) down.Add("web");
        if (!node.Daemon.Up) down.Add("daemon");
        var faults = down.Count == 0 ? "" : ", " + terminal.Bad($"{string.Join(" and ", down)} down");
        return $"{terminal.State(node.State)}, {node.Engine} at {node.Mysql.Host}:{node.Mysql.Port}, {node.Web.Url}{faults}{(node.InLoadBalancer ? "" : ", " + terminal.Warn("no traffic"))}";
    }

    private static string Count(int nodes) => nodes == 1 ? "1 node" : $"{nodes} nodes";
}
