using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Simulation.Checkers;
using Connect.RingDaemon.Simulation.Plants;
using Connect.RingDaemon.Simulation.Servers;

namespace Connect.RingDaemon.Simulation;

/// <summary>A whole ring in virtual time: servers, daemons, boards with people who post, and the checkers that watch it all.</summary>
internal sealed class SimulatedRing : IDisposable
{
    private readonly World _world;
    private readonly SortedDictionary<string, SimulatedDaemon> _daemons = new(StringComparer.Ordinal);
    private readonly List<string> _told = [];
    private readonly RunOptions _options;
    private uint _lastServerId;
    private readonly Prng _places;

    public SimulatedRing(Story story, RunOptions options)
    {
        (Story, _options) = (story, options);
        _world = new(new WorldOptions { Nodes = story.Nodes, Seed = story.Seed, Loss = story.Loss, Duplicates = story.Duplicates, UnevenLinks = story.UnevenLinks, MaximumLatency = story.Latency, Membership = options.Plant.Membership(new()) });
        Checks = new(this, story);
        _world.Storm = name => Checks.Never("packet-storm", $"{name} sends thousands of packets a second");
        Boards = new(this, story);
        // A stream of its own: where nodes stand does not depend on how many there are before them.
        _places = new(story.Seed ^ 0x504C414345);
        foreach (var gossip in _world.Nodes) Add(gossip, new(SimulatedServer.IdentityOf(NextServerId(), story.Engine)));
    }

    public Story Story { get; }

    public World World => _world;

    public PlantedBug Plant => _options.Plant;

    public Checks Checks { get; }

    public SimulatedBoards Boards { get; }

    public Prng Chance => _world.Chance;

    public IReadOnlyCollection<SimulatedDaemon> Daemons => _daemons.Values;

    /// <summary>Those who belong to the ring: not those who left for good.</summary>
    public IEnumerable<SimulatedDaemon> Present => _daemons.Values.Where(d => !d.Wishes.HasLeft);

    /// <summary>What is left in the world of everything that was ever written.</summary>
    public IEnumerable<ServerDisk> Disks => Present.Select(d => d.Server.Disk);

    public SimulatedDaemon this[string name] => _daemons[name];

    public bool IsPosting => Boards.Posting;

    public int Posted => Boards.Posted;

    /// <summary>Everything is mended, equal and closed: from now on nobody has a reason to do anything.</summary>
    public bool IsAtRest { get; set; }

    /// <summary>What disks held when a fault began that puts them back later.</summary>
    public Dictionary<Faults.Fault, ServerDisk> Backups { get; } = [];

    /// <summary>One that was never given out.</summary>
    public uint NextServerId() => ++_lastServerId;

    /// <summary>What happened, a line each, if it is told.</summary>
    public IReadOnlyList<string> Told => _told;

    /// <summary>The first rule that was broken, or the first thing that went wrong inside the simulation itself.</summary>
    public Violation? Violation => Checks.Found;

    public void Defect(string what) => Checks.Never("defect", $"the simulation itself failed: {what}");

    public void Note(string what)
    {
        _world.Trace(what);
        if (_options.Tells) _told.Add($"{_world.Now.TotalSeconds,8:0.000}  {what}");
    }

    public void Dispose()
    {
        foreach (var daemon in Daemons) daemon.Dispose();
    }

    public void Run(TimeSpan duration)
    {
        for (var end = _world.Now + duration; _world.Now < end && Violation is null;)
            _world.Run(TimeSpan.FromTicks(Math.Min((end - _world.Now).Ticks, TimeSpan.TicksPerSecond / 10)));
    }

    /// <returns>False if it did not come true within the limit.</returns>
    public bool RunUntil(Func<bool> condition, TimeSpan limit)
    {
        for (var end = _world.Now + limit; _world.Now < end;)
        {
            if (Violation is not null || condition()) return Violation is null;
            _world.Run(TimeSpan.FromMilliseconds(100));
        }
        return condition();
    }

    /// <summary>What an operator does with a node: wakes what is stopped, starts what is dead.</summary>
    public void Mend(SimulatedDaemon node)
    {
        if (node.Wishes.HasLeft) return;
        node.Server.Thaw();
        if (node.Server.Power != Power.On) node.Server.Start();
        node.Resume();
        node.Start();
        Boards.Start(node.Name);
    }

    /// <summary>
    /// What an operator has to do when all who were told that a member left lost their disks: the others wait for it, and with <c>minority: readonly</c> count it for ever (seed 69523).
    /// </summary>
    public void ForgetWhomNobodyRemembers()
    {
        foreach (var gone in Daemons.Where(d => d.Wishes.HasLeft))
        {
            var known = Present.Select(d => (Daemon: d, Member: d.Gossip.View.Find(gone.Name))).Where(k => k.Member is not null).ToArray();
            if (known.Any(k => k.Member!.Liveness == Liveness.Left)) continue;
            foreach (var (daemon, _) in known.Where(k => k.Member!.Liveness == Liveness.Unreachable).Take(1))
            {
                Note($"forget {gone.Name}, at {daemon.Name}");
                daemon.Gossip.Take(new Forget(gone.Name));
            }
        }
    }

    /// <summary>Everything starts; returns when the ring is closed.</summary>
    public bool Found()
    {
        foreach (var daemon in Daemons) _world.After(Chance.Within(TimeSpan.FromMilliseconds(300)), daemon.Start);
        return RunUntil(() => IsClosedAtRest() && Daemons.All(d => d.Report is { Serving: true, Writable: true }), TimeSpan.FromSeconds(60));
    }

    // ---- verdicts ----

    /// <summary>Closed, and nobody wants it otherwise.</summary>
    public bool IsClosedAtRest() => IsClosed() && (Present.Count() == 1 || Present.All(d => d.FollowsItsPlan));

    /// <summary>Following the running links from any node visits all of them.</summary>
    public bool IsClosed()
    {
        var first = Present.First().Server;
        var (at, visited, all) = (first, 0, Present.Count());
        if (all == 1) return true;
        do
        {
            if (!at.Replicating || at.Source is not { } source) return false;
            (at, visited) = (source, visited + 1);
        }
        while (at != first && visited <= all);
        return at == first && visited == all;
    }

    /// <summary>For a message: whom each follows, and what it does.</summary>
    public string Shape() => string.Join(", ", Present.Select(d =>
        $"{d.Name} {d.Report.Phase} from {d.Server.Source?.Name ?? "nobody"}{(d.Server.Replicating ? "" : " (not running)")}{(d.FollowsItsPlan ? "" : $" (wants {d.Report.Plan.Source ?? "nobody"})")} at [{d.Server.Executed}]: {d.Report.Doing}; {d.Report.Why}"));

    /// <summary>The same rows, and the same numbers for them.</summary>
    public bool IsEqual()
    {
        var first = Present.First().Server.Disk;
        return Disks.All(d => d.Rows.SetEquals(first.Rows) && d.Executed.Equals(first.Executed));
    }

    /// <summary>For a message: the rows that some node lacks, and what wrote them.</summary>
    public string Differences()
    {
        var all = new RowSet();
        foreach (var disk in Disks) all.Add(disk.Rows);
        return string.Join(", ", Present.SelectMany(d => all.Except(d.Server.Disk.Rows).Take(5).Select(row =>
            Disks.SelectMany(o => o.Log).FirstOrDefault(t => t.Row == row) is { Origin: not null } wrote ? $"{d.Name} lacks row {row}, {wrote.Origin}:{wrote.Number} of server {wrote.ServerId}" : $"{d.Name} lacks row {row}, which is in no log")));
    }

    /// <summary>A new node with a copy of the donor's data, under an identity that nobody had. It was let in; from here on it is as any other.</summary>
    public SimulatedDaemon Enter(SimulatedDaemon donor)
    {
        var daemon = Add(_world.Add($"n{_daemons.Count + 1}"), donor.Server.Disk.SeededAs(SimulatedServer.IdentityOf(NextServerId(), Story.Engine)));
        daemon.Start();
        if (IsPosting) Boards.LearnOn(daemon);
        return daemon;
    }

    private void LookAround()
    {
        foreach (var daemon in _daemons.Values) daemon.LookAround();
    }

    private SimulatedDaemon Add(SimulatedNode gossip, ServerDisk disk)
    {
        gossip.Facts = gossip.Facts with { Zone = $"z{_places.Below(Story.Zones)}", Place = _places.Below(3) };
        gossip.ClockIsOff = Story.Skew * ((2 * _places.Unit()) - 1);
        var server = new SimulatedServer(gossip.Name, disk, _world, Plant);
        server.Committed = (transaction, isNew) => Checks.Committed(server, transaction, isNew);
        server.Pointed = source => Checks.Pointed(server, source);
        server.DiskReplaced = before => Checks.DiskReplaced(server, before);
        var daemon = new SimulatedDaemon(gossip, server, _world, this);
        server.Started = () =>
        {
            if (daemon.Power == Power.On) Checks.ServerStarted(daemon);
        };
        _daemons.Add(gossip.Name, daemon);
        server.PowerChanged += LookAround;
        daemon.PowerChanged += LookAround;
        return daemon;
    }
}
