using System.Diagnostics;

namespace Connect.LoadTests.Load;

/// <summary>The one clock of a measurement: monotonic, the same for every thread and process of this machine (CLOCK_MONOTONIC).</summary>
public static class Clock
{
    /// <summary>A time stamp in <see cref="Stopwatch"/> ticks.</summary>
    public static long Now => Stopwatch.GetTimestamp();

    /// <summary>Milliseconds from one time stamp to another.</summary>
    public static double Milliseconds(long from, long to) => (to - from) * 1000.0 / Stopwatch.Frequency;

    public static long After(long from, TimeSpan span) => from + (long)(span.TotalSeconds * Stopwatch.Frequency);
}
