namespace Connect.RingDaemon.Ring;

/// <summary>Looking over one's shoulder on the circle.</summary>
public static class RingOrder
{
    /// <summary>All the others, the nearest before <paramref name="name"/> first; nobody if it is not on the circle.</summary>
    /// <param name="order">The names in ring order (<see cref="RingPlan.Order"/>).</param>
    public static IEnumerable<string> Before(this IReadOnlyList<string> order, string name)
    {
        var at = order.Count - 1;
        while (at >= 0 && order[at] != name) at--;
        for (var step = 1; at >= 0 && step < order.Count; step++) yield return order[(at - step + order.Count) % order.Count];
    }
}
