namespace Connect.RingDaemon.Simulation;

/// <summary>
/// The clock of one simulated process, for code that takes a <see cref="TimeProvider"/>. Its timers fire on the one thread of the simulation, and what awaits them goes on
/// right there: real asynchronous code runs without a thread pool, in an order that only the seed decides.
/// </summary>
/// <param name="deliver">Runs a callback when the process can take it: at once, when it wakes, or never.</param>
internal sealed class VirtualTime(World world, Action<Action> deliver) : TimeProvider
{
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => world.Now.Ticks;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds((long)world.WallClock);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, world, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(VirtualTime time, World world, Action fire) : ITimer
    {
        private readonly Action<Action> _deliver = time.Deliver;
        private int _version;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            var version = ++_version;
            if (dueTime == Timeout.InfiniteTimeSpan) return true;
            world.After(dueTime, () => _deliver(() =>
            {
                if (version != _version) return;
                if (period > TimeSpan.Zero) Change(period, period);
                fire();
            }));
            return true;
        }

        public void Dispose() => _version++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private void Deliver(Action callback) => deliver(callback);
}
