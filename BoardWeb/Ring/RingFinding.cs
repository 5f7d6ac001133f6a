using Connect.Node.Ring;

namespace Connect.BoardWeb.Ring;

/// <summary>Something an operator should know about the ring, in the reader's language.</summary>
/// <param name="IsFault">Something does not work; otherwise it does, and will or may not for long.</param>
/// <param name="Why">In the daemon's own words, which are English; null if it says nothing.</param>
/// <param name="Command">What to type next: it mends this, or says more; null if nothing needs to be done.</param>
public sealed record RingFinding(bool IsFault, string Text, string? Why = null, string? Command = null)
{
    /// <summary>What is wrong, faults first; empty if all is well.</summary>
    public static IReadOnlyList<RingFinding> Of(RingReport ring)
    {
        var findings = new List<RingFinding>();
        if (!ring.Ring.Closed) findings.Add(new(true, T["OpsOpen"], null, "./connect topology"));
        foreach (var node in ring.Nodes) findings.AddRange(Of(node));
        foreach (var odd in ring.Nodes.OddMinority()) findings.Add(new(false, T["OpsOddMinority", odd.Name, odd.Minority]));
        return [.. findings.OrderByDescending(f => f.IsFault)];
    }

    private static IEnumerable<RingFinding> Of(RingNode node)
    {
        var (name, explain) = (node.Name, $"./connect explain {node.Name}");
        if (node.IsOutOnPurpose()) yield return new(false, T["OpsOut", name], Words(node.Why), node.State == "maintenance" ? $"./connect maintenance off {name}" : null);
        else if (node.IsSilent) yield return new(true, T["OpsSilent", name], Words(node.Why), $"./connect start {name}");
        else
        {
            if (node.State == "joining") yield return new(true, T["OpsJoining", name], Words(node.Why), explain);
            if (!node.Daemon.Up) yield return new(true, T["OpsDaemonDown", name], null, $"./connect logs {name}");
            if (!node.Mysql.Up) yield return new(true, T["OpsServerDown", name], Words(node.Why), explain);
            if (!node.Web.Up) yield return new(true, T["OpsBoardDown", name], null, $"./connect logs {name}");
            if (node is { State: "alive", Source: not null, Replication: "stopped" }) yield return new(true, T["OpsReplicationStopped", name, node.Source], null, $"./connect rejoin {name}");
            if (node is { State: "alive", InLoadBalancer: false }) yield return new(false, T["OpsNoReaders", name], null, explain);
            if (node.ReadOnly is { } why) yield return new(false, T["OpsTakesNoPosts", name], why, explain);
        }
        if (node.Compared is { Equal: false } compared) yield return new(true, T["OpsRowsDiffer", name, compared.With, compared.Differing], null, "./connect checksum");
        if (node.Logs is { AwaySince: not null, Left: "None" }) yield return new(false, T["OpsNoLogs", name]);
        else if (node.Logs is { AwaySince: not null, Left: "Soon", SecondsLeft: { } left }) yield return new(false, T["OpsLogsSoon", name, Math.Floor(left / 60)]);
    }

    private static string? Words(string? why) => string.IsNullOrWhiteSpace(why) ? null : why;
}
