namespace Connect.RingDaemon.Simulation;

/// <summary>What must not happen and did.</summary>
/// <param name="Rule">The name of the checker that found it.</param>
/// <param name="What">Who, when, and what it should have been.</param>
internal sealed record Violation(string Rule, string What)
{
    public override string ToString() => $"{Rule}: {What}";
}
