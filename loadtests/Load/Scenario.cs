namespace Connect.LoadTests.Load;

/// <summary>What one virtual user does, how often, and what must hold. Immutable.</summary>
public sealed record Scenario
{
    private Scenario(string name, Func<ScenarioContext, Task<Response>> run) => (Name, Run) = (name, run);

    public string Name { get; }

    /// <summary>One request. An exception counts as <see cref="Outcome.Failed"/>.</summary>
    public Func<ScenarioContext, Task<Response>> Run { get; }

    /// <summary>Requests due in this time are sent and then left out of every number. None by default.</summary>
    public TimeSpan WarmUp { get; private init; }

    /// <summary>Parts of the load, one after the other; all open or all closed.</summary>
    public IReadOnlyList<LoadSimulation> Simulations { get; private init; } = [];

    public IReadOnlyList<Threshold> Thresholds { get; private init; } = [];

    /// <summary>Requests under way at the most. One that is due beyond it is not sent, counted as overflow, and voids the run. 1000.</summary>
    public int MaxInFlight { get; private init; } = 1000;

    /// <summary>The generator's own lateness (sent - due) may have this 99th percentile; beyond it the generator was the bottleneck. 20 ms.</summary>
    public TimeSpan MaxLateness { get; private init; } = TimeSpan.FromMilliseconds(20);

    public bool IsClosed => Simulations.Any(s => s is KeepConstantSimulation);

    public static Scenario Create(string name, Func<ScenarioContext, Task<Response>> run) => new(name, run);

    public Scenario WithWarmUp(TimeSpan duration) => this with { WarmUp = duration };

    /// <exception cref="ArgumentException">Open and closed parts are mixed: their latencies do not mean the same.</exception>
    public Scenario WithLoad(params LoadSimulation[] simulations)
    {
        var closed = simulations.Count(s => s is KeepConstantSimulation);
        if (closed > 0 && closed < simulations.Length) throw new ArgumentException("A scenario is open or closed; do not mix them.", nameof(simulations));
        return this with { Simulations = simulations };
    }

    public Scenario WithThresholds(params Threshold[] thresholds) => this with { Thresholds = thresholds };

    public Scenario WithMaxInFlight(int requests) => this with { MaxInFlight = requests };

    public Scenario WithMaxLateness(TimeSpan p99) => this with { MaxLateness = p99 };
}

/// <summary>One request as its scenario sees it.</summary>
/// <param name="Number">Of this request, from 0; for a closed model counted over all copies.</param>
/// <param name="Due">When it should have been sent: a <see cref="System.Diagnostics.Stopwatch"/> time stamp.</param>
/// <param name="Samples">Where steps are noted.</param>
public sealed record ScenarioContext(long Number, long Due, SampleLog Samples)
{
    /// <summary>Runs a part of the request and notes how long that part took by itself.</summary>
    public async Task<Response> StepAsync(string name, Func<Task<Response>> step)
    {
        var sent = Clock.Now;
        var response = await step();
        Samples.Add(new(name, sent, sent, Clock.Now, response.Outcome, response.Detail));
        return response;
    }
}
