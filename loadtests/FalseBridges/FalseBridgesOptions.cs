namespace Connect.LoadTests.FalseBridges;

/// <summary>How long the machine is saturated, and what is paused.</summary>
/// <param name="Saturated">Length of the first part: every core is busy with other work.</param>
/// <param name="Busy">Processes of that other work.</param>
/// <param name="Rate">Posts a second through the load balancer.</param>
/// <param name="ShortPauses">Pauses up to a second, of each kind.</param>
/// <param name="LongPauses">Pauses of seconds, of each kind.</param>
/// <param name="Seed">Draws lengths and waits.</param>
public sealed record FalseBridgesOptions(TimeSpan Saturated, int Busy, double Rate, int ShortPauses, int LongPauses, int Seed)
{
    /// <summary>A pause up to this must pass unnoticed. 1 s.</summary>
    public static readonly TimeSpan Unnoticed = TimeSpan.FromSeconds(1);

    /// <summary>Short pauses are drawn from here to <see cref="Unnoticed"/>. 0.2 s.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromSeconds(0.2);

    /// <summary>Long pauses are drawn between these. 3 to 20 s.</summary>
    public static readonly TimeSpan FromSeconds = TimeSpan.FromSeconds(3), ToSeconds = TimeSpan.FromSeconds(20);

    /// <summary>After a pause nothing is done to the ring for so long, at the least: what it does about the pause, late as it may be, is seen.</summary>
    public static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(5);

    /// <summary>How long a ring may take to be whole after a long pause: the longest hold-down, and then some.</summary>
    public static readonly TimeSpan ToHeal = TimeSpan.FromMinutes(7);
}
