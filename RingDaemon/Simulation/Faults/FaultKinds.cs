using Connect.RingDaemon.Daemon;
using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Simulation.Faults;

/// <summary>Everything that can be broken, drawn and told.</summary>
internal static class FaultKinds
{
    public const string FreezeServer = "freeze-server", FreezeDaemon = "freeze-daemon", FreezeNode = "freeze-node", FlapDaemon = "flap-daemon", CutPair = "cut", CutOneWay = "cut-one-way";

    private static readonly TimeSpan Short = TimeSpan.FromSeconds(3), Medium = TimeSpan.FromSeconds(6), Long = TimeSpan.FromSeconds(10);

    public static IReadOnlyList<FaultKind> All { get; } =
    [
        // Processes and machines.
        new("kill-node", (ring, f) => Kill(ring, ring[f.Node], Power.Down)),
        new("lose-machine", (ring, f) => Kill(ring, ring[f.Node], Power.Gone)),
        new("kill-server", (ring, f) => ring[f.Node].Server.Crash(Power.Down)),
        new("kill-daemon", (ring, f) => ring[f.Node].Kill(Power.Down)),
        new(FreezeServer, (ring, f) => ring[f.Node].Server.Freeze()) { Longest = Short, End = (ring, f) => ring[f.Node].Server.Thaw() },
        new(FreezeDaemon, (ring, f) => ring[f.Node].Pause()) { Longest = Medium, End = (ring, f) => ring[f.Node].Resume() },
        new(FreezeNode, (ring, f) => { ring[f.Node].Server.Freeze(); ring[f.Node].Pause(); })
        {
            Longest = Medium,
            End = (ring, f) => { ring[f.Node].Server.Thaw(); ring[f.Node].Resume(); },
        },

        new("flap-server", (ring, f) => Repeat(ring, f, () => ring[f.Node].Server.Crash(Power.Down), () => StartServer(ring[f.Node]))) { Most = 6 },
        new(FlapDaemon, (ring, f) => Repeat(ring, f, ring[f.Node].Pause, ring[f.Node].Resume)) { Most = 6 },
        new("kill-in-change", (ring, f) => ring[f.Node].DieAfterStatements(f.Amount)) { Most = 4, Longest = Long, End = (ring, f) => ring[f.Node].DieAfterStatements(0) },
        new("slow-disk", (ring, f) => Slow(ring[f.Node], commit: 300, answer: 150)) { Longest = Long, End = (ring, f) => Slow(ring[f.Node], commit: 0, answer: 0) },
        new("slow-apply", (ring, f) => ring[f.Node].Server.Replica.ApplyTakes = TimeSpan.FromMilliseconds(250))
        {
            Longest = Long,
            End = (ring, f) => ring[f.Node].Server.Replica.ApplyTakes = TimeSpan.FromMilliseconds(1),
        },
        new("power-loss", (ring, _) => { foreach (var node in ring.Present.ToArray()) Kill(ring, node, Power.Gone); })
        {
            Longest = Short,
            End = (ring, _) => { foreach (var node in ring.Present.ToArray()) ring.World.After(ring.Chance.Within(Short), () => ring.Mend(node)); },
        },
        new("step-clock", (ring, f) => ring[f.Node].Gossip.ClockIsOff -= TimeSpan.FromMinutes(f.Amount)) { Most = 60 },

        // The network.
        Cut(CutPair, Long, onTwo: true, f => (a, b) => (a == f.Node && b == f.Other) || (a == f.Other && b == f.Node)),
        Cut(CutOneWay, Long, onTwo: true, f => (a, b) => a == f.Node && b == f.Other),
        Cut("isolate", Long, onTwo: false, f => (a, b) => a != b && (a == f.Node || b == f.Node)),
        Cut("cut-before", Long, onTwo: false, f => (a, b) => string.CompareOrdinal(a, f.Node) < 0 != string.CompareOrdinal(b, f.Node) < 0),

        // Disks.
        new("lose-disk", LoseDisk),
        new("restore-backup", (ring, f) => ring.Backups[f] = ring[f.Node].Server.Disk.As(ring[f.Node].Server.Identity)) { Longest = Long, End = RestoreBackup },
        // Not drawn: without a plant it is one of the above that happened to a daemon that lives on.
        new("swap-backup", (ring, f) => ring.Backups[f] = ring[f.Node].Server.Disk.As(ring[f.Node].Server.Identity)) { Weight = 0, Longest = Long, End = SwapBackup },
        new("purge-logs", (ring, f) => ring[f.Node].Server.Purge()) { Weight = 2 },

        // Operators.
        new("share-identity", ShareIdentity) { OnTwo = true },
        new("maintain", (ring, f) => ring[f.Node].Wish(new Wishes(Maintenance: true, Leave: false))) { Longest = Medium, End = (ring, f) => ring[f.Node].Wish(new Wishes(false, false)) },
        new("leave", (ring, f) => { if (ring.Present.Count(d => !d.Wishes.Leave) > 2) ring[f.Node].Wish(new Wishes(Maintenance: false, Leave: true)); }),
        new("join", (ring, f) => Join(ring, ring[f.Node])),
        new("rejoin", (ring, f) => ring[f.Node].Rejoin()),
        new("mend", (ring, f) => ring.Mend(ring[f.Node])) { Weight = 2 },
    ];

    private static readonly int Weights = All.Sum(k => k.Weight);

    /// <exception cref="FormatException">There is no such kind; names those that there are.</exception>
    public static FaultKind Find(string name) => All.FirstOrDefault(k => k.Name == name)
        ?? throw new FormatException($"there is no fault '{name}'; there are {string.Join(", ", All.Select(k => k.Name))}.");

    public static FaultKind Draw(Prng chance)
    {
        var drawn = chance.Below(Weights);
        return All.First(k => (drawn -= k.Weight) < 0);
    }

    private const int LargestRing = 8;

    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1.3), Off = TimeSpan.FromSeconds(0.7);

    private static void Kill(SimulatedRing ring, SimulatedDaemon node, Power how)
    {
        node.Server.Crash(how);
        node.Kill(how);
        ring.Boards.Kill(node.Name);
    }

    /// <summary>As often as the fault says.</summary>
    private static void Repeat(SimulatedRing ring, Fault fault, Action off, Action on)
    {
        for (var i = 0; i < fault.Amount; i++)
        {
            ring.World.After(Beat * i, off);
            ring.World.After((Beat * i) + Off, on);
        }
    }

    private static void StartServer(SimulatedDaemon node)
    {
        if (node.Server.Power == Power.Down && !node.Wishes.HasLeft) node.Server.Start();
    }

    private static void Slow(SimulatedDaemon node, int commit, int answer) =>
        (node.Server.CommitTakes, node.Server.AnswerTakes) = (TimeSpan.FromMilliseconds(commit), TimeSpan.FromMilliseconds(answer));

    private static void Join(SimulatedRing ring, SimulatedDaemon donor)
    {
        if (ring.Daemons.Count < LargestRing && donor is { Report: { Serving: true, ReadOnly: null }, Server.Power: Power.On, Power: Power.On, Wishes.Leave: false }) ring.Enter(donor);
    }

    /// <summary>Without this node's disk nobody would hold the board: nothing could be proven after that.</summary>
    private static bool IsLastCopy(SimulatedRing ring, string node) => ring.Present.All(d => d.Name == node || d.Server.Disk.IsFresh);

    /// <summary>The machine comes back with an empty disk, hence as somebody new.</summary>
    private static void LoseDisk(SimulatedRing ring, Fault fault)
    {
        if (IsLastCopy(ring, fault.Node)) return;
        Kill(ring, ring[fault.Node], Power.Down);
        var node = ring[fault.Node];
        node.Format(ring.NextServerId());
    }

    /// <summary>What the server held when the fault began is what it holds again, under the identity it had then.</summary>
    private static void RestoreBackup(SimulatedRing ring, Fault fault)
    {
        if (!ring.Backups.Remove(fault, out var backup) || backup.IsFresh && IsLastCopy(ring, fault.Node)) return;
        // Within the half second that a daemon's memory is behind, and after it was lost with the machine, an old copy can pass for the latest if nobody else can be asked: docs/operations.md.
        if (!ring[fault.Node].WouldKnow(backup)) return;
        Kill(ring, ring[fault.Node], Power.Down);
        var server = ring[fault.Node].Server;
        server.Replace(backup);
    }

    /// <summary>The same while the daemon lives, and the server is back before anybody has looked.</summary>
    private static void SwapBackup(SimulatedRing ring, Fault fault)
    {
        if (!ring.Backups.Remove(fault, out var backup) || backup.IsFresh && IsLastCopy(ring, fault.Node) || !ring[fault.Node].WouldKnow(backup)) return;
        var server = ring[fault.Node].Server;
        server.Crash(Power.Down);
        server.Replace(backup);
        server.Start();
    }

    /// <summary>Somebody copied an option file. On MySQL the UUID is another one, on MariaDB the domain is the same too.</summary>
    private static void ShareIdentity(SimulatedRing ring, Fault fault)
    {
        var (server, other) = (ring[fault.Node].Server, ring[fault.Other!].Server);
        server.Crash(Power.Down);
        server.Replace(server.Disk.As(server.Identity.Engine == Connect.Node.Settings.Engine.MariaDB ? other.Identity : server.Identity with { ServerId = other.Identity.ServerId }));
    }

    private static FaultKind Cut(string name, TimeSpan longest, bool onTwo, Func<Fault, Func<string, string, bool>> pairs) =>
        new(name, (ring, f) => ring.World.Cut(f, pairs(f))) { OnTwo = onTwo, Longest = longest, End = (ring, f) => ring.World.Uncut(f) };
}
