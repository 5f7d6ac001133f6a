namespace Connect.LoadTests.Load;

/// <summary>How a request ended.</summary>
public enum Outcome
{
    /// <summary>Done, and the answer was right.</summary>
    Ok,

    /// <summary>202: kept, but the second copy was still pending when the answer was sent.</summary>
    Pending,

    /// <summary>429.</summary>
    Rejected,

    /// <summary>5xx, connection refused or reset, time-out.</summary>
    Failed,

    /// <summary>An answer that must not be: another status, or a body that does not fit.</summary>
    Wrong,
}

/// <summary>What a scenario or a step returns.</summary>
/// <param name="Outcome">The class it is counted in.</param>
/// <param name="Detail">A short word that equal failures share, like <c>503</c> or <c>timeout</c>; empty for a success.</param>
public readonly record struct Response(Outcome Outcome, string Detail = "")
{
    public static Response Ok() => new(Outcome.Ok);

    public static Response Pending() => new(Outcome.Pending);

    public static Response Rejected() => new(Outcome.Rejected, "429");

    public static Response Fail(string detail) => new(Outcome.Failed, detail);

    public static Response Wrong(string detail) => new(Outcome.Wrong, detail);
}
