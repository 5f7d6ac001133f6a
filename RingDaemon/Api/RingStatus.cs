using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.LoadBalancing;
using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Api;

/// <summary>Makes one picture of what the members answered.</summary>
public static class RingStatus
{
    /// <summary>
    /// Puts together what the members answered. The ring is closed only if following <c>source</c> from any alive node visits every alive node once,
    /// over links that run; a single node is a closed ring of one.
    /// </summary>
    public static RingReport Of(
        string board, View view, IReadOnlyList<string> order, IReadOnlyDictionary<string, NodeReport> answers, IReadOnlyList<Backend> balanced, bool converged)
    {
        var inBalancer = balanced.Where(b => b.TakesTraffic).Select(b => b.Node).ToHashSet(StringComparer.Ordinal);
        var nodes = order.Select(name => view.Find(name)!).Select(m => NodeOf(m, answers.GetValueOrDefault(m.Name), inBalancer.Contains(m.Name))).ToArray();
        return new() { Board = board, Ring = new(IsClosed(nodes), [.. order], view.Version), Converged = converged, Nodes = nodes };
    }

    private static NodeStatus NodeOf(Member member, NodeReport? answer, bool inBalancer)
    {
        var facts = member.Facts;
        var lost = member.Liveness == Liveness.Unreachable;
        return new()
        {
            Name = member.Name,
            // A member that answers speaks for itself; of a silent one only what it last said is known.
            State = answer is { State: not "suspect" and not "unreachable" } ? answer.State : NodeState.Of(member),
            Engine = facts.EngineVersion,
            Source = answer is null ? facts.Source : answer.Source,
            Replication = answer?.Replication ?? (lost ? "unknown" : facts.SourceRunning ? "running" : "stopped"),
            LagSeconds = answer?.LagSeconds,
            Mysql = new(facts.MysqlHost, facts.MysqlPort, answer?.MysqlUp ?? (facts.MysqlUp && !lost)),
            Web = new(facts.WebUrl, answer?.WebUp ?? (facts.WebUp && !lost)),
            Daemon = new(facts.DaemonUrl, answer is not null),
            ServerId = answer?.ServerId ?? facts.ServerId,
            InLoadBalancer = inBalancer,
            Why = answer?.Why ?? (lost ? "no sign of life" : "its daemon does not answer"),
            ReadOnly = answer?.ReadOnly,
            Minority = answer?.Minority,
            Position = answer?.Position,
            Compared = answer?.Compared,
        };
    }

    private static bool IsClosed(IReadOnlyList<NodeStatus> nodes)
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
