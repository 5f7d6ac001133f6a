namespace Connect.LoadTests.Load;

/// <summary>Something that must hold for a run to pass.</summary>
/// <param name="Name">As it is reported.</param>
/// <param name="Limit">The largest value that passes.</param>
/// <param name="Measure">Takes the value from a run.</param>
public sealed record Threshold(string Name, double Limit, Func<LoadResult, double> Measure)
{
    /// <summary>A percentile of the latency from the due time.</summary>
    public static Threshold Latency(double percent, TimeSpan limit) =>
        new($"p{percent:0.###} latency, ms", limit.TotalMilliseconds, r => new Percentiles(r.Samples.Select(s => s.Latency))[percent]);

    /// <summary>The share of requests that failed, 0 to 1.</summary>
    public static Threshold Failed(double share) => new("share failed", share, r => r.Share(Outcome.Failed));

    /// <summary>The number of wrong answers.</summary>
    public static Threshold Wrong(int limit = 0) => new("wrong answers", limit, r => r.Outcomes[Outcome.Wrong]);
}

/// <summary>A threshold, and what a run made of it.</summary>
public sealed record ThresholdResult(string Name, double Limit, double Measured, bool Passed)
{
    // Written so that "no samples" (NaN) does not pass.
    public static ThresholdResult Of(Threshold threshold, LoadResult result) =>
        threshold.Measure(result) is var measured && measured <= threshold.Limit ? new(threshold.Name, threshold.Limit, measured, true)
            : new(threshold.Name, threshold.Limit, double.IsNaN(measured) ? -1 : measured, false);
}
