using System.Diagnostics;

namespace Connect.RingDaemon.Local;

/// <summary>Waits for a condition, never without a deadline.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <returns>False if the deadline passed first.</returns>
    public static Task<bool> TrueAsync(Func<bool> condition, TimeSpan deadline, CancellationToken cancel) =>
        TrueAsync(_ => Task.FromResult(condition()), deadline, Pause, cancel);

    /// <inheritdoc cref="TrueAsync(Func{bool}, TimeSpan, CancellationToken)"/>
    public static async Task<bool> TrueAsync(Func<CancellationToken, Task<bool>> condition, TimeSpan deadline, TimeSpan pause, CancellationToken cancel)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition(cancel))
        {
            if (Stopwatch.GetElapsedTime(started) > deadline) return false;
            await Task.Delay(pause, cancel);
        }
        return true;
    }
}
