namespace Connect.LoadTests.Failover;

/// <summary>One kill, and what followed. Times are milliseconds from just before the first signal was sent.</summary>
public sealed record Round
{
    public required int Number { get; init; }

    /// <summary>Who was broken.</summary>
    public required string Victim { get; init; }

    /// <summary>Where probe rows were written.</summary>
    public required string Predecessor { get; init; }

    /// <summary>Where they were awaited.</summary>
    public required string Successor { get; init; }

    /// <summary>Wall clock of the kill.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The same moment as a <see cref="Load.Clock"/> time stamp.</summary>
    public required long KilledAt { get; init; }

    /// <summary>The first row that was sent to the predecessor after the kill was seen on the successor; null: not within the patience.</summary>
    public double? FlowMs { get; init; }

    /// <summary>That row, from being sent to being seen.</summary>
    public double? RowTravelMs { get; init; }

    /// <summary>HAProxy sent nobody to the victim any more; null: not within the patience.</summary>
    public double? BalancerMs { get; init; }

    /// <summary>Both: the detour. Null if one did not come.</summary>
    public double? ResultMs => FlowMs is { } flow && BalancerMs is { } balancer ? Math.Max(flow, balancer) : null;

    /// <summary>When the successor's daemon began to change its source (wall clock of its audit log, so to a millisecond or two).</summary>
    public double? DetectedMs { get; init; }

    /// <summary>How long that change took, by the same entry.</summary>
    public double? RepointMs { get; init; }

    /// <summary>The successor's source, read after the row was seen, was the predecessor. If not, the row's way is unproven and the round is void.</summary>
    public required bool SourceProven { get; init; }

    /// <summary>HAProxy still sent people to the victim when it was last asked before the kill. If not, <see cref="BalancerMs"/> means nothing and the round is void.</summary>
    public required bool ServedBefore { get; init; }

    public required int ProbesWritten { get; init; }

    public required int ProbesFailed { get; init; }

    /// <summary>From <c>./connect start</c> to a ring that is whole again, s; null if it never was.</summary>
    public double? HealedSeconds { get; init; }
}
