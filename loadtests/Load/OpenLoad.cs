using System.Collections.Concurrent;

namespace Connect.LoadTests.Load;

/// <summary>
/// The schedule comes first: when each request is due is known before anything is sent, and nothing that happens to one request moves another.
/// </summary>
internal sealed class OpenLoad(Scenario scenario, SampleLog samples)
{
    private readonly ConcurrentDictionary<long, long> _underWay = new();
    private long _ended;
    private int _overflow;

    /// <returns>The time stamp of the last due time, and how many requests were not sent.</returns>
    public async Task<(long Ended, int Overflow)> RunAsync(long began, CancellationToken stop)
    {
        // A thread of its own: a busy thread pool must not make the generator late.
        var generated = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            Generate(began, stop);
            generated.SetResult();
        })
        { IsBackground = true, Name = "load generator", Priority = ThreadPriority.AboveNormal }.Start();
        await generated.Task;
        await DrainAsync();
        return (_ended, _overflow);
    }

    private void Generate(long began, CancellationToken stop)
    {
        var number = 0L;
        var part = began;
        foreach (var simulation in scenario.Simulations)
        {
            foreach (var arrival in simulation.Arrivals())
            {
                var due = Clock.After(part, arrival);
                if (!WaitUntil(due, stop)) return;
                _ended = due;
                Send(number++, due);
            }
            part = Clock.After(part, simulation.During);
            if (!WaitUntil(part, stop)) return;
            _ended = part;
        }
    }

    private void Send(long number, long due)
    {
        if (_underWay.Count >= scenario.MaxInFlight)
        {
            _overflow++;
            return;
        }
        _underWay[number] = due;
        ThreadPool.UnsafeQueueUserWorkItem(async _ =>
        {
            await LoadRunner.SendAsync(scenario, samples, number, due);
            _underWay.TryRemove(number, out long _);
        }, null);
    }

    private async Task DrainAsync()
    {
        var deadline = Clock.After(Clock.Now, LoadRunner.Drain);
        while (!_underWay.IsEmpty && Clock.Now < deadline) await Task.Delay(10);
        // Whoever still waits enters the percentiles with what has been waited so far.
        foreach (var (_, due) in _underWay) samples.Add(new(null, due, due, Clock.Now, Outcome.Failed, "never ended"));
    }

    /// <returns>False if the run was stopped.</returns>
    private static bool WaitUntil(long due, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var left = Clock.Milliseconds(Clock.Now, due);
            if (left <= 0) return true;
            // Long waits hear a stop; the last one is exact to what the kernel's timer gives (about 0.1 ms late). Nothing spins: the cores belong to the ring.
            if (left > 50) stop.WaitHandle.WaitOne((int)left - 40);
            else Thread.Sleep(TimeSpan.FromMilliseconds(Math.Max(1, Math.Floor(left))));
        }
        return false;
    }
}
