using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Daemon;
using Connect.RingDaemon.Health;
using Connect.RingDaemon.LoadBalancing;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Replication;
using Connect.RingDaemon.Ring;
using Connect.RingDaemon.Simulation.Servers;

namespace Connect.RingDaemon.Simulation;

/// <summary>
/// One daemon: the shipped agent (<see cref="AgentCore"/>), gossip, <see cref="SourceSwitch"/>, <see cref="CatchUp"/> and <see cref="OwnServerWatch"/>, around which this does
/// what <see cref="RingAgent"/> does in the world.
/// </summary>
internal sealed class SimulatedDaemon : IAudit, IDisposable
{
    private static readonly TimeSpan Goodbye = TimeSpan.FromSeconds(2);

    private readonly World _world;
    private readonly SimulatedRing _ring;
    private readonly List<Action> _held = [];
    private readonly Queue<AgentInput> _inbox = [];
    private bool _stepping;
    private readonly List<SimulatedWatch> _watches = [];
    private List<SimulatedWatch> _predecessor = [];
    private List<SimulatedWatch> _links = [];
    private AgentCore _core;
    private VirtualTime _time;
    private OwnServerWatch _own;
    private Peers _peers;
    private CatchUp _catchUp;
    private SourceSwitch _sources;
    private Mending _mending;
    private SimulatedNote _note = new();
    private ServerMemory? _memory;
    private SimulatedReplication _replication;
    private int _life;
    private bool _entered;
    private bool _gossiping;
    private TimeSpan _began;
    private int _statementsLeft;
    private bool _serving;
    private AgentEffect.Balance? _wish;
    private TaskCompletionSource? _lookNow;

    public SimulatedDaemon(SimulatedNode gossip, SimulatedServer server, World world, SimulatedRing ring)
    {
        (Gossip, Server, _world, _ring) = (gossip, server, world, ring);
        Gossip.Viewed = OnViewed;
        world.CutChanged += LookAround;
        Reset();
    }

    public string Name => Gossip.Name;

    public SimulatedNode Gossip { get; }

    public SimulatedServer Server { get; }

    public Power Power { get; private set; } = Power.Down;

    /// <summary>Counts processes.</summary>
    public int Life => _life;

    public TimeProvider Time => _time;

    /// <summary>When it last started, or woke from a pause.</summary>
    public TimeSpan AwakeSince { get; private set; }

    public event Action? PowerChanged;

    public AgentReport Report => _core.Report;

    /// <summary>It replicates from whom it wants.</summary>
    public bool FollowsItsPlan => Report.Plan.Source is { } wanted && wanted == Server.Source?.Name;

    /// <summary>Whose copies count.</summary>
    public IReadOnlyList<Member> UsablePeers { get; private set; } = [];

    public int SourceChanges { get; private set; }

    public TimeSpan LastSourceChange { get; private set; }

    public Wishes Wishes { get; private set; } = new(false, false);

    /// <summary>Since this process began.</summary>
    private TimeSpan Now => _world.Now - _began;

    // ---- the process ----

    public void Start()
    {
        if ((Power != Power.Down && Power != Power.Gone) || Wishes.HasLeft) return;
        Reset();
        Power = Power.On;
        AwakeSince = _world.Now;
        PowerChanged?.Invoke();
        var life = _life;
        Step(new AgentInput.Wished(Wishes));
        _watches.Add(new(_world, () => Truth(Server.Power, Server.Name), f => Deliver(life, () => OwnMysql(f))));
        LookAround();
        Run(PollAsync(life));
        BeatOn(life);
    }

    public void Kill(Power how)
    {
        _life++;
        Power = how;
        Gossip.Stop(how);
        _held.Clear();
        foreach (var watch in _watches.Concat(_predecessor).Concat(_links)) watch.Stop();
        _watches.Clear();
        (_predecessor, _links) = ([], []);
        PowerChanged?.Invoke();
    }

    public void Pause()
    {
        if (Power != Power.On) return;
        Power = Power.Paused;
        Gossip.Pause();
        PowerChanged?.Invoke();
    }

    public void Resume()
    {
        if (Power != Power.Paused) return;
        Power = Power.On;
        AwakeSince = _world.Now;
        PowerChanged?.Invoke();
        Gossip.Resume();
        Action[] held = [.. _held];
        _held.Clear();
        foreach (var action in held) if (Power == Power.On) action();
    }

    /// <summary>It dies between two statements of a change of its source.</summary>
    /// <param name="after">So many statements from now.</param>
    public void DieAfterStatements(int after) => _statementsLeft = after;

    /// <summary>Its server has carried out a statement of a change.</summary>
    public void StatementDone()
    {
        if (_statementsLeft > 0 && --_statementsLeft == 0) Kill(Power.Down);
    }

    public void Wish(Wishes wishes)
    {
        if (Wishes.HasLeft) return;
        Wishes = wishes;
        var life = _life;
        Deliver(life, () => Step(new AgentInput.Wished(wishes)));
    }

    /// <summary>The board waits for copies of this.</summary>
    public void Wrote(Transaction transaction) => Deliver(_life, () => Step(new AgentInput.Wrote(transaction.Origin, transaction.Number)));

    public void Rejoin() => Deliver(_life, () => Step(new AgentInput.Rejoin()));

    public void Add(string action, string evidence, string outcome) => _ring.Note($"{Name}: {action} ({evidence}) -> {outcome}");

    public void Dispose() => _peers.Dispose();

    /// <summary>What the local ring's <c>renew</c> does: the server ends, and starts with its data as somebody new.</summary>
    public void RestartServer(uint serverId, TimeSpan takes)
    {
        if (Server.Power == Power.Gone) return;
        Server.Crash(Power.Down);
        _world.After(takes, () =>
        {
            if (Server.Power != Power.Down) return; // something else happened to it meanwhile
            Server.Replace(Server.Disk.As(SimulatedServer.IdentityOf(serverId, Server.Identity.Engine)));
            Server.Start();
        });
    }

    /// <summary>What this daemon remembers tells that the copy is old, or it is not.</summary>
    public bool WouldKnow(ServerDisk copy)
    {
        var (origin, last) = (copy.Identity.Origin, copy.LastOf(copy.Identity.Origin));
        if (Server.Identity.Origin == origin && Server.Disk.LastOf(origin) == last) return true;
        return _memory is { } memory && (memory.Identity.Origin != origin || memory.Written > last);
    }

    /// <summary>Its disk is new: nothing is remembered, and its server is somebody else. It must not run.</summary>
    public void Format(uint serverId)
    {
        Server.Replace(new(SimulatedServer.IdentityOf(serverId, Server.Identity.Engine)) { IsFresh = true });
        (_note, _memory, Gossip.Disk, Wishes) = (new(), null, [], new Wishes(false, false));
    }

    // ---- questions over the network ----

    /// <summary>Asks another member's daemon to do something; it does so at once, between two journeys.</summary>
    /// <exception cref="MendingException">It did not answer.</exception>
    public async Task<T> AskAsync<T>(SimulatedDaemon other, TimeSpan deadline, Func<SimulatedDaemon, T> question)
    {
        var (life, done) = (_life, new TaskCompletionSource<T>());
        void Fail() => Deliver(life, () => done.TrySetException(new MendingException($"{other.Name} did not answer")));
        _world.After(deadline, () => { if (!done.Task.IsCompleted) Fail(); });
        _world.After(_world.Latency(Name, other.Name), () =>
        {
            if (!_world.Reach(Name, other.Name) || other.Power != Power.On || other.Server.Power != Power.On || Power != Power.On || Server.Power != Power.On) return;
            var answer = question(other);
            _world.After(_world.Latency(Name, other.Name), () =>
            {
                if (_world.Reach(Name, other.Name)) Deliver(life, () => done.TrySetResult(answer));
            });
        });
        return await done.Task;
    }

    /// <summary>Lets virtual time pass for this process.</summary>
    public Task PassAsync(TimeSpan time) => Task.Delay(time, _time);

    /// <summary>Asks a server something.</summary>
    /// <exception cref="DatabaseUnavailableException">It refused, or no answer came in time.</exception>
    public Task<T> AskAsync<T>(SimulatedServer server, TimeSpan deadline, Func<SimulatedServer, T> question) =>
        AskAsync<T>(server, deadline, (s, answer) => answer(question(s)));

    public async Task<GtidSet> WaitForAsync(SimulatedServer server, GtidSet position, TimeSpan timeout)
    {
        try
        {
            return await AskAsync<GtidSet>(server, timeout, (s, answer) => s.WhenHolding(position, () => answer(s.Held)));
        }
        catch (DatabaseUnavailableException) when (server.Power == Power.On)
        {
            return await AskAsync(server, timeout, s => s.Held);
        }
    }

    /// <summary>The same, for a question that the server answers when it can.</summary>
    public Task<T> AskAsync<T>(SimulatedServer server, TimeSpan deadline, Action<SimulatedServer, Action<T>> question)
    {
        var (life, done) = (_life, new TaskCompletionSource<T>());
        TimeSpan Journey() => _world.Latency(Name, server.Name);
        bool Lost() => !_world.Reach(Name, server.Name);
        void Fail(string why) => Deliver(life, () => done.TrySetException(new DatabaseUnavailableException($"{server.Name} {why}")));
        _world.After(deadline, () => { if (!done.Task.IsCompleted) Fail($"did not answer within {deadline.TotalMilliseconds:0} ms"); });
        _world.After(Journey(), () =>
        {
            if (Lost() || server.Power == Power.Gone) return;
            if (server.Power == Power.Down)
            {
                _world.After(Journey(), () => Fail("refuses connections"));
                return;
            }
            server.WhenAwake(() => question(server, answer => _world.After(Journey() + server.AnswerTakes, () =>
            {
                if (!Lost()) Deliver(life, () => done.TrySetResult(answer));
            })));
        });
        return done.Task;
    }

    // ---- what comes in ----

    private void Deliver(int life, Action what)
    {
        if (life != _life) return;
        if (Power == Power.On) what();
        else if (Power == Power.Paused) _held.Add(() => { if (life == _life) what(); });
    }

    private Finding Truth(Power power, string of) =>
        power == Power.Gone || !_world.Reach(Name, of) ? Finding.Silent
        : power switch { Power.On => Finding.Up, Power.Down => Finding.Refused, _ => Finding.Silent };

    /// <summary>Something that its watches look at may have changed: its own server or another node's, a process, the network.</summary>
    public void LookAround()
    {
        foreach (var watch in _watches) watch.Look();
        foreach (var watch in _predecessor) watch.Look();
        foreach (var watch in _links) watch.Look();
    }

    private void BeatOn(int life) => _world.After(AgentCore.BeatEvery, () =>
    {
        if (life != _life) return;
        if (Power == Power.On)
        {
            Step(new AgentInput.Beat());
            if (_wish is { } wish) _ring.Boards.Balance(wish.States);
        }
        BeatOn(life);
    });

    private async Task PollAsync(int life)
    {
        while (life == _life)
        {
            var asked = Now;
            await _own.LookAsync(CancellationToken.None);
            var looked = new AgentInput.Server(asked, _own.Replica, _own.Fault, _own.Identity);
            if (!_entered && _own is { Identity: not null, Fault: null } && Server.Disk.IsFresh) await FillAsync();
            if (!_entered && _own is { Identity: not null, Fault: null } && !Server.Disk.IsFresh)
            {
                _entered = true;
                Step(new AgentInput.Entered(_note.Current?.Damage, _ring.Plant.MissesLostTail ? null : _memory));
            }
            Step(looked);
            var soon = new TaskCompletionSource();
            _lookNow = soon;
            await Task.WhenAny(soon.Task, Task.Delay(_core.LookAgainAfter(looked), _time));
        }
    }

    /// <summary>What the entrance does for a newcomer: asks the members one after the other, and copies the data of one that serves.</summary>
    private async Task FillAsync()
    {
        foreach (var other in _ring.Present.Where(d => d != this).ToArray()) // somebody may join meanwhile
        {
            try
            {
                var (identity, clock) = (Server.Identity, DateTimeOffset.FromUnixTimeMilliseconds((long)_world.WallClock));
                var request = new JoinRequest(Name, identity.Engine, identity.Version, identity.ServerId, identity.Origin, Gossip.Facts.DaemonUrl, clock, HoldsRing: null, Foreign: null);
                var (copy, refusal) = await AskAsync(other, TimeSpan.FromSeconds(3), d => d.Report.Phase != Phase.Serving ? (null, null)
                    : Admission.Refuse(request, d.Gossip.View, d.Gossip.Facts, ringId: "the ring", clock, d.Server.Executed) is { } no ? (null, no) : (d.Server.Disk.SeededAs(identity), (string?)null));
                if (refusal is not null)
                {
                    Add("join", $"asked {other.Name}", $"refused: {refusal}");
                    RestartServer(_ring.NextServerId(), TimeSpan.FromSeconds(1)); // an operator does what it says
                    return;
                }
                if (copy is null) continue;
                _memory = ServerMemory.First(identity);
                await PassAsync(TimeSpan.FromSeconds(1));
                if (Server.Power != Power.On || !Server.Disk.IsFresh) return;
                Server.Disk.Add(copy);
                await _replication.AdoptAsync(copy.Executed);
                Add($"copy the data of {other.Name}", "this node's server was empty", "done");
                return;
            }
            catch (Exception e) when (e is MendingException or DatabaseUnavailableException)
            {
                // The next one.
            }
        }
    }

    private void OwnMysql(Finding finding)
    {
        _own.Found(finding);
        Step(new AgentInput.Server(Now, _own.Replica, _own.Fault, _own.Identity));
    }

    private void OnViewed(View view)
    {
        var complete = _ring.Present.All(d => d == this || view.HasHeard(d.Name));
        Deliver(_life, () => Step(new AgentInput.Viewed(_ring.Plant.Sees(view, Name), complete)));
    }

    // ---- what is done ----

    /// <summary>One thing after the other, as <see cref="EventLoop"/> does it: what an effect brings about is handled when all effects are done.</summary>
    private void Step(AgentInput input)
    {
        _inbox.Enqueue(input);
        if (_stepping) return;
        _stepping = true;
        while (_inbox.TryDequeue(out var next))
        {
            var effects = new List<AgentEffect>();
            _core.Step(Now, next, effects);
            foreach (var effect in effects) Execute(effect);
        }
        _stepping = false;
        // On its way out it is no other than it was.
        if (Report.Phase == Phase.Leaving || _serving == (Report.Phase == Phase.Serving)) return;
        _serving = !_serving;
        _ring.Checks.Serves(this, _serving);
    }

    /// <summary>What goes wrong in a way nobody thought of is a finding, not silence.</summary>
    private async void Run(Task work)
    {
        try
        {
            await work;
        }
        catch (Exception e)
        {
            _ring.Defect($"{Name}: {e}");
        }
    }

    private void Execute(AgentEffect effect)
    {
        switch (effect)
        {
            case AgentEffect.ChangeSource(var change): Run(ChangeAsync(change)); break;
            case AgentEffect.ForgetGoal: _catchUp.Restart(); break;
            case AgentEffect.Compare compare: Run(CompareAsync(compare)); break;
            case AgentEffect.MendingOver: _note.Write(null); break;
            case AgentEffect.Leave: Run(LeaveAsync()); break;
            case AgentEffect.AskHeld(var others): Run(AskHeldAsync(others)); break;
            case AgentEffect.Open(var open): Run(OpenAsync(open)); break;
            case AgentEffect.Remember(var memory): _memory = memory; break;
            case AgentEffect.Mend(var damage, var donor): Run(MendAsync(damage, donor)); break;
            case AgentEffect.Say said: Say(said); break;
            case AgentEffect.Watch(var member): Watch(member); break;
            case AgentEffect.WatchLinks(var members): WatchLinks(members); break;
            case AgentEffect.SignOfLife(var member): Gossip.Take(new SignOfLife(member)); break;
            case AgentEffect.HardEvidence(var member, var incarnation, var why): Gossip.Take(new HardEvidence(member, incarnation, why)); break;
            case AgentEffect.Peers(var view, var usable):
                _peers.KeepOnly(view);
                UsablePeers = usable;
                break;
            case AgentEffect.Balance wish:
                _wish = wish;
                _ring.Boards.Balance(wish.States);
                break;
            case AgentEffect.TakeOut(var member): _ring.Boards.TakeOut(member); break;
            case AgentEffect.Audit(var action, var evidence, var outcome): Add(action, evidence, outcome); break;
        }
    }

    private async Task ChangeAsync(RingEffect change)
    {
        (SourceChanges, LastSourceChange) = (SourceChanges + 1, _world.Now);
        _world.Trace($"{Name} {change}");
        Step(new AgentInput.SourceChanged(await _sources.CarryOutAsync(change, Server.Identity, CancellationToken.None)));
        _lookNow?.TrySetResult();
    }

    private async Task CompareAsync(AgentEffect.Compare compare)
    {
        CatchUpResult? result = _ring.Plant.ServesAtOnce ? new(true, null, 0, 0) : null;
        try
        {
            result ??= await _catchUp.LookAsync([.. compare.Others.Select(_ring.Plant.Trusts)], compare.Source, Server.Identity.Origin, compare.MustReach, CancellationToken.None);
        }
        catch (DatabaseUnavailableException)
        {
            // The own server is away; its watch will say so.
        }
        await Task.Delay(AgentCore.CompareAgainAfter(_ring.Plant.ServesAtOnce ? null : result), _time);
        Step(new AgentInput.Compared(result));
    }

    private async Task OpenAsync(bool open)
    {
        var done = true;
        try
        {
            await _replication.OpenAsync(open);
        }
        catch (DatabaseUnavailableException)
        {
            done = false;
        }
        Step(new AgentInput.Opened(open, done));
    }

    private async Task MendAsync(Damage damage, Member? donor)
    {
        var result = await _mending.RunAsync(damage, donor, CancellationToken.None);
        if (result.Fault is null) _own.Changed();
        Step(new AgentInput.Mended(result));
        _lookNow?.TrySetResult();
    }

    /// <summary>As <see cref="Departure.LeaveAsync"/> does it; then its process and its server are stopped for ever.</summary>
    private async Task LeaveAsync()
    {
        Wishes = Wishes with { HasLeft = true };
        _ring.Note($"{Name}: has left");
        _ring.Checks.Left(this);
        Gossip.Take(new Leave());
        await Task.Delay(Goodbye, _time);
        try
        {
            await _replication.StopAsync();
        }
        catch (DatabaseUnavailableException)
        {
            // It goes all the same.
        }
        Kill(Power.Down);
        Server.Crash(Power.Down);
        _ring.Boards.Kill(Name);
    }

    private async Task AskHeldAsync(Member[] others)
    {
        var held = _ring.Plant.LeavesAtOnce;
        try
        {
            held |= await Departure.IsHeldElsewhereAsync(_replication, _peers, others, CancellationToken.None);
        }
        catch (DatabaseUnavailableException)
        {
            // Asked again.
        }
        Step(new AgentInput.Held(held));
    }

    private void Watch(Member? member)
    {
        foreach (var watch in _predecessor) watch.Stop();
        _predecessor = [];
        if (member is null) return;
        var (life, other) = (_life, _ring[member.Name]);
        void Found(Part part, Finding finding) => Deliver(life, () => Step(new AgentInput.Predecessor(member, part, finding)));
        _predecessor =
        [
            new(_world, () => Truth(other.Server.Power, other.Name), f => Found(Part.Mysql, f)),
            new(_world, () => Truth(other.Power, other.Name), f => Found(Part.Daemon, f)),
        ];
        foreach (var watch in _predecessor) watch.Look();
    }

    private void WatchLinks(Member[] members)
    {
        foreach (var watch in _links) watch.Stop();
        var life = _life;
        _links = [.. members.Select(m => new SimulatedWatch(_world, () => Truth(_ring[m.Name].Server.Power, m.Name), f => Deliver(life, () => Step(new AgentInput.Link(m.Name, f)))))];
        foreach (var watch in _links) watch.Look();
    }

    private void Say(AgentEffect.Say said)
    {
        if (_own.Identity is not { } identity) return;
        Gossip.Facts = (Gossip.Facts with
        {
            Engine = identity.Engine,
            EngineVersion = identity.Version,
            ServerId = identity.ServerId,
            Origin = identity.Origin,
            Phase = said.Phase,
            MysqlUp = said.MysqlUp,
            WebUp = said.WebUp,
            Source = said.Source,
            SourceRunning = said.SourceRunning,
            Unreached = said.Unreached,
        }).With(_ring.Plant.IgnoresPurged ? null : _own.Logs);
        if (_gossiping)
        {
            Gossip.Take(new SetFacts(Gossip.Facts));
            return;
        }
        _gossiping = true;
        Gossip.Start();
        _world.Join(Gossip, _ring.Daemons.Where(d => d != this).Select(d => d.Gossip));
        OnViewed(Gossip.View);
    }

    /// <summary>A new process: everything but the disk is forgotten.</summary>
    [System.Diagnostics.CodeAnalysis.MemberNotNull(nameof(_core), nameof(_time), nameof(_own), nameof(_peers), nameof(_catchUp), nameof(_sources), nameof(_mending), nameof(_replication))]
    private void Reset()
    {
        var life = ++_life;
        _began = _world.Now;
        (_entered, _gossiping, _wish, _lookNow, UsablePeers) = (false, false, null, null, []);
        _core = new(Name, _ring.Plant.Ring(new()), _ring.Story.Minority);
        _time = new(_world, what => Deliver(life, what));
        _replication = new(this, name => _ring[name].Server, _time);
        _own = new(_replication, new DatabaseSettings(), _time);
        _peers = new(facts => new SimulatedPeer(this, _ring[facts.Name].Server, _ring.Plant));
        _catchUp = new(_replication, _peers);
        _mending = new(_replication, new SimulatedHands(this, name => _ring[name], _ring.NextServerId, _ring.Plant), _note, this, _time);
        _sources = new(_replication, _peers, new Account("r", "r"), tls: false, this, new DecisionCounts(), _time);
        Step(new AgentInput.Web(true));
    }
}
