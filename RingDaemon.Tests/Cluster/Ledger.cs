using System.Collections.Concurrent;
using System.Diagnostics;
using Xunit;

namespace Connect.RingDaemon.Tests.Cluster;

/// <summary>Posts through the load balancer at a steady pace, and remembers each post that was acknowledged.</summary>
internal sealed class Ledger : IAsyncDisposable
{
    private readonly TestRing _ring;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, string> _acknowledged = new();
    private readonly Task _running;

    public Ledger(TestRing ring, int postsPerSecond)
    {
        _ring = ring;
        _running = Task.Run(() => PostAsync(postsPerSecond));
    }

    public IReadOnlyDictionary<string, string> Acknowledged => _acknowledged;

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
            underWay.Add(OneAsync($"ledger {Guid.NewGuid()}"));
        }
        await Task.WhenAll(underWay);
    }

    private async Task OneAsync(string body)
    {
        var (id, _) = await _ring.PostAsync(_ring.Balancer, body);
        _acknowledged[id] = body;
    }
}
