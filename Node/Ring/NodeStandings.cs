namespace Connect.Node.Ring;

/// <summary>How a node stands, for whoever judges the ring: the daemon's report and the board's console read the same answer with types of their own, and must not come to two verdicts.</summary>
public interface INodeStanding
{
    /// <summary>One of joining, alive, suspect, unreachable, maintenance, leaving, left.</summary>
    string State { get; }

    /// <summary>Its server, its board and its daemon answer.</summary>
    bool IsUp { get; }

    /// <summary>writable or readonly: what it does when it sees fewer than a majority; null when it does not answer.</summary>
    string? Minority { get; }
}

/// <summary>What is made of all of them.</summary>
public static class NodeStandings
{
    public static bool IsOutOnPurpose(this INodeStanding node) => node.State is "maintenance" or "leaving" or "left";

    /// <summary>The ring is closed, and whoever has not been taken out on purpose does its work.</summary>
    public static bool AreHealthy(this IReadOnlyCollection<INodeStanding> nodes, bool closed) =>
        closed && nodes.Count > 0 && nodes.All(n => n.IsOutOnPurpose() || n is { State: "alive", IsUp: true });

    /// <summary>Members that would do something else in a partition than most; empty if all answer alike. Of two equally frequent settings readonly counts as what is meant.</summary>
    public static IEnumerable<T> OddMinority<T>(this IEnumerable<T> nodes)
        where T : INodeStanding => nodes.Where(n => n.Minority is not null).GroupBy(n => n.Minority)
        .OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).Skip(1).SelectMany(g => g);
}
