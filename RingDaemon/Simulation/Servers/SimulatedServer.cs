using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Replication;
using Connect.RingDaemon.Simulation.Plants;

namespace Connect.RingDaemon.Simulation.Servers;

/// <summary>
/// A database server as the ring sees it: a process around a <see cref="ServerDisk"/> and <see cref="ReplicaThreads"/>. It commits what its board writes under its own
/// origin, and sends on everything it commits. A crash keeps what was committed (both engines flush at commit: sync_binlog=1) and loses connections and relay logs.
/// </summary>
internal sealed class SimulatedServer
{
    private readonly List<(GtidSet Position, Action Reached)> _waiting = [];
    private readonly List<Action> _frozen = [];
    private readonly bool _countsReceived, _beginsOpen;

    public SimulatedServer(string name, ServerDisk disk, World world, PlantedBug plant)
    {
        (Name, World, Address) = (name, world, new(name, 3306));
        Disk = disk;
        Replica = new(this, world, plant);
        (_countsReceived, _beginsOpen) = (plant.CountsReceived, plant.BeginsOpen);
    }

    public string Name { get; }

    public World World { get; }

    public ServerAddress Address { get; }

    public ServerDisk Disk { get; private set; }

    public ReplicaThreads Replica { get; }

    public ServerIdentity Identity => Disk.Identity;

    /// <summary>Counts processes: connections to an older one are void.</summary>
    public int Life { get; private set; }

    public Power Power { get; private set; } = Power.On;

    /// <summary>Those who are connected and fetch from here.</summary>
    public List<ReplicaThreads> Replicas { get; } = [];

    /// <summary>When its logs were last purged, or others were put in their place.</summary>
    public TimeSpan LogsChangedAt { get; private set; }

    /// <summary>What a flush takes.</summary>
    public TimeSpan CommitTakes { get; set; }

    /// <summary>What a statement takes, on top of the way.</summary>
    public TimeSpan AnswerTakes { get; set; }

    /// <summary>Told when the port opens, closes or falls silent.</summary>
    public event Action? PowerChanged;

    /// <summary>Told of each start.</summary>
    public Action? Started { get; set; }

    /// <summary>Told of each transaction that is committed here: itself, and whether its row is new here.</summary>
    public Action<Transaction, bool>? Committed { get; set; }

    /// <summary>Told of each source it is pointed at.</summary>
    public Action<SimulatedServer>? Pointed { get; set; }

    /// <summary>Told of the disk that it had, when it has got another.</summary>
    public Action<ServerDisk>? DiskReplaced { get; set; }

    /// <summary>It takes the board's writes; a process begins closed.</summary>
    public bool Open { get; set; }

    public SimulatedServer? Source => Replica.Source;

    public bool Replicating => Power == Power.On && Replica.Running;

    public GtidSet Executed => Disk.Executed;

    /// <summary>What it says it holds when somebody waits for a copy.</summary>
    public GtidSet Held => _countsReceived ? Executed.Union(Replica.Received) : Executed;

    public static ServerIdentity IdentityOf(uint id, Engine engine) => engine == Engine.MariaDB
        ? new(engine, "MariaDB 10.11.19", id, $"{id}")
        : new(engine, "MySQL 9.7.4", id, $"00000000-0000-0000-0000-{id:D12}");

    /// <summary>A position that holds this transaction; on MariaDB it holds all of that origin before it too.</summary>
    public GtidSet PositionOf(in Transaction transaction)
    {
        var first = Identity.Engine == Engine.MariaDB ? 1 : transaction.Number;
        return GtidSet.Of(Identity.Engine, [KeyValuePair.Create(transaction.Origin, (IEnumerable<GtidSet.Range>)[new(first, transaction.Number)])]);
    }

    // ---- the process ----

    public void Crash(Power how)
    {
        Life++;
        Open = false;
        Power = how;
        Replica.Crash();
        _frozen.Clear();
        _waiting.Clear();
        // The kernel says goodbye for a process that died; nobody does for a machine that is gone.
        if (how == Power.Down) foreach (var replica in Replicas.ToArray()) replica.SourceClosed();
        PowerChanged?.Invoke();
    }

    public void Start()
    {
        Power = Power.On;
        Open = _beginsOpen;
        Started?.Invoke();
        PowerChanged?.Invoke();
    }

    public void Freeze()
    {
        if (Power != Power.On) return;
        Power = Power.Paused;
        PowerChanged?.Invoke();
    }

    public void Thaw()
    {
        if (Power != Power.Paused) return;
        Power = Power.On;
        PowerChanged?.Invoke();
        Action[] waiting = [.. _frozen];
        _frozen.Clear();
        foreach (var action in waiting) WhenAwake(action);
        Replica.Wake();
        foreach (var replica in Replicas.ToArray()) replica.Pump();
    }

    /// <summary>Does it when the server runs: now, or when it is thawed. A dead one never does.</summary>
    public void WhenAwake(Action what)
    {
        if (Power == Power.On) what();
        else if (Power == Power.Paused) _frozen.Add(what);
    }

    /// <summary>Another disk is put in while the process is down: nothing, an older copy, or one that was seeded.</summary>
    /// <exception cref="InvalidOperationException">The process runs.</exception>
    public void Replace(ServerDisk disk)
    {
        if (Power is Power.On or Power.Paused) throw new InvalidOperationException($"{Name} runs: its disk cannot be replaced.");
        var before = Disk;
        (Disk, LogsChangedAt) = (disk, World.Now);
        Replica.Reset();
        DiskReplaced?.Invoke(before);
    }

    // ---- what its board and its daemon do ----

    /// <summary>RESET the logs and stand somewhere else: replicas of it have to connect anew.</summary>
    public void StandAt(GtidSet position)
    {
        Replica.Reset();
        (Disk, LogsChangedAt) = (Disk.StandingAt(position), World.Now);
        Life++;
        foreach (var replica in Replicas.ToArray()) replica.SourceClosed();
    }

    /// <summary>Commits a row of its own; calls back when it is flushed. A crash before that leaves nothing.</summary>
    public void Write(int row, Action<Transaction> done)
    {
        var life = Life;
        void Flush() => WhenAwake(() =>
        {
            if (life != Life) return;
            var transaction = new Transaction(Identity.Origin, Disk.NextNumber, Identity.ServerId, row);
            Commit(transaction);
            done(transaction);
        });
        if (CommitTakes == TimeSpan.Zero) Flush();
        else World.After(CommitTakes, Flush);
    }

    /// <summary>Calls back once it holds all of this.</summary>
    public void WhenHolding(GtidSet position, Action reached)
    {
        if (Held.Contains(position)) reached();
        else _waiting.Add((position, reached));
    }

    /// <summary>Something arrived in the relay log, which nobody may count on: it is lost with the process.</summary>
    public void Received() => AnswerWaits();

    /// <summary>It is on the disk, and visible.</summary>
    public void Commit(in Transaction transaction)
    {
        var isNew = Disk.Commit(transaction);
        Committed?.Invoke(transaction, isNew);
        AnswerWaits();
        foreach (var replica in Replicas.ToArray()) replica.Pump();
    }

    /// <summary>PURGE BINARY LOGS: what a connected replica still reads stays.</summary>
    public void Purge()
    {
        Disk.Purge(Replicas.Select(r => r.NeedsLogFrom).Append(Disk.Log.Count).Min());
        LogsChangedAt = World.Now;
    }

    private void AnswerWaits()
    {
        if (_waiting.Count == 0) return;
        var held = Held;
        for (var i = _waiting.Count - 1; i >= 0; i--)
        {
            if (i >= _waiting.Count || !held.Contains(_waiting[i].Position)) continue;
            var reached = _waiting[i].Reached;
            _waiting.RemoveAt(i);
            reached();
        }
    }
}
