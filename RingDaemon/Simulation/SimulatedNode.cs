using System.Collections.Immutable;
using Connect.Node.Settings;
using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Simulation;

internal enum Power
{
    On,

    /// <summary>SIGSTOP: nothing runs, packets wait in the socket, connections are accepted by the kernel.</summary>
    Paused,

    /// <summary>The daemon is dead, its machine refuses connections.</summary>
    Down,

    /// <summary>The machine is gone: silence.</summary>
    Gone,
}

/// <summary>One daemon in the simulated world: the real core, and around it what the host does.</summary>
internal sealed class SimulatedNode(string name, World world)
{
    private const int SocketCapacity = 400;
    private static readonly TimeSpan StallAfter = TimeSpan.FromMilliseconds(500);

    private readonly List<Input> _socket = [];
    private readonly List<Effect> _effects = [];
    private TimeSpan _pausedAt;
    private TimeSpan _tickAt = TimeSpan.MaxValue;
    private int _life;

    public string Name => name;

    public string Address => $"{name}:7000";

    public Power Power { get; private set; } = Power.Gone;

    public MembershipCore? Core { get; private set; }

    public ImmutableArray<MemberReport> Disk { get; set; } = [];

    public View View => Core!.View;

    /// <summary>Told of each new view.</summary>
    public Action<View>? Viewed { get; set; }

    public MemberFacts Facts { get; set; } = FactsOf(name);

    public static MemberFacts FactsOf(string name) => new()
    {
        Name = name,
        Zone = "z",
        Place = 0,
        Engine = Engine.MariaDB,
        EngineVersion = "MariaDB 10.11.19",
        ServerId = 1,
        Origin = "1",
        DaemonUrl = $"http://{name}:7000",
        MysqlHost = name,
        MysqlPort = 3306,
        WebUrl = $"http://{name}:8000",
        Phase = Phase.Serving,
        MysqlUp = true,
        WebUp = true,
    };

    /// <summary>Its wall clock, against that of the world.</summary>
    public TimeSpan ClockIsOff { get; set; }

    public Liveness? Sees(string other) => View.Find(other)?.Liveness;

    public void Start()
    {
        _life++;
        (Power, _tickAt) = (Power.On, TimeSpan.MaxValue);
        _socket.Clear();
        Core = new(world.Options.Membership, Facts, (ulong)((long)world.WallClock + (long)ClockIsOff.TotalMilliseconds), world.Chance.Next(), Disk, world.Now);
        Take(Tick.Instance);
    }

    public void Stop(Power how)
    {
        _life++;
        Power = how;
    }

    public void Pause()
    {
        if (Power != Power.On) return;
        (Power, _pausedAt) = (Power.Paused, world.Now);
    }

    /// <summary>As the host does it: say how long we were away, read what waits in the socket, and only then let time pass.</summary>
    public void Resume()
    {
        if (Power != Power.Paused) return;
        Power = Power.On;
        var gap = world.Now - _pausedAt;
        if (gap > StallAfter) Take(new Stalled(gap));
        List<Input> waiting = [.. _socket];
        _socket.Clear();
        foreach (var input in waiting) Take(input);
        Take(Tick.Instance);
    }

    public void Take(Input input)
    {
        if (Power == Power.Paused && _socket.Count < SocketCapacity) _socket.Add(input);
        if (Power != Power.On) return;
        var before = View;
        _effects.Clear();
        Core!.Step(world.Now, input, _effects);
        foreach (var effect in _effects.ToArray()) world.Execute(this, effect);
        if (View != before)
        {
            world.Record(this, before);
            Viewed?.Invoke(View);
        }
        PlanTick();
    }

    private void PlanTick()
    {
        var due = Core!.Due;
        if (due >= _tickAt && _tickAt > world.Now) return;
        _tickAt = due;
        var life = _life;
        world.At(due, () =>
        {
            if (life != _life || _tickAt != due) return;
            _tickAt = TimeSpan.MaxValue;
            if (Power == Power.On) Take(Tick.Instance);
        });
    }
}
