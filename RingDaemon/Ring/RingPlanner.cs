using System.Collections.Immutable;
using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Ring;

/// <summary>A member that was considered as a source, nearest first, and what was found.</summary>
public sealed record Candidate(string Name, bool Usable, string Why);

/// <summary>What one node should replicate from, given one view.</summary>
/// <param name="Order">Every member that has not left, in ring order.</param>
/// <param name="Source">The nearest usable member before this node, or null if there is none.</param>
/// <param name="Considered">The members before this node, nearest first, up to and including the source.</param>
public sealed record RingPlan(ImmutableArray<string> Order, string? Source, ImmutableArray<Candidate> Considered)
{
    /// <summary>What members say about broken links, and what came of it, in words; empty if all links work.</summary>
    public string Links { get; init; } = "";
}

/// <summary>
/// Imagine the members on a circle (<see cref="RingCircle"/>). Each looks over its shoulder and replicates from the first member it can use.
/// Everyone who sees the same view finds the same circle, so the answers fit together to one ring without anybody being asked.
/// For a moment views differ and the graph is not a ring; global transaction ids make that harmless.
/// </summary>
public static class RingPlanner
{
    /// <param name="view">Who is there.</param>
    /// <param name="me">This node's name.</param>
    /// <param name="current">The member it replicates from now, or null.</param>
    /// <param name="objections">What this node itself found against a member (its MySQL refuses me, it purged what I need); by name.</param>
    public static RingPlan Plan(View view, string me, string? current, IReadOnlyDictionary<string, string> objections)
    {
        var order = RingCircle.Of(view.Members.Where(m => m.Liveness != Liveness.Left), out var links);
        var before = order.Before(me).Select(name => view.Find(name)!).ToArray();
        var anyServing = before.Any(m => m.Facts.Phase is Phase.Serving or Phase.Leaving && FaultOf(m, objections) is null);
        var considered = ImmutableArray.CreateBuilder<Candidate>();
        foreach (var member in before)
        {
            var fault = FaultOf(member, objections) ?? (member.Facts.Phase == Phase.Joining && anyServing && member.Name != current ? "it is still catching up" : null);
            considered.Add(new(member.Name, fault is null, fault ?? "the nearest usable member before me"));
            if (fault is null) return new(order, member.Name, considered.ToImmutable()) { Links = links };
        }
        return new(order, null, considered.ToImmutable()) { Links = links };
    }

    private static string? FaultOf(Member member, IReadOnlyDictionary<string, string> objections) => member switch
    {
        { Liveness: Liveness.Unreachable } => "it is unreachable",
        { Facts.MysqlUp: false } => "its MySQL is down",
        { Facts.Phase: Phase.Maintenance } => "it is in maintenance",
        { Facts.Phase: Phase.Mending } => "its data is being put right",
        _ => objections.GetValueOrDefault(member.Name),
    };
}
