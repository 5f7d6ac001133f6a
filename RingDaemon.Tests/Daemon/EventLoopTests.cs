using Connect.RingDaemon.Daemon;
using Microsoft.Extensions.Logging;

namespace Connect.RingDaemon.Tests.Daemon;

public sealed class EventLoopTests
{
    /// <summary>A loop that is stuck must not take the memory of the machine with it.</summary>
    [Fact]
    public async Task A_stuck_loop_keeps_4096_events_drops_the_rest_and_says_so()
    {
        var log = new Counting();
        var loop = new EventLoop(log);
        using var stop = new CancellationTokenSource();
        using var stuck = new ManualResetEventSlim();
        var (handled, begun) = (0, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        loop.Post(() =>
        {
            begun.SetResult();
            stuck.Wait(TimeSpan.FromSeconds(30));
        });
        var running = Task.Run(() => loop.RunAsync(stop.Token));
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(10));
        for (var i = 0; i < 5000; i++) loop.Post(() => Interlocked.Increment(ref handled));
        Assert.Equal(5000 - 4096, log.Errors);
        stuck.Set();
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref handled) == 4096, TimeSpan.FromSeconds(10)), $"{handled} were handled");
        loop.Post(all.SetResult); // there is room again
        await all.Task.WaitAsync(TimeSpan.FromSeconds(10));
        await stop.CancelAsync();
        await running;
    }

    private sealed class Counting : ILogger
    {
        private int _errors;

        public int Errors => _errors;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel == LogLevel.Error) Interlocked.Increment(ref _errors);
        }
    }
}
