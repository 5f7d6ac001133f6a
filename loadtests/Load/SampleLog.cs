namespace Connect.LoadTests.Load;

/// <summary>One finished request or step. Times are <see cref="Clock"/> time stamps.</summary>
/// <param name="Step">Name of the step; null for a whole request.</param>
/// <param name="Due">When it should have been sent.</param>
/// <param name="Sent">When it was.</param>
/// <param name="Completed">When its outcome was known; a time-out's is the moment of giving up, so it is in the percentiles like any other.</param>
public readonly record struct Sample(string? Step, long Due, long Sent, long Completed, Outcome Outcome, string Detail)
{
    /// <summary>What someone who came at the due time had to wait, in milliseconds.</summary>
    public double Latency => Clock.Milliseconds(Due, Completed);

    /// <summary>From sending to the end, in milliseconds: hides everything that kept the request from being sent.</summary>
    public double ServiceTime => Clock.Milliseconds(Sent, Completed);

    /// <summary>The generator's own fault, in milliseconds.</summary>
    public double Lateness => Clock.Milliseconds(Due, Sent);
}

/// <summary>Every sample of a run. Nothing is summed up before the end.</summary>
public sealed class SampleLog
{
    private readonly Lock _gate = new();
    private readonly List<Sample> _samples = [];

    public void Add(Sample sample)
    {
        lock (_gate) _samples.Add(sample);
    }

    public IReadOnlyList<Sample> All()
    {
        lock (_gate) return [.. _samples];
    }
}
