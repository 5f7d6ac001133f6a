using Connect.RingDaemon.Daemon;
using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Simulation.Faults;

/// <summary>Everything that can be broken, drawn and told.</summary>
internal static class FaultKinds
{
    public const string FreezeServer = "freeze-server", FreezeDaemon = "freeze-daemon", FreezeNode = "freeze-node";

    private static readonly TimeSpan Short = TimeSpan.FromSeconds(3), Medium = TimeSpan.FromSeconds(6), Long = TimeSpan.FromSeconds(10);

    public static IReadOnlyList<FaultKind> All { get; } =
    [
        // Processes and machines.
        new("kill-node", (ring, f) => Kill(ring, f, Power.Down)),
        new("lose-machine", (ring, f) => Kill(ring, f, Power.Gone)),
        new("kill-server", (ring, f) => ring[f.Node].Server.Crash(Power.Down)),
        new("kill-daemon", (ring, f) => ring[f.Node].Kill(Power.Down)),
        new(FreezeServer, (ring, f) => ring[f.Node].Server.Freeze()) { Longest = Short, End = (ring, f) => ring[f.Node].Server.Thaw() },
        new(FreezeDaemon, (ring, f) => ring[f.Node].Pause()) { Longest = Medium, End = (ring, f) => ring[f.Node].Resume() },
        new(FreezeNode, (ring, f) => { ring[f.Node].Server.Freeze(); ring[f.Node].Pause(); })
        {
            Longest = Medium,
            End = (ring, f) => { ring[f.Node].Server.Thaw(); ring[f.Node].Resume(); },
        },

        // The network.
        Cut("cut", Long, onTwo: true, f => (a, b) => (a == f.Node && b == f.Other) || (a == f.Other && b == f.Node)),
        Cut("cut-one-way", Long, onTwo: true, f => (a, b) => a == f.Node && b == f.Other),
        Cut("isolate", Long, onTwo: false, f => (a, b) => a != b && (a == f.Node || b == f.Node)),
        Cut("cut-before", Long, onTwo: false, f => (a, b) => string.CompareOrdinal(a, f.Node) < 0 != string.CompareOrdinal(b, f.Node) < 0),

        // Disks.
        new("lose-disk", LoseDisk),
        new("restore-backup", (ring, f) => ring.Backups[f] = ring[f.Node].Server.Disk.As(ring[f.Node].Server.Identity)) { Longest = Long, End = RestoreBackup },
        new("purge-logs", (ring, f) => ring[f.Node].Server.Purge()) { Weight = 2 },

        // Operators.
        new("share-identity", ShareIdentity) { OnTwo = true },
        new("maintain", (ring, f) => ring[f.Node].Wish(new Wishes(Maintenance: true, Leave: false))) { Longest = Medium, End = (ring, f) => ring[f.Node].Wish(new Wishes(false, false)) },
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

    private static void Kill(SimulatedRing ring, Fault fault, Power how)
    {
        ring[fault.Node].Server.Crash(how);
        ring[fault.Node].Kill(how);
        ring.Boards.Kill(fault.Node);
    }

    /// <summary>The machine comes back with an empty disk, hence as somebody new.</summary>
    private static void LoseDisk(SimulatedRing ring, Fault fault)
    {
        if (ring.Daemons.All(d => d.Name == fault.Node || d.Server.Disk.IsFresh)) return; // the last copy of the board: nothing could be proven after that
        Kill(ring, fault, Power.Down);
        var node = ring[fault.Node];
        node.Format(ring.NextServerId());
    }

    /// <summary>What the server held when the fault began is what it holds again, under the identity it had then.</summary>
    private static void RestoreBackup(SimulatedRing ring, Fault fault)
    {
        if (!ring.Backups.Remove(fault, out var backup)) return;
        // Within the half second that a daemon's memory is behind, and after it was lost with the machine, an old copy can pass for the latest if nobody else can be asked: docs/operations.md.
        if (!ring[fault.Node].WouldKnow(backup)) return;
        Kill(ring, fault, Power.Down);
        var server = ring[fault.Node].Server;
        server.Replace(backup);
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
