namespace Connect.LoadTests.Load;

/// <summary>
/// So many copies, each one request after the other. A request is due when its copy gets to it, so what a slow server keeps from being sent is not seen:
/// good for "how much can it take", wrong for "how long do people wait".
/// </summary>
internal sealed class ClosedLoad(Scenario scenario, SampleLog samples)
{
    private long _number = -1;

    public async Task<(long Ended, int Overflow)> RunAsync(long began, CancellationToken stop)
    {
        var end = began;
        foreach (var simulation in scenario.Simulations.Cast<KeepConstantSimulation>())
        {
            end = Clock.After(end, simulation.During);
            var until = end;
            await Task.WhenAll(Enumerable.Range(0, simulation.Copies).Select(_ => Task.Run(() => CopyAsync(until, stop), CancellationToken.None)));
        }
        return (Math.Min(end, Clock.Now), 0);
    }

    private async Task CopyAsync(long until, CancellationToken stop)
    {
        while (Clock.Now is var now && now < until && !stop.IsCancellationRequested)
            await LoadRunner.SendAsync(scenario, samples, Interlocked.Increment(ref _number), now);
    }
}
