using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Simulation;

/// <summary>One transaction: who wrote it, and its number among what that origin wrote.</summary>
internal readonly record struct Transaction(string Origin, long Number);

/// <summary>
/// A database server as replication sees it: a log, a position, and a link to a source. It commits what its board writes under its own origin, applies what its source
/// sends in the order of the source's log, skips what it has, and sends on what it applied. A crash keeps what was committed (both engines flush at commit) and
/// loses nothing but connections.
/// </summary>
internal sealed class SimulatedServer(string name, uint id, Engine engine, World world)
{
    private static readonly TimeSpan ApplyTakes = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan ConnectRetry = TimeSpan.FromSeconds(1);

    /// <summary>A replica that hears nothing for so long connects anew (slave_net_timeout).</summary>
    private static readonly TimeSpan NetTimeout = TimeSpan.FromSeconds(4);

    private readonly List<Transaction> _log = [];
    private readonly HashSet<Transaction> _has = [];
    private readonly Dictionary<string, long> _highest = new(StringComparer.Ordinal);
    private readonly List<SimulatedServer> _replicas = [];
    private readonly List<(GtidSet Position, Action Reached)> _waiting = [];
    private readonly List<Action> _frozen = [];
    private GtidSet? _executed;
    private SimulatedServer? _source;
    private bool _started;
    private bool _connected;
    private int _cursor;
    private bool _underWay;
    private int _link;
    private TimeSpan _heard;

    public string Name => name;

    public ServerAddress Address { get; } = new(name, 3306);

    public ServerIdentity Identity { get; } = new(engine, engine == Engine.MariaDB ? "MariaDB 10.11.19" : "MySQL 9.7.4", id,
        engine == Engine.MariaDB ? $"{id}" : $"00000000-0000-0000-0000-{id:D12}");

    public Power Power { get; private set; } = Power.On;

    /// <summary>Told when the port opens, closes or falls silent.</summary>
    public event Action? PowerChanged;

    public SimulatedServer? Source => _source;

    public bool Replicating => Power == Power.On && _started && _connected;

    public IReadOnlyCollection<Transaction> Transactions => _has;

    public GtidSet Executed => _executed ??= GtidSet.Parse(engine, string.Join(',', _highest.Select(o => engine == Engine.MariaDB ? Last(o.Key, o.Value) : Ranges(o.Key))));

    public ReplicaStatus Status => _source is null ? ReplicaStatus.None
        : new(_source.Address, Receiving: _started && _connected, Connecting: _started && !_connected, Applying: _started, 0, null, 0);

    /// <summary>A position that holds this transaction; on MariaDB it holds all of that origin before it too.</summary>
    public GtidSet PositionOf(Transaction transaction) => GtidSet.Parse(engine, engine == Engine.MariaDB ? Last(transaction.Origin, transaction.Number) : $"{transaction.Origin}:{transaction.Number}");

    public bool Has(Transaction transaction) => _has.Contains(transaction);

    // ---- the process ----

    public void Crash(Power how)
    {
        Power = how;
        _link++;
        (_started, _connected, _underWay) = (false, false, false); // it remembers its source and does not begin by itself
        _frozen.Clear();
        _waiting.Clear();
        // The kernel says goodbye for a process that died; nobody does for a machine that is gone.
        if (how == Power.Down) foreach (var replica in _replicas) replica.SourceClosed();
        PowerChanged?.Invoke();
    }

    public void Start()
    {
        Power = Power.On;
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
        foreach (var action in waiting) action();
        Pump();
        foreach (var replica in _replicas) replica.Pump();
    }

    /// <summary>Does it when the server runs: now, or when it is thawed. A dead one never does.</summary>
    public void WhenAwake(Action what)
    {
        if (Power == Power.On) what();
        else if (Power == Power.Paused) _frozen.Add(what);
    }

    // ---- what its board and its daemon do ----

    public Transaction Write()
    {
        var transaction = new Transaction(Identity.Origin, _highest.GetValueOrDefault(Identity.Origin) + 1);
        Commit(transaction);
        return transaction;
    }

    public void PointAt(SimulatedServer source)
    {
        Stop();
        (_source, _started) = (source, true);
        source._replicas.Add(this);
        Connect();
    }

    public void Stop()
    {
        _link++;
        _source?._replicas.Remove(this);
        (_source, _started, _connected, _underWay) = (null, false, false, false);
    }

    /// <summary>Calls back once it holds all of this.</summary>
    public void WhenHolding(GtidSet position, Action reached)
    {
        if (Executed.Contains(position)) reached();
        else _waiting.Add((position, reached));
    }

    // ---- replication ----

    private bool Reaches(SimulatedServer source) => !world.IsCut(name, source.Name) && !world.IsCut(source.Name, name);

    private void Connect()
    {
        var link = ++_link;
        (_connected, _underWay) = (false, false);
        var source = _source!;
        world.After(world.Latency() * 3, () =>
        {
            if (link != _link || Power == Power.Down || Power == Power.Gone) return;
            WhenAwake(() =>
            {
                if (link != _link) return;
                if (source.Power != Power.On || !Reaches(source))
                {
                    world.After(ConnectRetry, () => { if (link == _link && Power == Power.On) Connect(); });
                    return;
                }
                (_connected, _cursor, _heard) = (true, 0, world.Now);
                Pump();
                Listen(link);
            });
        });
    }

    private void SourceClosed()
    {
        if (Power is Power.On or Power.Paused && _started && _connected) WhenAwake(() => { if (_started && _source is not null) Connect(); });
    }

    /// <summary>Heartbeats come every half second; without any the connection is given up.</summary>
    private void Listen(int link) => world.After(TimeSpan.FromMilliseconds(500), () =>
    {
        if (link != _link || !_connected || Power is Power.Down or Power.Gone) return;
        if (Power == Power.On && _source!.Power == Power.On && Reaches(_source)) _heard = world.Now;
        if (Power == Power.On && world.Now - _heard > NetTimeout) Connect();
        else
        {
            Pump();
            Listen(link);
        }
    });

    /// <summary>One transaction after the other, each a journey; nothing is sent past one that did not arrive.</summary>
    private void Pump()
    {
        if (!_connected || _underWay || Power != Power.On || _source is not { Power: Power.On } source || !Reaches(source)) return;
        while (_cursor < source._log.Count && (source._log[_cursor].Origin == Identity.Origin || Knows(source._log[_cursor]))) _cursor++;
        if (_cursor >= source._log.Count) return;
        var (link, next) = (_link, source._log[_cursor]);
        _underWay = true;
        world.After(world.Latency() + ApplyTakes, () =>
        {
            if (link != _link) return;
            WhenAwake(() =>
            {
                if (link != _link) return;
                _underWay = false;
                if (!Reaches(source)) return; // lost on the way; sent again when the way is open
                _heard = world.Now;
                _cursor++;
                if (!Knows(next)) Commit(next);
                Pump();
            });
        });
    }

    /// <summary>As the engine sees it: MySQL knows every single one, MariaDB the last of each origin.</summary>
    private bool Knows(Transaction transaction) => engine == Engine.MySQL ? _has.Contains(transaction) : transaction.Number <= _highest.GetValueOrDefault(transaction.Origin);

    private void Commit(Transaction transaction)
    {
        _log.Add(transaction);
        _has.Add(transaction);
        _highest[transaction.Origin] = Math.Max(transaction.Number, _highest.GetValueOrDefault(transaction.Origin));
        _executed = null;
        for (var i = _waiting.Count - 1; i >= 0; i--)
        {
            if (!Executed.Contains(_waiting[i].Position)) continue;
            var reached = _waiting[i].Reached;
            _waiting.RemoveAt(i);
            reached();
        }
        foreach (var replica in _replicas.ToArray()) replica.Pump();
    }

    private static string Last(string origin, long number) => $"{origin}-{origin}-{number}";

    private string Ranges(string origin) => $"{origin}:" + string.Join(':', RangesOf([.. _has.Where(t => t.Origin == origin).Select(t => t.Number).Order()]));

    private static IEnumerable<string> RangesOf(long[] numbers)
    {
        for (var i = 0; i < numbers.Length;)
        {
            var from = i;
            while (i + 1 < numbers.Length && numbers[i + 1] == numbers[i] + 1) i++;
            yield return $"{numbers[from]}-{numbers[i++]}";
        }
    }
}
