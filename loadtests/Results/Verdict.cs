namespace Connect.LoadTests.Results;

/// <summary>A target, and what was measured.</summary>
/// <param name="Target">What should hold, with its unit.</param>
/// <param name="Limit">The largest value that passes.</param>
/// <param name="Measured">Null if there is no value.</param>
public sealed record Verdict(string Target, double Limit, double? Measured)
{
    public bool Passed => Measured <= Limit;
}
