using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.LoadBalancing;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Simulation.Servers;

namespace Connect.RingDaemon.Simulation;

/// <summary>A whole ring in virtual time: servers, daemons, a load balancer, people who post, and a book of what was acknowledged.</summary>
internal sealed class SimulatedRing : IDisposable
{
    private static readonly TimeSpan BetweenPosts = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan BoardLearnsWithin = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan AuthorWaits = TimeSpan.FromSeconds(2);

    private readonly World _world;
    private readonly SortedDictionary<string, SimulatedDaemon> _daemons = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TrafficState> _balancer = new(StringComparer.Ordinal);
    private readonly HashSet<string> _deadBoards = new(StringComparer.Ordinal);
    private readonly Dictionary<string, bool> _mayWrite = new(StringComparer.Ordinal);
    private readonly List<Transaction> _acknowledged = [];
    private readonly List<string> _told = [];
    private readonly bool _tells;
    private bool _posting;

    public SimulatedRing(Story story, bool tells)
    {
        _tells = tells;
        _world = new(new WorldOptions { Nodes = story.Nodes, Seed = story.Seed, Loss = story.Loss, MaximumLatency = story.Latency });
        uint id = 0;
        foreach (var gossip in _world.Nodes) _daemons.Add(gossip.Name, new(gossip, new(gossip.Name, ++id, story.Engine, _world), _world, this));
    }

    public World World => _world;

    public Prng Chance => _world.Chance;

    public IReadOnlyCollection<SimulatedDaemon> Daemons => _daemons.Values;

    public SimulatedDaemon this[string name] => _daemons[name];

    /// <summary>Posts whose authors were told that a second node holds them.</summary>
    public IReadOnlyList<Transaction> Acknowledged => _acknowledged;

    public int Posted { get; private set; }

    /// <summary>What happened, a line each, if it is told.</summary>
    public IReadOnlyList<string> Told => _told;

    /// <summary>The first thing that went wrong inside the simulation itself.</summary>
    public string? FirstDefect { get; private set; }

    public void Defect(string what) => FirstDefect ??= what;

    public void Note(string what)
    {
        _world.Trace(what);
        if (_tells) _told.Add($"{_world.Now.TotalSeconds,8:0.000}  {what}");
    }

    public void Dispose()
    {
        foreach (var daemon in Daemons) daemon.Dispose();
    }

    public void Run(TimeSpan duration) => _world.Run(duration);

    /// <returns>False if it did not come true within the limit.</returns>
    public bool RunUntil(Func<bool> condition, TimeSpan limit)
    {
        for (var end = _world.Now + limit; _world.Now < end;)
        {
            if (FirstDefect is not null || condition()) return FirstDefect is null;
            _world.Run(TimeSpan.FromMilliseconds(100));
        }
        return condition();
    }

    /// <summary>What an operator does with a node: wakes what is stopped, starts what is dead.</summary>
    public void Mend(SimulatedDaemon node)
    {
        node.Server.Thaw();
        if (node.Server.Power != Power.On) node.Server.Start();
        node.Resume();
        node.Start();
        StartBoard(node.Name);
    }

    /// <summary>Everything starts; returns when the ring is closed.</summary>
    public bool Found()
    {
        foreach (var daemon in Daemons) _world.After(Chance.Within(TimeSpan.FromMilliseconds(300)), daemon.Start);
        return RunUntil(() => IsClosed() && Daemons.All(d => d.Report.Serving), TimeSpan.FromSeconds(60));
    }

    // ---- people ----

    public void StartPosting()
    {
        _posting = true;
        _world.After(BetweenPosts, Post);
        foreach (var daemon in Daemons) LearnOn(daemon);
    }

    public void StopPosting() => _posting = false;

    public void KillBoard(string node) => _deadBoards.Add(node);

    public void StartBoard(string node) => _deadBoards.Remove(node);

    public void Balance(IReadOnlyDictionary<string, TrafficState> states)
    {
        foreach (var (node, state) in states) _balancer[node] = state;
    }

    public void TakeOut(string node) => _balancer[node] = TrafficState.Maintenance;

    /// <summary>A board asks its daemon twice a second whether it may write; a daemon that does not answer means no.</summary>
    private void LearnOn(SimulatedDaemon daemon)
    {
        if (!_posting) return;
        _mayWrite[daemon.Name] = daemon is { Power: Power.On, Report.Writable: true };
        _world.After(BoardLearnsWithin, () => LearnOn(daemon));
    }

    private void Post()
    {
        if (!_posting) return;
        _world.After(BetweenPosts, Post);
        var ready = Daemons.Where(d => _balancer.GetValueOrDefault(d.Name) == TrafficState.Ready && !_deadBoards.Contains(d.Name)).ToArray();
        if (ready.Length == 0) return;
        var node = ready[Chance.Below(ready.Length)];
        if (node.Server.Power != Power.On || !_mayWrite.GetValueOrDefault(node.Name)) return;
        node.Server.Write(Posted++, post => Acknowledge(node, post));
    }

    private void Acknowledge(SimulatedDaemon node, Transaction post)
    {
        if (node.Power != Power.On) return; // nobody to ask about copies: "pending"
        var position = node.Server.PositionOf(post);
        var told = false;
        foreach (var peer in node.UsablePeers)
        {
            var server = _daemons[peer.Name].Server;
            Ask(node, server, position, () =>
            {
                if (told) return;
                told = true;
                _acknowledged.Add(post);
            });
        }
    }

    private static async void Ask(SimulatedDaemon node, SimulatedServer server, GtidSet position, Action held)
    {
        try
        {
            if ((await node.WaitForAsync(server, position, AuthorWaits)).Contains(position)) held();
        }
        catch (DatabaseUnavailableException)
        {
            // That one cannot say.
        }
    }

    // ---- verdicts ----

    /// <summary>Following the running links from any node visits all of them.</summary>
    public bool IsClosed()
    {
        var first = Daemons.First().Server;
        var (at, visited) = (first, 0);
        do
        {
            if (!at.Replicating || at.Source is not { } source) return false;
            (at, visited) = (source, visited + 1);
        }
        while (at != first && visited <= Daemons.Count);
        return at == first && visited == Daemons.Count;
    }

    public bool IsEqual()
    {
        var first = Daemons.First().Server.Disk.Rows;
        return Daemons.All(d => d.Server.Disk.Rows.SetEquals(first));
    }

    /// <summary>Acknowledged posts that a node lacks.</summary>
    public IReadOnlyList<string> Lost() =>
        [.. Daemons.SelectMany(d => _acknowledged.Where(t => !d.Server.Disk.Rows.Contains(t.Row)).Select(t => $"{d.Name} lacks {t.Origin}:{t.Number}"))];
}
