using System.Text.Json.Serialization;

namespace Connect.LoadTests.Load;

/// <summary>One second of a run, by the time requests were <em>due</em>.</summary>
/// <param name="Second">From the end of the warm-up.</param>
/// <param name="Due">Requests due in it.</param>
/// <param name="P50">Median latency, ms.</param>
/// <param name="Max">Longest latency, ms.</param>
public sealed record SecondOfRun(int Second, int Due, int Ok, int Pending, int Rejected, int Failed, int Wrong, double P50, double Max);

/// <summary>What a run measured. The warm-up is in none of it.</summary>
public sealed record LoadResult
{
    public required string Scenario { get; init; }

    /// <summary><c>open</c>, or <c>closed</c>: the latencies of a closed run leave out the requests it did not send while it waited.</summary>
    public required string Model { get; init; }

    public required double WarmUpSeconds { get; init; }

    /// <summary>From the end of the warm-up to the last due time.</summary>
    public required double Seconds { get; init; }

    /// <summary>Requests that were due and not sent because too many were under way.</summary>
    public required int Overflow { get; init; }

    public required IReadOnlyDictionary<Outcome, int> Outcomes { get; init; }

    /// <summary>Completion - due, ms.</summary>
    public required Summary Latency { get; init; }

    /// <summary>Completion - sending, ms.</summary>
    public required Summary ServiceTime { get; init; }

    /// <summary>Sending - due, ms.</summary>
    public required Summary Lateness { get; init; }

    /// <summary>How often each failure was met.</summary>
    public required IReadOnlyDictionary<string, int> Failures { get; init; }

    /// <summary>Time of each step by itself, ms.</summary>
    public required IReadOnlyDictionary<string, Summary> Steps { get; init; }

    public required IReadOnlyList<SecondOfRun> PerSecond { get; init; }

    /// <summary>Why the numbers must not be used; empty if they may.</summary>
    public required IReadOnlyList<string> Void { get; init; }

    public IReadOnlyList<ThresholdResult> Thresholds { get; init; } = [];

    /// <summary>Raw latencies in the order of their due times, ms, separated by spaces.</summary>
    public string RawLatencies => string.Join(' ', Samples.Select(s => s.Latency.ToString("0.##")));

    [JsonIgnore]
    public IReadOnlyList<Sample> Samples { get; init; } = [];

    [JsonIgnore]
    public bool Passed => Void.Count == 0 && Thresholds.All(t => t.Passed);

    public double Share(Outcome outcome) => Samples.Count == 0 ? 0 : (double)Outcomes[outcome] / Samples.Count;
}
