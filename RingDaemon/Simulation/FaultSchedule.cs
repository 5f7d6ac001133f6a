using Connect.RingDaemon.Daemon;
using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Simulation;

/// <summary>Draws what breaks, and when.</summary>
internal sealed class FaultSchedule(SimulatedRing ring)
{
    private Prng Chance => ring.Chance;

    /// <summary>How often something was broken or mended.</summary>
    public int Count { get; private set; }

    /// <summary>For so long something happens, after one and a half seconds on average.</summary>
    public void Break(TimeSpan duration)
    {
        for (var end = ring.World.Now + duration; ring.World.Now < end && ring.FirstDefect is null;)
        {
            ring.Run(TimeSpan.FromMilliseconds(50) + Chance.Within(TimeSpan.FromSeconds(3)));
            BreakSomething();
        }
    }

    /// <summary>Whatever is broken is mended, in an order that chance decides.</summary>
    public void MendAll()
    {
        ring.Note("everything is mended");
        ring.World.Heal();
        foreach (var node in ring.Daemons)
        {
            ring.World.After(Chance.Within(TimeSpan.FromSeconds(2)), () =>
            {
                node.Wish(new Wishes(false, false));
                Mend(node);
            });
        }
    }

    private void BreakSomething()
    {
        Count++;
        var nodes = ring.Daemons.ToArray();
        var node = nodes[Chance.Below(nodes.Length)];
        var other = nodes[Chance.Below(nodes.Length)];
        switch (Chance.Below(14))
        {
            case 0: Do($"{node.Name} dies whole", () => { node.Server.Crash(Power.Down); node.Kill(Power.Down); ring.KillBoard(node.Name); }); break;
            case 1: Do($"{node.Name}'s machine is gone", () => { node.Server.Crash(Power.Gone); node.Kill(Power.Gone); ring.KillBoard(node.Name); }); break;
            case 2: Do($"{node.Name}'s server dies", () => node.Server.Crash(Power.Down)); break;
            case 3: Do($"{node.Name}'s daemon dies", () => node.Kill(Power.Down)); break;
            case 4: For(3, $"{node.Name}'s server freezes", node.Server.Freeze, node.Server.Thaw); break;
            case 5: For(6, $"{node.Name}'s daemon freezes", node.Pause, node.Resume); break;
            case 6: For(6, $"{node.Name} freezes whole", () => { node.Server.Freeze(); node.Pause(); }, () => { node.Server.Thaw(); node.Resume(); }); break;
            case 7: For(8, $"{node.Name} and {other.Name} do not reach each other", () => ring.World.Cut((a, b) => (a == node.Name && b == other.Name) || (a == other.Name && b == node.Name)), ring.World.Heal); break;
            case 8: For(8, $"nothing gets from {node.Name} to {other.Name}", () => ring.World.Cut((a, b) => a == node.Name && b == other.Name), ring.World.Heal); break;
            case 9: For(10, $"{node.Name} is isolated", () => ring.World.Cut((a, b) => a != b && (a == node.Name || b == node.Name)), ring.World.Heal); break;
            case 10: For(10, $"the ring is cut before {node.Name}", () => ring.World.Cut((a, b) => string.CompareOrdinal(a, node.Name) < 0 != string.CompareOrdinal(b, node.Name) < 0), ring.World.Heal); break;
            case 11: For(6, $"{node.Name} goes into maintenance", () => node.Wish(new Wishes(Maintenance: true, Leave: false)), () => node.Wish(new Wishes(false, false))); break;
            case 12: Do($"{node.Name} is told to rejoin", node.Rejoin); break;
            default: Do($"{node.Name} is mended", () => Mend(node)); break;
        }
    }

    private void Do(string what, Action action)
    {
        ring.Note(what);
        action();
    }

    private void For(int mostSeconds, string what, Action begin, Action end)
    {
        Do(what, begin);
        ring.World.After(Chance.Within(TimeSpan.FromSeconds(mostSeconds)), () => Do($"over: {what}", end));
    }

    private void Mend(SimulatedDaemon node)
    {
        node.Server.Thaw();
        if (node.Server.Power != Power.On) node.Server.Start();
        node.Resume();
        node.Start();
        ring.StartBoard(node.Name);
    }
}
