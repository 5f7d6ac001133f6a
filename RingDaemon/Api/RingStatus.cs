using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.LoadBalancing;
using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Api;

/// <summary>The whole ring, as <c>status --json</c> of CONTRACT prints it. Names and shape stay put.</summary>
public sealed record RingStatus(string Board, RingStatus.RingPart Ring, bool Converged, IReadOnlyList<RingStatus.NodePart> Nodes)
{
    public sealed record RingPart(bool Closed, IReadOnlyList<string> Order, long View);

    public sealed record NodePart(
        string Name, string State, string Engine, string? Source, string Replication, double? LagSeconds, MysqlPart Mysql, UrlPart Web, UrlPart Daemon,
        uint ServerId, bool InLoadBalancer, string Why, string? Position);

    public sealed record MysqlPart(string Host, int Port, bool Up);

    public sealed record UrlPart(string Url, bool Up);

    /// <summary>
    /// Puts together what the members answered. The ring is closed only if following <c>source</c> from any alive node visits every alive node once,
    /// over links that run; a single node is a closed ring of one.
    /// </summary>
    public static RingStatus Of(
        string board, View view, IReadOnlyList<string> order, IReadOnlyDictionary<string, NodeReport> answers, IReadOnlyList<Backend> balanced, bool converged)
    {
        var inBalancer = balanced.Where(b => b.TakesTraffic).Select(b => b.Node).ToHashSet(StringComparer.Ordinal);
        var nodes = order.Select(name => view.Find(name)!).Select(m => NodeOf(m, answers.GetValueOrDefault(m.Name), inBalancer.Contains(m.Name))).ToArray();
        return new(board, new(IsClosed(nodes), [.. order], view.Version), converged, nodes);
    }

    private static NodePart NodeOf(Member member, NodeReport? answer, bool inBalancer)
    {
        var facts = member.Facts;
        // A member that answers speaks for itself; of a silent one only what it last said is known.
        var state = answer is { State: not "suspect" and not "unreachable" } ? answer.State : NodeState.Of(member);
        return new(
            member.Name, state, facts.EngineVersion, answer is null ? facts.Source : answer.Source,
            answer?.Replication ?? (member.Liveness == Liveness.Unreachable ? "unknown" : facts.SourceRunning ? "running" : "stopped"),
            answer?.LagSeconds, new(facts.MysqlHost, facts.MysqlPort, answer?.MysqlUp ?? (facts.MysqlUp && member.Liveness != Liveness.Unreachable)),
            new(facts.WebUrl, answer?.WebUp ?? (facts.WebUp && member.Liveness != Liveness.Unreachable)), new(facts.DaemonUrl, answer is not null),
            answer?.ServerId ?? facts.ServerId, inBalancer, answer?.Why ?? (member.Liveness == Liveness.Unreachable ? "no sign of life" : "its daemon does not answer"),
            answer?.Position);
    }

    private static bool IsClosed(IReadOnlyList<NodePart> nodes)
    {
        var alive = nodes.Where(n => n.State == "alive").ToDictionary(n => n.Name, StringComparer.Ordinal);
        if (alive.Count == 0) return false;
        if (alive.Count == 1) return true;
        var visited = new HashSet<string>(StringComparer.Ordinal);
        for (var at = alive.Values.First(); visited.Add(at.Name);)
        {
            if (at.Replication != "running" || at.Source is null || !alive.TryGetValue(at.Source, out var next)) return false;
            at = next;
        }
        return visited.Count == alive.Count;
    }

    /// <summary>Everything that any of them has executed, or null if somebody's position is not known.</summary>
    public static GtidSet? UnionOf(Engine engine, IEnumerable<NodeReport> answers)
    {
        var all = GtidSet.Empty(engine);
        foreach (var answer in answers)
        {
            if (answer.Position is null) return null;
            all = all.Union(GtidSet.Parse(engine, answer.Position));
        }
        return all;
    }
}
