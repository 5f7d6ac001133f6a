using System.Diagnostics;

namespace Connect.RingDaemon.Tests.Replication;

/// <summary>Waits for a condition instead of for a time.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(5);

    /// <summary>Fails with what was last seen when <paramref name="within"/> is over.</summary>
    public static async Task<TimeSpan> IsTrueAsync(Func<Task<bool>> condition, TimeSpan within, Func<Task<string>>? describe = null)
    {
        var since = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(since) > within)
                throw new TimeoutException($"It did not come true within {within.TotalSeconds} s. {(describe is null ? "" : await describe())}");
            await Task.Delay(Between);
        }
        return Stopwatch.GetElapsedTime(since);
    }
}
