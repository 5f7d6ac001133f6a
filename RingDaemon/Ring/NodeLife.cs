using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Ring;

/// <summary>What is known about this node when its phase is decided.</summary>
public sealed record NodeCondition
{
    /// <summary>Why its MySQL cannot be used (down, silent, disk full, wrong settings); null if it can.</summary>
    public string? MysqlFault { get; init; } = "not looked at yet";

    /// <summary>The ring was looked for: some member answered, or all were given their chance.</summary>
    public bool Discovered { get; init; }

    /// <summary>It holds all that the others held when it began to catch up.</summary>
    public bool CaughtUp { get; init; }

    /// <summary>Why this server must be put right before anybody follows it or writes on it; null if nothing is wrong.</summary>
    public Damage? Damage { get; init; }

    /// <summary>Why putting it right failed the last time; null if it did not.</summary>
    public string? MendingFault { get; init; }

    /// <summary>An operator wants it out for a while.</summary>
    public bool MaintenanceWanted { get; init; }

    /// <summary>An operator wants it to go for good.</summary>
    public bool LeaveWanted { get; init; }

    /// <summary>Everything it knows is held by another member too; asked only on the way out.</summary>
    public bool Drained { get; init; }
}

/// <summary>
/// A node's own life: joining until it holds what the others hold, serving, and out again by an operator's wish or because its MySQL failed.
/// Pure: the condition comes in, the phase and its reason come out.
/// </summary>
public sealed class NodeLife
{
    public Phase Phase { get; private set; } = Phase.Joining;

    /// <summary>In words, for <c>explain</c> and the board's readiness.</summary>
    public string Why { get; private set; } = "starting";

    /// <summary>True once a leaving node has nothing left that only it knows: it may say goodbye.</summary>
    public bool MayGo { get; private set; }

    /// <returns>True if the phase changed.</returns>
    public bool Judge(NodeCondition condition)
    {
        var before = Phase;
        (Phase, Why) = Next(condition);
        MayGo = Phase == Phase.Leaving && condition.Drained;
        return Phase != before;
    }

    /// <summary>Something happened that makes what it holds doubtful (it was paused, or taken for dead): it must show anew that it is up to date.</summary>
    public void Doubt(string why)
    {
        if (Phase == Phase.Serving) (Phase, Why) = (Phase.Joining, why);
    }

    private (Phase, string) Next(NodeCondition c)
    {
        if (c.Damage is { } damage) return (Phase.Mending, c.MendingFault is { } failed ? $"{damage.Why}; mending it failed and is tried again: {failed}" : damage.Why);
        if (c.LeaveWanted) return (Phase.Leaving, c.Drained ? "everything it knows is elsewhere" : "draining: waiting until another member holds all it knows");
        if (c.MaintenanceWanted && Phase == Phase.Maintenance) return (Phase.Maintenance, "an operator took it out");
        if (c.MysqlFault is { } fault) return (Phase.Joining, $"its MySQL cannot be used: {fault}");
        if (c.MaintenanceWanted)
        {
            // It stays a source until the others hold everything, so that nothing is stranded on it.
            return c.Drained ? (Phase.Maintenance, "an operator took it out") : (Phase == Phase.Maintenance ? Phase.Joining : Phase, "on the way into maintenance: waiting until another member holds all it knows");
        }
        if (Phase == Phase.Serving) return (Phase.Serving, "");
        if (!c.Discovered) return (Phase.Joining, "looking for the ring");
        return c.CaughtUp ? (Phase.Serving, "") : (Phase.Joining, "catching up with the others");
    }
}
