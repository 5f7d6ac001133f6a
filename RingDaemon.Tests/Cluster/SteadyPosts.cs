using System.Diagnostics;
using Xunit;

namespace Connect.RingDaemon.Tests.Cluster;

/// <summary>Posts through the load balancer at a steady pace; the ring remembers what was acknowledged.</summary>
internal sealed class SteadyPosts : IAsyncDisposable
{
    private readonly TestRing _ring;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public SteadyPosts(TestRing ring, int postsPerSecond)
    {
        _ring = ring;
        _running = Task.Run(() => PostAsync(postsPerSecond));
    }

    /// <summary>Ends the load and waits for what is under way.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task PostAsync(int postsPerSecond)
    {
        var started = Stopwatch.GetTimestamp();
        var underWay = new List<Task>();
        for (var n = 0; !_stop.IsCancellationRequested; n++)
        {
            // By schedule: a slow answer does not slow down the next post.
            var due = TimeSpan.FromSeconds((double)n / postsPerSecond) - Stopwatch.GetElapsedTime(started);
            if (due > TimeSpan.Zero) await Task.Delay(due, TestContext.Current.CancellationToken);
            underWay.RemoveAll(t => t.IsCompletedSuccessfully);
            underWay.Add(_ring.PostAsync(_ring.Balancer, $"ledger {Guid.NewGuid()}"));
        }
        await Task.WhenAll(underWay);
    }
}
