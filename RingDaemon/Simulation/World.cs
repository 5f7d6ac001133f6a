using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Membership.Wire;

namespace Connect.RingDaemon.Simulation;

/// <summary>A change of opinion: at this time the observer came to see the subject so.</summary>
internal sealed record Sighting(TimeSpan At, string Observer, string Subject, Liveness Liveness);

/// <summary>
/// A ring in virtual time. Everything that is left to chance comes from one seed, every packet goes through the real codec, and the nodes run the real core.
/// </summary>
internal sealed class World
{
    private static readonly TimeSpan Loopback = TimeSpan.FromMicroseconds(100);
    private static readonly TimeSpan ExchangeDeadline = TimeSpan.FromSeconds(1);

    private const int MostPacketsASecond = 2000;

    private readonly Dictionary<string, int> _sent = new(StringComparer.Ordinal);
    private long _second;
    private readonly EventHeap _heap = new();
    private readonly SortedDictionary<string, SimulatedNode> _nodes = new(StringComparer.Ordinal);
    private readonly TraceHash _trace = new();
    private readonly Dictionary<(string From, string To), double> _lengths = [];
    private readonly byte[] _buffer = new byte[WireLimits.Packet];
    private readonly List<(object Why, Func<string, string, bool> Pairs)> _cuts = [];

    public World(WorldOptions options)
    {
        Options = options;
        Chance = new(options.Seed);
        for (var i = 1; i <= options.Nodes; i++) _nodes.Add($"n{i}", new($"n{i}", this));
    }

    public WorldOptions Options { get; private set; }

    public Prng Chance { get; }

    public TimeSpan Now => _heap.Now;

    /// <summary>Unix milliseconds.</summary>
    public ulong WallClock => 1_800_000_000_000 + (ulong)Now.TotalMilliseconds;

    public ulong TraceHash => _trace.Value;

    public List<Sighting> Sightings { get; } = [];

    public List<string> Notes { get; } = [];

    /// <summary>Nothing gets from one to the other.</summary>
    public bool IsCut(string from, string to)
    {
        if (from == to) return false;
        foreach (var (_, pairs) in _cuts) if (pairs(from, to)) return true;
        return false;
    }

    /// <summary>Both ways are open: a connection works.</summary>
    public bool Reach(string one, string other) => !IsCut(one, other) && !IsCut(other, one);

    /// <summary>Of one journey.</summary>
    public TimeSpan Latency(string from, string to) => from == to ? Loopback
        : Options.UnevenLinks ? Options.MinimumLatency + (LengthOf(from, to) * (Options.MaximumLatency - Options.MinimumLatency) * (0.5 + (0.5 * Chance.Unit())))
        : Latency();

    public TimeSpan Latency() => Options.MinimumLatency + Chance.Within(Options.MaximumLatency - Options.MinimumLatency);

    /// <summary>What matters to whoever compares two runs.</summary>
    public void Trace(string what)
    {
        _trace.Add(Now.Ticks);
        _trace.Add(System.Text.Encoding.UTF8.GetBytes(what));
    }

    public IEnumerable<SimulatedNode> Nodes => _nodes.Values;

    public IEnumerable<SimulatedNode> Running => _nodes.Values.Where(n => n.Power == Power.On);

    public SimulatedNode this[string name] => _nodes[name];

    public void At(TimeSpan time, Action what) => _heap.At(time, what);

    public void After(TimeSpan delay, Action what) => _heap.After(delay, what);

    public void Run(TimeSpan duration) => _heap.RunUntil(Now + duration);

    /// <summary>Runs until the condition holds, in steps of a millisecond.</summary>
    /// <returns>When it held first, or null if it never did within the limit.</returns>
    public TimeSpan? RunUntil(Func<bool> condition, TimeSpan limit)
    {
        for (var end = Now + limit; Now < end;)
        {
            if (condition()) return Now;
            Run(TimeSpan.FromMilliseconds(1));
        }
        return condition() ? Now : null;
    }

    /// <summary>Starts everyone; each joins through the first. Runs until all know each other.</summary>
    public World Found()
    {
        foreach (var node in _nodes.Values)
            After(Chance.Within(TimeSpan.FromMilliseconds(300)), () =>
            {
                node.Start();
                Join(node, [_nodes["n1"]]);
            });
        var settled = RunUntil(() => Nodes.All(n => n.Core is not null && n.View.Members.Length == _nodes.Count && AllAliveFor(n)), TimeSpan.FromSeconds(30));
        if (settled is null) throw new InvalidOperationException($"The ring of seed {Options.Seed} did not form.");
        Run(Chance.Within(TimeSpan.FromSeconds(3)) + TimeSpan.FromSeconds(1));
        return this;
    }

    public bool AllAlive() => Running.All(AllAliveFor);

    /// <summary>Packets and connections between these pairs vanish, until this cut is taken back or everything is healed.</summary>
    public void Cut(object why, Func<string, string, bool> pairs)
    {
        _cuts.Add((why, pairs));
        CutChanged?.Invoke();
    }

    public void Cut(Func<string, string, bool> pairs) => Cut(pairs, pairs);

    public void Uncut(object why)
    {
        _cuts.RemoveAll(c => ReferenceEquals(c.Why, why));
        CutChanged?.Invoke();
    }

    /// <summary>The network is healthy from now on: nearly no packet is lost, none comes twice.</summary>
    public void Calm() => Options = Options with { Loss = Math.Min(Options.Loss, 0.01), Duplicates = 0 };

    public void Heal()
    {
        _cuts.Clear();
        CutChanged?.Invoke();
    }

    /// <summary>Told after each change of who reaches whom.</summary>
    public event Action? CutChanged;

    /// <summary>Another node, which knows nobody yet.</summary>
    public SimulatedNode Add(string name)
    {
        var node = new SimulatedNode(name, this);
        _nodes.Add(name, node);
        return node;
    }

    /// <summary>From 0 to 1; the same for each packet that goes this way.</summary>
    private double LengthOf(string from, string to)
    {
        if (_lengths.TryGetValue((from, to), out var length)) return length;
        var hash = new TraceHash();
        hash.Add(System.Text.Encoding.UTF8.GetBytes($"{from}>{to}"));
        return _lengths[(from, to)] = new Prng(Options.Seed ^ hash.Value).Unit();
    }

    public void Execute(SimulatedNode from, Effect effect)
    {
        switch (effect)
        {
            case Send send: Deliver(from, send); break;
            case ExchangeWith exchange:
                Exchange(from, _nodes[exchange.Name], refused: () => from.Take(new ExchangeRefused(exchange.Name, exchange.Incarnation)), answered: null);
                break;
            case Persist persist: from.Disk = persist.Members; break;
            case Note note: Notes.Add($"{Now.TotalMilliseconds,9:F1} {from.Name}: {note.Text}"); break;
        }
    }

    public void Record(SimulatedNode observer, View before)
    {
        foreach (var member in observer.View.Members)
            if (before.Find(member.Name)?.Liveness != member.Liveness) Sightings.Add(new(Now, observer.Name, member.Name, member.Liveness));
    }

    private bool AllAliveFor(SimulatedNode node) => Running.All(other => node.Sees(other.Name) == Liveness.Alive);

    private void Deliver(SimulatedNode from, Send send)
    {
        var length = MessageCodec.Encode(send.Message, _buffer);
        if (length is < 1 or > WireLimits.Packet - SealedPackets.Overhead) throw new InvalidOperationException($"A message of {length} bytes does not fit into a packet.");
        _trace.Add(Now.Ticks);
        _trace.Add(_buffer.AsSpan(0, length));
        if (IsStorm(from)) return; // or the run would never end
        var to = _nodes[send.Address.Split(':')[0]];
        if (Chance.Unit() < Options.Loss || IsCut(from.Name, to.Name)) return;
        if (!MessageCodec.TryDecode(_buffer.AsSpan(0, length), out var message)) throw new InvalidOperationException("The codec does not read what it wrote.");
        After(Latency(from.Name, to.Name), () => to.Take(new PacketReceived(from.Address, message)));
        if (Options.Duplicates > 0 && Chance.Unit() < Options.Duplicates) After(Latency(from.Name, to.Name), () => to.Take(new PacketReceived(from.Address, message)));
    }

    /// <summary>Told of a node that sent more in a second of virtual time than any rule of gossip accounts for.</summary>
    public Action<string>? Storm { get; set; }

    private bool IsStorm(SimulatedNode from)
    {
        if ((long)Now.TotalSeconds != _second)
        {
            _second = (long)Now.TotalSeconds;
            _sent.Clear();
        }
        if ((_sent[from.Name] = _sent.GetValueOrDefault(from.Name) + 1) <= MostPacketsASecond) return false;
        Storm?.Invoke(from.Name);
        return true;
    }

    /// <summary>What <see cref="ExchangeRunner.Join"/> does: asks until somebody answers, and each of the others until it has answered or gossip knows it.</summary>
    public void Join(SimulatedNode node, IEnumerable<SimulatedNode> seeds)
    {
        var (open, joined, core) = (seeds.Where(s => s != node).ToList(), false, node.Core);
        Round(ExchangeRunner.FirstPause);

        void Round(TimeSpan pause)
        {
            if (node.Core != core || node.Power is not (Power.On or Power.Paused)) return;
            if (node.Power == Power.On)
            {
                open.RemoveAll(seed => joined && node.View.Find(seed.Name) is not null);
                foreach (var seed in open.Where(seed => seed.Core is not null)) Exchange(node, seed, refused: null, answered: () => joined = open.Remove(seed) || joined);
            }
            if (open.Count > 0) After(pause, () => Round(ExchangeRunner.PauseAfter(pause, joined)));
        }
    }

    /// <summary>A push-pull over TCP: a handshake, then both states. A paused process answers when it wakes, if somebody still listens.</summary>
    private void Exchange(SimulatedNode from, SimulatedNode to, Action? refused, Action? answered)
    {
        var deadline = Now + ExchangeDeadline;
        var mine = new Exchanged(from.Name, from.Core!.Reports);
        After(Latency() + Latency() + Latency(), () =>
        {
            if (IsCut(from.Name, to.Name) || to.Power == Power.Gone) return;
            if (to.Power == Power.Down)
            {
                refused?.Invoke();
                return;
            }
            Answer();
        });

        void Answer()
        {
            if (to.Power == Power.Paused)
            {
                After(TimeSpan.FromMilliseconds(5), Answer);
                return;
            }
            if (to.Power != Power.On) return;
            var theirs = new Exchanged(to.Name, to.Core!.Reports);
            to.Take(mine);
            var arrival = Now + Latency();
            if (arrival > deadline || IsCut(from.Name, to.Name)) return;
            At(arrival, () =>
            {
                from.Take(theirs);
                answered?.Invoke();
            });
        }
    }
}
