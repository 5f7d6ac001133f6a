namespace Connect.Node.Settings;

/// <summary>
/// The system's clock, put forward or back: tests give it to one node of a ring. Durations stay true, as they do when a machine's clock is wrong.
/// (libfaketime, which shifts the clock of a whole program, breaks the runtime's timed waits.)
/// </summary>
public sealed class ShiftedClock(TimeSpan by) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
}
