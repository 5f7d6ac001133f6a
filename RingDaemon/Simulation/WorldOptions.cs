using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Simulation;

/// <summary>What a simulated world is like.</summary>
internal sealed record WorldOptions
{
    public required int Nodes { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>Share of packets that are lost, 0 to 1. TCP loses nothing.</summary>
    public double Loss { get; init; } = 0.01;

    public TimeSpan MinimumLatency { get; init; } = TimeSpan.FromMilliseconds(1);

    public TimeSpan MaximumLatency { get; init; } = TimeSpan.FromMilliseconds(5);

    public MembershipOptions Membership { get; init; } = new();
}
