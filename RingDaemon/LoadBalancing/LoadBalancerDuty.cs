using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Ring;

namespace Connect.RingDaemon.LoadBalancing;

/// <summary>
/// What one node owes the load balancer: its own state, and that of the dead between it and the next living member before it. So every node has exactly one that
/// speaks for it, without anybody being elected, and the two halves of a cut ring do not take each other's members out twice.
/// </summary>
public static class LoadBalancerDuty
{
    /// <param name="view">Who is there.</param>
    /// <param name="order">The ring's order.</param>
    /// <param name="me">This node.</param>
    /// <param name="onItsWayOut">An operator takes this node out: no new readers, even while it still hands on what only it knows.</param>
    /// <param name="followed">Somebody replicates from this node, or nobody could.</param>
    /// <param name="readOnly">This node sees too few members to take posts: it cannot know who of the others is dead, and speaks for itself only.</param>
    /// <returns>The state each of "my" members should have.</returns>
    public static IReadOnlyDictionary<string, TrafficState> Wanted(View view, IReadOnlyList<string> order, string me, bool onItsWayOut, bool followed, bool readOnly = false)
    {
        var wanted = new SortedDictionary<string, TrafficState>(StringComparer.Ordinal);
        if (view.Find(me) is not { } self) return wanted;
        wanted[me] = StateOf(self, onItsWayOut, followed);
        if (readOnly) return wanted;
        foreach (var dead in order.Before(me).TakeWhile(name => view.Find(name) is { Liveness: Liveness.Unreachable })) wanted[dead] = TrafficState.Maintenance;
        // Whoever left for good is nobody's neighbour any more: everyone sees to it.
        foreach (var gone in view.Members.Where(m => m.Liveness == Liveness.Left && m.Name != me)) wanted[gone.Name] = TrafficState.Maintenance;
        return wanted;
    }

    private static TrafficState StateOf(Member self, bool onItsWayOut, bool followed) => self switch
    {
        { Liveness: Liveness.Left } => TrafficState.Maintenance,
        { Facts: { MysqlUp: true, WebUp: true } } when onItsWayOut => TrafficState.Drain,
        { Facts: { MysqlUp: true, WebUp: true, Phase: Phase.Serving } } when followed => TrafficState.Ready,
        _ => TrafficState.Maintenance,
    };
}
