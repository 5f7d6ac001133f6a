namespace Connect.LoadTests.Nemesis;

/// <summary>What a nemesis run does.</summary>
/// <param name="Seed">Draws every fault; fault number k of a seed is the same in every run with as many nodes and the same kinds.</param>
/// <param name="Duration">No new fault after that.</param>
/// <param name="Kinds">Names of the kinds that are drawn.</param>
public sealed record NemesisOptions(ulong Seed, TimeSpan Duration, IReadOnlyList<string> Kinds)
{
    /// <summary>Number of the first fault: to begin where another run stopped. From 1.</summary>
    public int First { get; init; } = 1;

    /// <summary>Faults at the most.</summary>
    public int MaxFaults { get; init; } = int.MaxValue;

    /// <summary>Posts a second, half through the load balancer, half directly at the nodes.</summary>
    public double Rate { get; init; } = 30;

    /// <summary>Of each node's own disk, in MiB.</summary>
    public int DiskMiB { get; init; } = 3072;

    /// <summary>People post for so long before each fault.</summary>
    public TimeSpan RunIn { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>From the first step of mending until the ring must be whole. The longest hold-down is set to 5 s, so that faults may come quickly one after the other.</summary>
    public TimeSpan ToHeal { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>From a whole ring until every copy must be equal.</summary>
    public TimeSpan ToConverge { get; init; } = TimeSpan.FromSeconds(30);
}
