namespace Connect.LoadTests.CatchUp;

/// <summary>What is done to whom.</summary>
/// <param name="Victim">The node that is away.</param>
/// <param name="Away">From the kill to the order to bring it back.</param>
/// <param name="Rate">Posts a second through the load balancer, before, meanwhile and afterwards.</param>
public sealed record CatchUpOptions(string Victim, TimeSpan Away, double Rate)
{
    /// <summary>People post for so long before the kill.</summary>
    public TimeSpan Before { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>People go on posting for so long after the node is level again.</summary>
    public TimeSpan After { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often the speed of the load it must catch up at the least.</summary>
    public double Times { get; init; } = 20;

    /// <summary>Looks at the returning node.</summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);

    /// <summary>A node that holds what was acknowledged a second ago is level: what is younger is on its way round the ring.</summary>
    public static readonly TimeSpan Level = TimeSpan.FromSeconds(1);

    /// <summary>Whoever has not caught up after that never will.</summary>
    public TimeSpan Patience => TimeSpan.FromMinutes(10) + Away;
}
