using Connect.LoadTests.Ring;

namespace Connect.LoadTests.Failover;

/// <summary>What to break, how often, and under which load.</summary>
/// <param name="What"><c>mysql</c>, or <c>node</c> (server, board and daemon at once).</param>
/// <param name="Signal">Kill is a crash (hard evidence); Stop is silence.</param>
/// <param name="Rounds">Kills.</param>
/// <param name="Load">Posts a second through the load balancer meanwhile; 0 for none.</param>
/// <param name="Seed">Of the random waits before each kill, which keep kills from falling into step with anybody's timers.</param>
public sealed record FailoverOptions(string What, KillSignal Signal, int Rounds, double Load, int Seed)
{
    /// <summary>A detour that has not come about after that is counted with this value, as a failure. 15 s.</summary>
    public static readonly TimeSpan RoundPatience = TimeSpan.FromSeconds(15);

    /// <summary>How long a ring may take to be whole again. 180 s.</summary>
    public static readonly TimeSpan HealPatience = TimeSpan.FromSeconds(180);

    /// <summary>What died, in the order the signals are sent.</summary>
    public IReadOnlyList<string> Parts => What == "mysql" ? ["mysql"] : ["mysql", "web", "daemon"];
}
