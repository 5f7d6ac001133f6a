using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Simulation;

/// <summary>What a simulated world is like.</summary>
internal sealed record WorldOptions
{
    public required int Nodes { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>Share of packets that are lost, 0 to 1. TCP loses nothing.</summary>
    public double Loss { get; init; } = 0.01;

    /// <summary>Share of packets that arrive twice, 0 to 1.</summary>
    public double Duplicates { get; init; }

    /// <summary>Each link has a length of its own, between none and the longest; else all are alike.</summary>
    public bool UnevenLinks { get; init; }

    public TimeSpan MinimumLatency { get; init; } = TimeSpan.FromMilliseconds(1);

    public TimeSpan MaximumLatency { get; init; } = TimeSpan.FromMilliseconds(5);

    public MembershipOptions Membership { get; init; } = new();
}
