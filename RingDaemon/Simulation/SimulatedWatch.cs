using Connect.RingDaemon.Health;

namespace Connect.RingDaemon.Simulation;

/// <summary>
/// What a <see cref="ServiceWatch"/> would find, and when: a closed or refused connection in two journeys, silence after 1.4 to 1.9 s, a return within a fifth of a second.
/// </summary>
/// <param name="truth">How the service is at this moment, seen from here.</param>
/// <param name="found">Told of each change.</param>
internal sealed class SimulatedWatch(World world, Func<Finding> truth, Action<Finding> found)
{
    private static readonly TimeSpan SilentAtTheEarliest = TimeSpan.FromMilliseconds(1400);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan BetweenLooksWhenDown = TimeSpan.FromMilliseconds(200);

    private Finding _last = Finding.Unknown;
    private int _version;

    /// <summary>Something may have changed.</summary>
    public void Look()
    {
        var version = ++_version;
        var now = truth();
        if (now == _last) return;
        var delay = now switch
        {
            Finding.Up => world.Latency() * 2 + world.Chance.Within(BetweenLooksWhenDown),
            Finding.Refused => world.Latency() * 2,
            _ => SilentAtTheEarliest + world.Chance.Within(BetweenLooks),
        };
        world.After(delay, () =>
        {
            if (version != _version) return;
            _last = now;
            found(now);
        });
    }

    /// <summary>Nobody wants to know any more.</summary>
    public void Stop() => _version++;
}
