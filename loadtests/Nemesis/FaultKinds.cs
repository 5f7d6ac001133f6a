using Connect.LoadTests.Nemesis.Faults;
using Connect.LoadTests.Ring;

namespace Connect.LoadTests.Nemesis;

/// <summary>Everything that nemesis knows how to break.</summary>
public static class FaultKinds
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    public static IReadOnlyList<FaultKind> All { get; } =
    [
        Killed("kill-mysql", "a server crashes (kill -9)", "mysql"),
        Killed("kill-daemon", "a daemon crashes", "daemon"),
        Killed("kill-board", "a board crashes", "web"),
        Killed("kill-node", "all processes of a node crash together", [.. Stage.Parts]),
        Frozen("stop-mysql", "a server freezes (SIGSTOP) and wakes", "mysql"),
        Frozen("stop-daemon", "a daemon freezes and wakes", "daemon"),
        Frozen("stop-board", "a board freezes and wakes", "web"),
        Frozen("stop-node", "all processes of a node freeze and wake", [.. Stage.Parts]),
        new("cut-pair", "no packet passes between two nodes, both ways", d =>
        {
            var one = d.Node();
            var other = d.Other(one);
            return new CutWires($"nothing passes between {one} and {other}", [.. CutWires.Between(one, [other])]) { Hold = d.Seconds(1, 8) };
        }),
        new("cut-one-way", "packets of one node do not reach another; the other way they do", d =>
        {
            var from = d.Node();
            var to = d.Other(from);
            return new CutWires($"nothing of {from} reaches {to}", [(from, to)]) { Hold = d.Seconds(1, 8) };
        }),
        new("isolate", "a node reaches nobody, and nobody it: neither nodes, load balancer nor people", d =>
        {
            var one = d.Node();
            return new CutWires($"{one} is cut off from everybody", [.. CutWires.Between(one, d.Nodes.Where(n => n != one).Append(Wires.Machine))]) { Hold = d.Seconds(1, 8) };
        }),
        new("isolate-from-peers", "a node reaches no other node, but load balancer and people reach it", d =>
        {
            var one = d.Node();
            return new CutWires($"{one} is cut off from the other nodes", [.. CutWires.Between(one, d.Nodes.Where(n => n != one))]) { Hold = d.Seconds(1, 8) };
        }),
        new("deaf", "a node hears nobody, but everybody hears it", d =>
        {
            var one = d.Node();
            return new CutWires($"{one} hears no other node", [.. d.Nodes.Where(n => n != one).Select(n => (n, one))]) { Hold = d.Seconds(1, 8) };
        }),
        new("halves", "two groups of nodes do not reach each other; the load balancer reaches one group or both", Halves) { Nodes = 3 },
        new("flap-wires", "a node's wires go down and up every second or two", d => new FlappingWires(d.Node(), Flaps(d)) { Hold = TimeSpan.Zero }),
        new("flap-mysql", "a server is killed and started every second or two", d => new FlappingServer(d.Node(), Flaps(d)) { Hold = TimeSpan.Zero }),
        new("disk-full", "a node's disk runs full, to the last byte or nearly so", d => new FullDisk(d.Node(), d.Coin() ? 0 : 16L << 20) { Hold = d.Seconds(3, 8) }),
        new("data-deleted", "a server crashes and its data folder is deleted", d =>
            new DeletedData(d.Node(), d.Coin() ? ["mysql"] : [.. Stage.Parts]) { Hold = d.Seconds(4, 8) }),
        new("logs-purged", "a node returns and needs binary logs that all others have purged", d => new PurgedLogs(d.Node()) { Hold = d.Seconds(2, 5) }),
        new("relay-corrupt", "bytes of the newest relay log are overwritten while its server is down", d =>
            new CorruptRelayLog(d.Node(), d.Coin(), d.Coin() ? KillSignal.Term : KillSignal.Kill, d.Below(int.MaxValue)) { Hold = d.Seconds(0.2, 3) }),
        new("duplicate-id", "a server runs with the server_id of another one", d =>
        {
            var one = d.Node();
            return new DuplicateServerId(one, d.Other(one)) { Hold = d.Seconds(4, 8) };
        }),
        new("old-backup", "a server comes back with an old copy of its data under its old identity", d =>
            new OldBackup(d.Node(), d.Seconds(1, 4), d.Coin() ? ["mysql"] : [.. Stage.Parts]) { Hold = d.Seconds(0.2, 5) }),
        new("repoint-crash", "a daemon is killed while it turns to another source", d =>
        {
            var at = d.Below(d.Nodes.Count);
            var after = d.Between(TimeSpan.Zero, TimeSpan.FromMilliseconds(60));
            return new CrashWhileRepointing(d.Nodes[at], d.Nodes[(at + 1) % d.Nodes.Count], after) { Hold = d.Seconds(1, 6) };
        }),
        new("kill-haproxy", "the load balancer crashes", d => new KilledBalancer { Hold = d.Seconds(1, 5) }),
        new("clock", "the clock of a node's daemon and board is an hour off", d => new WrongClock(d.Node(), (d.Coin() ? 1 : -1) * TimeSpan.FromHours(1)) { Hold = d.Seconds(4, 8) }),
        new("power-loss", "every process of the ring dies at once", d => new PowerLoss { Hold = d.Seconds(0.2, 2) }) { Nodes = 1 },
    ];

    /// <exception cref="MeasurementException">There is no such kind.</exception>
    public static FaultKind Named(string name) => All.FirstOrDefault(k => k.Name == name)
        ?? throw new MeasurementException($"There is no fault '{name}'. There are: {string.Join(", ", All.Select(k => k.Name))}.");

    /// <summary>
    /// Fault number <paramref name="number"/> of a seed. Kinds come in rounds, each in an order of its own, so that after so many faults as there are kinds each has been there once.
    /// </summary>
    public static (FaultKind Kind, Fault Fault) Of(ulong seed, int number, IReadOnlyList<string> kinds, IReadOnlyList<string> nodes)
    {
        var round = (number - 1) / kinds.Count;
        var order = new Draw(seed ^ 0x5EED, -1 - round, nodes).Shuffled(kinds);
        var kind = Named(order[(number - 1) % kinds.Count]);
        return (kind, kind.Draw(new Draw(seed, number, nodes)));
    }

    private static FaultKind Killed(string name, string what, params string[] parts) => new(name, what, d => new KilledProcesses(d.Node(), parts) { Hold = d.Seconds(0.3, 8) });

    private static FaultKind Frozen(string name, string what, params string[] parts) => new(name, what, d => new FrozenProcesses(d.Node(), parts) { Hold = d.Seconds(0.3, 8) });

    private static CutWires Halves(Draw draw)
    {
        var order = draw.Shuffled(draw.Nodes);
        var left = order.Take(1 + draw.Below(order.Count - 1)).Order().ToArray();
        var right = order.Except(left).Order().ToArray();
        List<(string, string)> cuts = [.. left.SelectMany(one => CutWires.Between(one, right))];
        var lonely = draw.Below(3) switch { 0 => left, 1 => right, _ => [] };
        cuts.AddRange(CutWires.Between(Wires.Machine, lonely));
        var story = $"{string.Join(", ", left)} and {string.Join(", ", right)} are cut off from each other" + (lonely.Length > 0 ? $", {string.Join(", ", lonely)} also from load balancer and people" : "");
        return new CutWires(story, cuts) { Hold = draw.Seconds(2, 8) };
    }

    private static IReadOnlyList<(TimeSpan Down, TimeSpan Up)> Flaps(Draw draw) => [.. Enumerable.Range(0, 4 + draw.Below(3)).Select(_ => (draw.Between(Second * 0.5, Second * 2), draw.Between(Second * 0.5, Second * 2)))];
}
