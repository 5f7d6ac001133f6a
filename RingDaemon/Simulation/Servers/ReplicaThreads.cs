using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Replication;
using Connect.RingDaemon.Simulation.Plants;

namespace Connect.RingDaemon.Simulation.Servers;

/// <summary>
/// The replica side of a server. The receiver connects to the source, asks for everything this server does not know, and puts what comes into the relay log, in the order of
/// the source's log. The applier commits it from there, one after the other. Both engines:
/// <list type="bullet">
/// <item>skip what they know, and what they wrote themselves (by server id);</item>
/// <item>are refused by a source with their own id, by one that purged what they lack, and on MySQL by one that knows less of its own transactions than they do;</item>
/// <item>connect anew a second after a connection was refused or broke, and when nothing came for the net timeout (the source says something twice a second);</item>
/// <item>lose the relay log, and nothing else, with the process.</item>
/// </list>
/// </summary>
internal sealed class ReplicaThreads(SimulatedServer own, World world, PlantedBug plant)
{
    private const int FatalError = 1236;

    private static readonly TimeSpan UsualApply = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan ConnectRetry = TimeSpan.FromSeconds(1); // MASTER_CONNECT_RETRY=1
    private static readonly TimeSpan Heartbeat = TimeSpan.FromMilliseconds(500); // MASTER_HEARTBEAT_PERIOD=0.5

    private readonly Queue<Transaction> _relay = [];
    private readonly List<Action> _drained = [];
    private bool _receiving;
    private bool _applying;
    private bool _connected;
    private bool _busy;
    private string? _error;
    private int _sourceLife;
    private int _link; // counts connections and attempts: what belongs to an older one is void
    private int _run; // counts runs of the applier
    private int _cursor; // the next entry of the source's log to be sent
    private int _flight; // counts retransmissions: what was under way before is void
    private TimeSpan _lastArrival;
    private TimeSpan _heard;

    /// <summary>What a transaction takes to apply, without its flush.</summary>
    public TimeSpan ApplyTakes { get; set; } = UsualApply;

    /// <summary>Where it is pointed; kept over a restart.</summary>
    public SimulatedServer? Source { get; private set; }

    public bool Running => _receiving && _connected && _applying;

    public ReplicaStatus Status => Source is null ? ReplicaStatus.None
        : new(Source.Address, Receiving: _receiving && _connected, Connecting: _receiving && !_connected, _applying, LagSeconds: null, _error, _error is null ? 0 : FatalError);

    /// <summary>What is in the relay log and not applied yet.</summary>
    public GtidSet Received => _relay.Aggregate(GtidSet.Empty(own.Identity.Engine), (set, t) => set.Union(own.PositionOf(t)));

    /// <summary>Nothing before this entry of the source's log is asked for any more: it may be purged.</summary>
    public int NeedsLogFrom => _connected ? _cursor : int.MaxValue;

    private TimeSpan NetTimeout => TimeSpan.FromSeconds(own.Identity.Engine == Engine.MariaDB ? 4 : 8);

    // ---- statements ----

    /// <summary>STOP REPLICA IO_THREAD.</summary>
    public void StopReceiver()
    {
        Disconnect();
        _receiving = false;
    }

    /// <summary>STOP REPLICA SQL_THREAD; what it is at is rolled back.</summary>
    public void StopApplier()
    {
        _run++;
        (_applying, _busy) = (false, false);
        Drained();
    }

    /// <summary>CHANGE REPLICATION SOURCE TO: both threads are stopped, relay logs are thrown away.</summary>
    public void Change(SimulatedServer source)
    {
        _relay.Clear();
        (Source, _error) = (source, null);
        own.Pointed?.Invoke(source);
    }

    /// <summary>START REPLICA.</summary>
    public void Start()
    {
        if (Source is null) return;
        (_receiving, _applying) = (true, true);
        Connect();
        Apply();
    }

    /// <summary>RESET REPLICA ALL.</summary>
    public void Reset()
    {
        StopReceiver();
        StopApplier();
        _relay.Clear();
        (Source, _error) = (null, null);
    }

    /// <summary>Calls back when everything that was received is committed, or the applier stands.</summary>
    public void WhenDrained(Action done)
    {
        _drained.Add(done);
        if (_relay.Count == 0 || !_applying) Drained();
    }

    // ---- what happens to it ----

    /// <summary>The process is gone; the source is remembered, and nothing begins by itself (skip_replica_start).</summary>
    public void Crash()
    {
        _drained.Clear();
        StopReceiver();
        StopApplier();
        _relay.Clear();
    }

    /// <summary>The kernel of the source's machine said goodbye.</summary>
    public void SourceClosed()
    {
        if (!_connected) return;
        var link = _link;
        world.After(world.Latency(own.Name, Source!.Name), () => own.WhenAwake(() =>
        {
            if (link == _link) Retry();
        }));
    }

    /// <summary>Whatever stood still may go on.</summary>
    public void Wake()
    {
        Pump();
        Apply();
    }

    // ---- receiver ----

    private void Disconnect()
    {
        _link++;
        _connected = false;
        Source?.Replicas.Remove(this);
    }

    private void Connect()
    {
        Disconnect();
        var (link, source) = (_link, Source!);
        world.After(world.Latency(own.Name, source.Name) * 3, () => own.WhenAwake(() =>
        {
            if (link != _link || !_receiving) return;
            if (source.Power != Power.On || !world.Reach(own.Name, source.Name)) Retry();
            else if (Refusal(source) is { } refusal) (_error, _receiving) = (refusal, false);
            else
            {
                (_connected, _sourceLife, _cursor, _heard, _error, _lastArrival) = (true, source.Life, plant.BeginsAtTheEnd ? source.Disk.Log.Count : source.Disk.LogBegins, world.Now, null, TimeSpan.Zero);
                _flight++;
                source.Replicas.Add(this);
                Pump();
                Listen(link);
            }
        }));
    }

    private void Retry()
    {
        Disconnect();
        var link = _link;
        world.After(ConnectRetry, () => own.WhenAwake(() =>
        {
            if (link == _link && _receiving) Connect();
        }));
    }

    private string? Refusal(SimulatedServer source)
    {
        var (mine, theirs) = (own.Disk, source.Disk);
        if (theirs.Identity.ServerId == mine.Identity.ServerId) return "source and replica have equal server ids";
        if (!mine.Executed.Contains(theirs.Purged)) return "the source has purged binary logs that this replica needs";
        if (mine.Identity.Engine == Engine.MySQL && !theirs.Executed.Contains(mine.Executed.Only(theirs.Identity.Origin))) return "the replica has more GTIDs of the source than the source has";
        return null;
    }

    /// <summary>The process that this connection was made to runs and is reached. A machine that went and came back knows nothing of the connection, and nobody tells the replica.</summary>
    private bool Speaks(SimulatedServer source) => source.Power == Power.On && source.Life == _sourceLife && world.Reach(own.Name, source.Name);

    /// <summary>Heartbeats come every half second; without any the connection is given up.</summary>
    private void Listen(int link) => world.After(Heartbeat, () =>
    {
        if (link != _link || !_connected) return;
        if (own.Power == Power.On)
        {
            if (Speaks(Source!)) _heard = world.Now;
            else if (world.Now - _heard > NetTimeout)
            {
                Connect();
                return;
            }
            Pump();
        }
        Listen(link);
    });

    /// <summary>Sends whatever the source has and this server does not know.</summary>
    public void Pump()
    {
        if (!_connected || Source is not { } source || !Speaks(source)) return;
        for (; _cursor < source.Disk.Log.Count; _cursor++)
        {
            var next = source.Disk.Log[_cursor];
            if (next.ServerId == own.Identity.ServerId || Knows(next)) continue;
            var (link, flight, at) = (_link, _flight, _cursor);
            var arrival = world.Now + world.Latency(source.Name, own.Name);
            _lastArrival = arrival > _lastArrival ? arrival : _lastArrival; // TCP keeps the order
            world.At(_lastArrival, () => Arrive(source, link, flight, at, next));
        }
    }

    private void Arrive(SimulatedServer source, int link, int flight, int at, Transaction transaction)
    {
        if (link != _link || flight != _flight) return;
        if (!world.Reach(own.Name, source.Name))
        {
            // Lost on the way, and all that follows it; sent again from here when the way is open.
            (_cursor, _flight) = (at, _flight + 1);
            return;
        }
        own.WhenAwake(() => // it is in the kernel's hands: what is lost after it is no reason to lose it
        {
            if (link != _link) return;
            _heard = world.Now;
            _relay.Enqueue(transaction);
            own.Received();
            Apply();
        });
    }

    // ---- applier ----

    private void Apply()
    {
        if (!_applying || _busy || own.Power != Power.On) return;
        while (_relay.TryPeek(out var known) && Knows(known)) _relay.Dequeue();
        if (!_relay.TryPeek(out var next))
        {
            Drained();
            return;
        }
        _busy = true;
        var run = _run;
        world.After(ApplyTakes + own.CommitTakes, () => own.WhenAwake(() =>
        {
            if (run != _run) return;
            _busy = false;
            _relay.Dequeue();
            own.Commit(next);
            Apply();
        }));
    }

    private bool Knows(in Transaction transaction) => !plant.ExecutesDuplicates && own.Disk.Knows(transaction);

    private void Drained()
    {
        if (_drained.Count == 0) return;
        Action[] waiting = [.. _drained];
        _drained.Clear();
        foreach (var done in waiting) done();
    }
}
