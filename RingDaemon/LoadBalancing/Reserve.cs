namespace Connect.RingDaemon.LoadBalancing;

/// <summary>
/// When a node that can only be read stands in the load balancer: while nobody from the other side of the partition does. If the balancer reaches that side too, readers are better off
/// there, for they can post; if it does not, reading is all there is. Several sides without a majority would chase each other out and in again: so whoever stands waits before it goes,
/// and the earlier its name the longer. Pure: the caller's time comes in.
/// </summary>
public sealed class Reserve
{
    /// <summary>Longer than the second after which a daemon looks at the balancer again.</summary>
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1.5);

    private TimeSpan? _othersSince;

    /// <param name="now">On a clock that never goes back.</param>
    /// <param name="stands">This node takes traffic now.</param>
    /// <param name="othersStand">A member that this node does not see takes traffic.</param>
    /// <param name="rank">How many members come after this node by name.</param>
    /// <returns>Whether it should take traffic.</returns>
    public bool Judge(TimeSpan now, bool stands, bool othersStand, int rank)
    {
        if (!othersStand)
        {
            _othersSince = null;
            return true;
        }
        if (!stands) return false;
        _othersSince ??= now;
        return now - _othersSince < Step * rank;
    }
}
