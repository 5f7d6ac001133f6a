namespace Connect.LoadTests.Load;

/// <summary>From raw samples to a result: a function from values to values.</summary>
public static class LoadSummary
{
    /// <param name="scenario">What was run.</param>
    /// <param name="samples">Everything that was noted, warm-up included.</param>
    /// <param name="began">Time stamp of the first due time, warm-up included.</param>
    /// <param name="ended">Time stamp at which the last request was due.</param>
    /// <param name="overflow">Requests not sent.</param>
    public static LoadResult Of(Scenario scenario, IReadOnlyList<Sample> samples, long began, long ended, int overflow)
    {
        var from = Clock.After(began, scenario.WarmUp);
        var counted = samples.Where(s => s.Due >= from).OrderBy(s => s.Due).ToArray();
        var requests = counted.Where(s => s.Step is null).ToArray();
        var lateness = Summary.Of(requests.Select(s => s.Lateness));
        var result = new LoadResult
        {
            Scenario = scenario.Name,
            Model = scenario.IsClosed ? "closed" : "open",
            WarmUpSeconds = scenario.WarmUp.TotalSeconds,
            Seconds = Math.Max(0, Clock.Milliseconds(from, ended) / 1000),
            Overflow = overflow,
            Outcomes = Enum.GetValues<Outcome>().ToDictionary(o => o, o => requests.Count(s => s.Outcome == o)),
            Latency = Summary.Of(requests.Select(s => s.Latency)),
            ServiceTime = Summary.Of(requests.Select(s => s.ServiceTime)),
            Lateness = lateness,
            Failures = requests.Where(s => s.Detail.Length > 0).GroupBy(s => s.Detail).ToDictionary(g => g.Key, g => g.Count()),
            Steps = counted.Where(s => s.Step is not null).GroupBy(s => s.Step!).ToDictionary(g => g.Key, g => Summary.Of(g.Select(s => s.ServiceTime))),
            PerSecond = [.. requests.GroupBy(s => (int)(Clock.Milliseconds(from, s.Due) / 1000)).Select(Second)],
            Void = [.. Faults(scenario, requests.Length, lateness, overflow)],
            Samples = requests,
        };
        return result with { Thresholds = [.. scenario.Thresholds.Select(t => ThresholdResult.Of(t, result))] };
    }

    private static SecondOfRun Second(IGrouping<int, Sample> due)
    {
        var latency = new Percentiles(due.Select(s => s.Latency));
        int Count(Outcome outcome) => due.Count(s => s.Outcome == outcome);
        return new(due.Key, latency.Count, Count(Outcome.Ok), Count(Outcome.Pending), Count(Outcome.Rejected), Count(Outcome.Failed), Count(Outcome.Wrong),
            latency[50], latency[100]);
    }

    private static IEnumerable<string> Faults(Scenario scenario, int requests, Summary lateness, int overflow)
    {
        if (requests == 0) yield return "no request was counted";
        if (overflow > 0) yield return $"{overflow} requests were due and not sent: {scenario.MaxInFlight} were under way";
        if (lateness.P99 > scenario.MaxLateness.TotalMilliseconds)
            yield return $"the generator was late: p99 {lateness.P99:0.0} ms, at most {scenario.MaxLateness.TotalMilliseconds:0} ms are accepted";
    }
}
