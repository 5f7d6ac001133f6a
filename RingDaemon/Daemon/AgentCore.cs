using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Health;
using Connect.RingDaemon.LoadBalancing;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Replication;
using Connect.RingDaemon.Ring;

namespace Connect.RingDaemon.Daemon;

/// <summary>What the agent is told. Every question it asked (<see cref="AgentEffect"/>) comes back as one of these.</summary>
public abstract record AgentInput
{
    /// <summary>Half a second has passed.</summary>
    public sealed record Beat : AgentInput;

    /// <summary>The node was let in: from now on it says who it is, and acts.</summary>
    /// <param name="Unfinished">Its server was being put right when the daemon ended; null if it was not.</param>
    /// <param name="Memory">What is remembered of its server; null if it never served.</param>
    public sealed record Entered(Damage? Unfinished, ServerMemory? Memory) : AgentInput;

    /// <summary>The board wrote, and numbers of this origin are used up to this one.</summary>
    public sealed record Wrote(string Origin, long Number) : AgentInput;

    /// <param name="Complete">Everyone this node was told to expect has been heard of.</param>
    public sealed record Viewed(View View, bool Complete) : AgentInput;

    /// <summary>The own server was asked, or its port was looked at.</summary>
    /// <param name="AskedAt">When the question was put; an answer from before the last change of source is about the old one.</param>
    /// <param name="Fault">Why the server cannot be used; null if it can.</param>
    /// <param name="Identity">Who it is, as last read; null until it was up for the first time.</param>
    public sealed record Server(TimeSpan AskedAt, ReplicaStatus Replica, string? Fault, ServerIdentity? Identity) : AgentInput;

    /// <summary>The own board was looked at.</summary>
    public sealed record Web(bool Up) : AgentInput;

    /// <summary>A part of the watched member was looked at.</summary>
    public sealed record Predecessor(Member Member, Part Part, Finding Finding) : AgentInput;

    /// <summary>The server of a member behind a broken link was looked at.</summary>
    public sealed record Link(string Member, Finding Finding) : AgentInput;

    /// <summary>A change of source has ended.</summary>
    public sealed record SourceChanged(RingInput.Ended Ended) : AgentInput;

    /// <summary>A comparison with the others has ended; null if it could not be made.</summary>
    public sealed record Compared(CatchUpResult? Result) : AgentInput;

    /// <summary>The own server was opened for writes, or closed; or that failed.</summary>
    public sealed record Opened(bool Open, bool Done) : AgentInput;

    /// <summary>Putting the own server right has ended.</summary>
    public sealed record Mended(MendingResult Result) : AgentInput;

    /// <summary>Whether another member holds everything this node knows; false also if nobody could be asked.</summary>
    public sealed record Held(bool Elsewhere) : AgentInput;

    /// <summary>An operator's wishes changed.</summary>
    public sealed record Wished(Wishes Wishes) : AgentInput;

    /// <summary>An operator wants everything looked at anew.</summary>
    public sealed record Rejoin : AgentInput;
}

/// <summary>What the agent wants done.</summary>
public abstract record AgentEffect
{
    /// <summary>Change the own server's source; ends as <see cref="AgentInput.SourceChanged"/>.</summary>
    public sealed record ChangeSource(RingEffect Change) : AgentEffect;

    /// <summary>What the others held once is no goal any more: the next comparison sets a new one.</summary>
    public sealed record ForgetGoal : AgentEffect;

    /// <summary>Compare the own server with these; ends as <see cref="AgentInput.Compared"/>.</summary>
    /// <param name="Source">The member it replicates from, or null.</param>
    /// <param name="MustReach">What it must hold besides, since it was put right; or null.</param>
    public sealed record Compare(Member[] Others, string? Source, GtidSet? MustReach) : AgentEffect;

    /// <summary>Ask whether one of these holds everything; ends as <see cref="AgentInput.Held"/>.</summary>
    public sealed record AskHeld(Member[] Others) : AgentEffect;

    /// <summary>Put the own server right with this member's help, or alone; ends as <see cref="AgentInput.Mended"/>.</summary>
    public sealed record Mend(Damage Damage, Member? Donor) : AgentEffect;

    /// <summary>The own server is whole again: forget that it was being put right.</summary>
    public sealed record MendingOver : AgentEffect;

    /// <summary>Open the own server for the board's writes, or close it; ends as <see cref="AgentInput.Opened"/>.</summary>
    public sealed record Open(bool Wanted) : AgentEffect;

    /// <summary>Write this down before anything else is done.</summary>
    public sealed record Remember(ServerMemory Memory) : AgentEffect;

    /// <summary>Leave the ring for good.</summary>
    public sealed record Leave : AgentEffect;

    /// <summary>What this node says of itself, apart from who it is.</summary>
    public sealed record Say(Phase Phase, bool MysqlUp, bool WebUp, string? Source, bool SourceRunning, NameList Unreached) : AgentEffect;

    /// <summary>Watch this member closely from now on, or nobody.</summary>
    public sealed record Watch(Member? Member) : AgentEffect;

    /// <summary>Look at the servers of these members now and then, and at no others: the links to them are broken.</summary>
    public sealed record WatchLinks(Member[] Members) : AgentEffect;

    public sealed record SignOfLife(string Member) : AgentEffect;

    public sealed record HardEvidence(string Member, ulong Incarnation, string Why) : AgentEffect;

    /// <summary>Whose copies count for an acknowledgement.</summary>
    public sealed record Peers(View View, Member[] Usable) : AgentEffect;

    /// <summary>What the load balancer should have.</summary>
    /// <param name="Reserve">This node can only be read: it stands there only while nobody else does (<see cref="LoadBalancing.Reserve"/>).</param>
    public sealed record Balance(IReadOnlyDictionary<string, TrafficState> States, View View, bool Reserve) : AgentEffect;

    /// <summary>Take this member out of the load balancer at once.</summary>
    public sealed record TakeOut(string Member) : AgentEffect;

    public sealed record Audit(string Action, string Evidence, string Outcome) : AgentEffect;
}

/// <summary>
/// The agent's mind: what a node does about what it learns. Pure: time and findings come in, effects go out; <see cref="RingAgent"/> connects it with the world and
/// the simulator drives this very code.
/// </summary>
public sealed class AgentCore(string me, RingOptions options, MinorityPolicy minority = MinorityPolicy.Writable)
{
    /// <summary>How often it is told that time has passed.</summary>
    public static readonly TimeSpan BeatEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>A node that is catching up compares itself with the others this often: when it is nearly there, and while that is so far off that asking would only slow it down.</summary>
    private static readonly TimeSpan CompareSoon = TimeSpan.FromMilliseconds(50), CompareLater = TimeSpan.FromSeconds(1);

    /// <summary>More than are applied between two comparisons.</summary>
    private const int ManyMissing = 5000;

    /// <summary>How often the own server is asked how its replication goes: while something is not as it should be, and while all is well.</summary>
    private static readonly TimeSpan LookSoon = TimeSpan.FromMilliseconds(500), LookLater = TimeSpan.FromSeconds(2);

    /// <summary>Two seconds without a beat: the others may have taken this node for dead and gone on without it.</summary>
    private static readonly TimeSpan DoubtfulPause = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The board learns within half a second that it may take no more writes, and one that is under way ends within two: only then is asked whether the others hold
    /// everything.
    /// </summary>
    private static readonly TimeSpan LastWritesTake = TimeSpan.FromSeconds(2.5);

    /// <summary>Longer than a usual hold-down.</summary>
    private static readonly TimeSpan UnfollowedForGood = TimeSpan.FromSeconds(10);

    /// <summary>How long nothing may come from others that do not serve either.</summary>
    private static readonly TimeSpan NobodyServes = TimeSpan.FromSeconds(15);

    /// <summary>How long the members that should be there get to answer before this node believes that it is alone.</summary>
    private static readonly TimeSpan DiscoveryTakes = TimeSpan.FromSeconds(4);

    /// <summary>
    /// A daemon that has just started takes the members it remembers for alive until it has asked them; alone of three, it knows better by then. Only with
    /// <c>minority: readonly</c>: before that a node does not believe that it sees a majority, takes no posts, and gets no readers either, who would find it so.
    /// </summary>
    private static readonly TimeSpan MajorityIsSure = TimeSpan.FromSeconds(8);

    private readonly RingController _controller = new(me, options);
    private readonly NodeLife _life = new();
    private readonly ServerJudge _server = new(me);
    private readonly BrokenLinks _links = new(options);
    private NameList _linksWatched = NameList.None;
    private readonly Dictionary<Part, Finding> _found = [];
    private List<AgentEffect> _effects = [];
    private TimeSpan _now;
    private View _view = new(0, []);
    private bool _complete;
    private NodeCondition _condition = new();
    private ReplicaStatus _replica = ReplicaStatus.None;
    private string? _source;
    private TimeSpan _sourceChangedAt = TimeSpan.MinValue;
    private bool _webUp;
    private bool _entered;
    private TimeSpan _enteredAt;
    private Wishes _wishes = new(false, false);
    private TimeSpan? _wantsOutSince;
    private bool _comparing;
    private GtidSet? _mustReach;
    private bool _asking;
    private bool _leaving;
    private TimeSpan _lastBeat;
    private bool _followed;
    private TimeSpan _followedAt;
    private string? _watched;
    private ServerIdentity? _identity;
    private bool? _open;
    private bool _opening;
    private bool _openIsOld;
    private TimeSpan _openAgainAt;
    private bool _readable;
    private Quorum _quorum = Quorum.Alone;
    private string? _readOnly;
    private bool _held;
    private long _waitedFor;
    private TimeSpan _waitedSince;

    /// <summary>What it knows and last decided; replaced as a whole.</summary>
    public AgentReport Report { get; private set; } = AgentReport.Starting;

    private bool OnItsWayOut => _wishes.Maintenance || _wishes.Leave;

    /// <summary>How long the node need not be compared again after this; null is no answer.</summary>
    public static TimeSpan CompareAgainAfter(CatchUpResult? result) => result switch { { Done: true } => TimeSpan.Zero, { Missing: > ManyMissing } => CompareLater, _ => CompareSoon };

    /// <summary>How long the own server need not be asked again after this answer.</summary>
    public TimeSpan LookAgainAfter(AgentInput.Server looked) =>
        looked is { Fault: null, Replica.Running: true } && Report.Phase == Phase.Serving ? LookLater : LookSoon;

    /// <param name="now">On a clock that never goes back; not before that of the last step.</param>
    /// <param name="effects">What is wanted is added here, in order.</param>
    public void Step(TimeSpan now, AgentInput input, List<AgentEffect> effects)
    {
        (_now, _effects) = (now, effects);
        switch (input)
        {
            case AgentInput.Beat: OnBeat(); break;
            case AgentInput.Entered(var unfinished, var memory):
                (_entered, _enteredAt) = (true, now);
                _server.Entered(memory);
                Hold(true);
                if (unfinished is not null) TakeNote(unfinished);
                break;
            case AgentInput.Wrote(var origin, var number): _server.Wrote(origin, number); break;
            case AgentInput.Viewed(var view, var complete): OnView(view, complete); break;
            case AgentInput.Server server when server.AskedAt >= _sourceChangedAt: OnServer(server); break;
            case AgentInput.Web(var up): _webUp = up; break;
            case AgentInput.Link(var member, var finding) when _links.Names.Names.Contains(member): _links.Found(member, finding != Finding.Silent, now); break;
            case AgentInput.Predecessor found: OnPredecessor(found.Member, found.Part, found.Finding); break;
            case AgentInput.SourceChanged(var ended):
                _sourceChangedAt = now;
                Control(ended);
                JudgeRefusals(ended);
                break;
            case AgentInput.Compared(var result): OnCompared(result); break;
            case AgentInput.Mended(var result): OnMended(result); break;
            case AgentInput.Opened(var open, var done):
                (_opening, _open) = (false, done && !_openIsOld ? open : null);
                if (!done) _openAgainAt = now + BeatEvery;
                break;
            case AgentInput.Held(var elsewhere):
                _asking = false;
                if (elsewhere && MayAskForCopies()) _condition = _condition with { Drained = true };
                break;
            case AgentInput.Wished(var wishes):
                // Drained for maintenance, while nobody could be reached, is not drained for good.
                if (wishes.Leave && !_wishes.Leave) _condition = _condition with { Drained = false };
                _wishes = wishes;
                break;
            case AgentInput.Rejoin: OnRejoin(); break;
        }
        Judge();
    }

    // ---- what comes in ----

    private void OnBeat()
    {
        var gap = _now - _lastBeat;
        _lastBeat = _now;
        if (gap >= DoubtfulPause)
        {
            // This process did not run for a while: what it believes of itself, and of the others, is old.
            _links.Paused(_now);
            CompareAnew($"it was paused for {gap.TotalSeconds:0.0} s");
            _effects.Add(new AgentEffect.Audit("join again", $"this daemon did not run for {gap.TotalSeconds:0.0} s", "comparing with the others before serving"));
        }
        if (_server.MemoryIsNew) Remember(_server.Memory!);
        if (_watched is { } watched && _found.GetValueOrDefault(Part.Mysql) == Finding.Up) _effects.Add(new AgentEffect.SignOfLife(watched));
        if (_entered && !_condition.Discovered && _now - _enteredAt > DiscoveryTakes)
        {
            _condition = _condition with { Discovered = true };
            OnView(_view, _complete);
        }
        else
        {
            Control(new RingInput.Tick());
        }
    }

    private void OnView(View view, bool complete)
    {
        (_view, _complete) = (view, complete);
        // A copy on a node that is about to go for good is none to promise (simulate --seed 5783).
        _effects.Add(new AgentEffect.Peers(view, [.. view.TrustworthyBesides(me).Where(m => m.Facts.Phase != Phase.Leaving)]));
        // Everyone who was expected is here: no need to wait for the end of the discovery time.
        if (complete) _condition = _condition with { Discovered = true };
        // Half a ring would be planned as if it were the whole one, and planned again a moment later.
        if (_condition.Discovered) Control(new RingInput.ViewChanged(view));
    }

    private void OnServer(AgentInput.Server server)
    {
        var (status, fault) = (server.Replica, server.Fault);
        (_replica, _identity) = (status, server.Identity);
        // A source that is only remembered, with every thread stopped (a server that was just started), is none.
        _source = status is { Source: { } address } and not { Connecting: false, Receiving: false, Applying: false } ? NameOf(address) : null;
        _condition = _condition with { MysqlFault = fault, CaughtUp = _condition.CaughtUp && fault is null };
        if (fault is null)
        {
            Control(new RingInput.Observed(_source, status.Running));
            return;
        }
        (_open, _openIsOld) = (null, true); // whoever comes back begins closed
        _effects.Add(new AgentEffect.ForgetGoal());
        Hold(true); // it may be an old copy: it is compared with the others before it follows anybody
    }

    private void OnPredecessor(Member member, Part part, Finding finding)
    {
        if (member.Name == _watched) _found[part] = finding;
        if (finding == Finding.Refused) _effects.Add(new AgentEffect.TakeOut(member.Name));
        if (part == Part.Mysql)
        {
            if (member.Name == _watched) _links.Found(member.Name, finding != Finding.Silent, _now);
            Control(finding switch
            {
                Finding.Up => new RingInput.ObjectionOver(member.Name),
                Finding.Refused => new RingInput.Objection(member.Name, "its MySQL refuses connections"),
                _ => new RingInput.Objection(member.Name, "its MySQL is silent"),
            });
        }
        // A daemon that is gone while its MySQL answers is left to gossip, which takes about two seconds: a daemon that is only restarted moves nobody.
        if (_found.GetValueOrDefault(Part.Mysql) == Finding.Refused && _found.GetValueOrDefault(Part.Daemon) == Finding.Refused)
            _effects.Add(new AgentEffect.HardEvidence(member.Name, member.Incarnation, $"{me} found its MySQL and its daemon gone"));
    }

    private void OnCompared(CatchUpResult? result)
    {
        _comparing = false;
        if (result is null) return;
        if (result.Damage is null or { Kind: DamageKind.LogsPurged } && _server.Contradiction(_identity, result.Written) is null && _condition is { MysqlFault: null, Damage: null }) Hold(false);
        // Who holds everything but follows nobody would fall behind the moment it serves.
        var follows = _controller.Plan.Source is null || _replica.Running;
        _condition = _condition with { CaughtUp = (result.Done && follows) || IsTheFirst(result) };
        if (_condition.CaughtUp && _mustReach is not null)
        {
            if (result.Reached) _mustReach = null;
            _effects.Add(new AgentEffect.MendingOver());
        }
        Harm(_server.Contradiction(_identity, result.Written));
        Harm(_server.Stagnation(_now, result, _replica.Running));
        Harm(_server.Lasting(_now, result.Damage));
    }

    /// <summary>
    /// When nobody serves, those who come back may wait for each other's rows for ever, with logs purged on both sides. After a while the first by name begins as it is: then there
    /// is somebody for the others to unite with, and what only they have is saved there.
    /// </summary>
    private bool IsTheFirst(CatchUpResult result)
    {
        var peers = UsablePeers();
        if (result.Done || result.Damage is { RetiresIdentity: true } || result.Missing != _waitedFor || peers.Any(m => m.Facts.Phase != Phase.Joining))
        {
            (_waitedFor, _waitedSince) = (result.Missing, _now);
            return false;
        }
        return _now - _waitedSince > NobodyServes && peers.All(m => string.CompareOrdinal(me, m.Name) < 0);
    }

    /// <summary>Puts the server under repair. What was found first stays the reason until that is done.</summary>
    private void Harm(Damage? damage)
    {
        if (damage is null || _condition.Damage is not null) return;
        TakeNote(damage);
        _effects.Add(new AgentEffect.Audit("stop serving", damage.Why, "its data is put right before anybody follows it"));
    }

    private void TakeNote(Damage damage)
    {
        _condition = _condition with { Damage = damage };
        _server.Harmed(_now);
    }

    private void OnMended(MendingResult result)
    {
        _server.Mended(_now, result);
        if (result.Fault is { } fault)
        {
            _condition = _condition with { MendingFault = fault };
            return;
        }
        if (_server.MemoryIsNew) Remember(_server.Memory!); // at once: a daemon that does not know it takes the server for a copy of another one
        _mustReach = result.MustReach;
        // Who the server is, and where it stands, has to be learnt anew.
        (_identity, _sourceChangedAt, _replica, _source) = (null, _now, ReplicaStatus.None, null);
        _condition = _condition with { Damage = null, MendingFault = null, MysqlFault = "it was put right and not looked at since" };
        CompareAnew("its data was put right");
    }

    private void OnRejoin()
    {
        const string why = "an operator asked it to join again";
        CompareAnew(why);
        _server.MendSoon(_now); // what is damaged stays so, but there is no need to wait
        if (_condition.Damage is not null) return;
        _replica = ReplicaStatus.None; // it follows nobody until it was pointed anew
        if (_source is not null) _effects.Add(new AgentEffect.ChangeSource(new RingEffect.StopReplication(why)));
    }

    private void JudgeRefusals(RingInput.Ended ended)
    {
        _server.Note(_now, ended);
        if (!ended.LogsPurged || _life.Phase != Phase.Serving) return; // while it joins, the comparison with the others tells
        if (_server.Refusal(_now) is { } refusal) Harm(refusal);
        else if (_controller.Plan.Source is null) CompareAnew($"{ended.Target} has purged logs this node needs, and there is no other source");
    }

    // ---- what is decided ----

    /// <summary>Lets the controller take note of something, and wants what it wants.</summary>
    private void Control(RingInput input)
    {
        var wanted = new List<RingEffect>();
        _controller.Step(_now, input, wanted);
        foreach (var effect in wanted) _effects.Add(new AgentEffect.ChangeSource(effect));
    }

    /// <summary>
    /// Before a server was compared, it is pointed at nobody: one that lost its tail would be sent its own transactions, skip them, and count them as executed all the same.
    /// </summary>
    private void Hold(bool hold)
    {
        if (_held == hold) return;
        _held = hold;
        Control(new RingInput.Held(hold));
    }

    private void CompareAnew(string why)
    {
        _life.Doubt(why);
        _effects.Add(new AgentEffect.ForgetGoal());
        _condition = _condition with { CaughtUp = false };
    }

    /// <summary>Decides this node's own phase, says it to the others, and starts what the phase needs.</summary>
    private void Judge()
    {
        Harm(_server.WrongIdentity(_identity, _view));
        _condition = _condition with { MaintenanceWanted = _wishes.Maintenance, LeaveWanted = _wishes.Leave };
        // It began alone. Now there is somebody who can take over the rows it was brought and nobody's log has (simulate --seed 8139).
        if (_mustReach is not null && _life.Phase == Phase.Serving && UsablePeers().Any(m => m.Facts.Phase == Phase.Serving)) CompareAnew("it served alone before it had caught up");
        var before = _life.Phase;
        if (_life.Judge(_condition))
        {
            _effects.Add(new AgentEffect.Audit($"become {_life.Phase.ToString().ToLowerInvariant()}", $"was {before.ToString().ToLowerInvariant()}", _life.Why));
            // Before the board may use a number under it.
            if (_life.Phase == Phase.Serving && _identity is { } mine && _server.Memory?.Identity != mine) Remember(_server.Memory?.Next(mine) ?? ServerMemory.First(mine));
            if (_life.Phase == Phase.Maintenance) CompareAnew("back from maintenance"); // whatever it holds now says nothing about the day it returns
        }
        if (_condition is { MysqlFault: null, Damage: null, Discovered: true } && (_life.Phase == Phase.Joining || _held) && !_comparing)
        {
            _comparing = true;
            _effects.Add(new AgentEffect.Compare(UsablePeers(), _source, _mustReach));
        }
        JudgeMending();
        JudgeMinority();
        JudgeOpen();
        if (!OnItsWayOut) (_condition, _wantsOutSince) = (_condition with { Drained = false }, null);
        else if (_condition is { MysqlFault: null, Drained: false } && _now - (_wantsOutSince ??= _now) > LastWritesTake && !_asking && MayAskForCopies())
        {
            _asking = true;
            _effects.Add(new AgentEffect.AskHeld(Holders()));
        }
        JudgeFollowed();
        JudgeLinks();
        if (_life.MayGo && !_leaving)
        {
            _leaving = true;
            _effects.Add(new AgentEffect.Leave());
        }
        Tell();
    }

    /// <summary>With <c>minority: readonly</c>: on the smaller side of a partition nothing is written. The node stays a source and a replica, and can be read.</summary>
    private void JudgeMinority()
    {
        _quorum = Quorum.Of(_view);
        var before = _readOnly;
        _readOnly = minority == MinorityPolicy.Writable || !_entered ? null
            : !_quorum.Holds ? $"{_quorum}, fewer than a majority"
            : _now - _enteredAt < MajorityIsSure ? "its daemon has just started and does not know yet whether it sees a majority"
            : null;
        if (_life.Phase != Phase.Serving || _condition.MysqlFault is not null) _readable = false;
        else if (_open == true || (_readOnly is not null && !_quorum.Holds)) _readable = true;
        if ((before is null) == (_readOnly is null)) return;
        _effects.Add(_readOnly is { } why ? new AgentEffect.Audit("take no posts", why, "minority: readonly; its server is closed for the board, reading goes on")
            : new AgentEffect.Audit("take posts again", _quorum.ToString(), "its server is opened for the board"));
    }

    /// <summary>The server itself keeps out what the board may not write, also what the board had under way when the server ended and came back as something else.</summary>
    private void JudgeOpen()
    {
        if (_opening || _now < _openAgainAt || _condition.MysqlFault is not null) return;
        var wanted = _life.Phase == Phase.Serving && !OnItsWayOut && _readOnly is null;
        if (_open == wanted) return;
        (_opening, _openIsOld) = (true, false);
        _effects.Add(new AgentEffect.Open(wanted));
    }

    private void JudgeMending()
    {
        if (_server.Mend(_now, _condition, _identity, _view, _controller.Plan.Order) is not { } mend) return;
        Hold(true);
        _effects.Add(mend);
    }

    private void Remember(ServerMemory memory)
    {
        _server.Remembers(memory);
        _effects.Add(new AgentEffect.Remember(memory));
    }

    /// <summary>
    /// A node gets readers when somebody replicates from it: before that, what they post would wait for its second copy. It keeps them while its successor turns back from a detour,
    /// but not when that takes long and there are others whose posts get on. Where nobody is followed, or nobody else is there, somebody has to serve all the same.
    /// </summary>
    private void JudgeFollowed()
    {
        var others = UsablePeers();
        if (_life.Phase != Phase.Serving) (_followed, _followedAt) = (false, _now);
        else if (others.Length == 0 || IsFollowed(me)) (_followed, _followedAt) = (true, _now);
        else if (_now - _followedAt > UnfollowedForGood) _followed = !others.Any(m => m.Facts.Phase == Phase.Serving && IsFollowed(m.Name));
    }

    private void JudgeLinks()
    {
        foreach (var verdict in _links.Judge(_view, _now))
            _effects.Add(new AgentEffect.Audit(verdict.Broken ? $"cannot reach {verdict.Member}" : $"reach {verdict.Member} again", verdict.Why, verdict.Broken ? "told to everyone, so that the ring's order goes around this link" : "the link may be used again"));
        Member[] behind = [.. _links.Names.Names.Select(_view.Find).OfType<Member>()];
        NameList watched = new(behind.Select(m => $"{m.Name} {m.Facts.MysqlHost}:{m.Facts.MysqlPort}")); // somebody may move
        if (watched.Equals(_linksWatched)) return;
        _linksWatched = watched;
        _effects.Add(new AgentEffect.WatchLinks(behind));
    }

    private bool IsFollowed(string name) => _view.Members.Any(m => m.Name != name && (m.Name == me ? _source == name && _replica.Running : m.IsTrustworthy && m.Facts is { SourceRunning: true } f && f.Source == name));

    private void Tell()
    {
        if (_entered)
            _effects.Add(new AgentEffect.Say(_life.Phase, _condition.MysqlFault is null, _webUp, _view.Find(_source ?? "")?.Name, _replica.Running, _links.Names));
        var watched = WatchedBefore();
        if (watched?.Name != _watched)
        {
            _watched = watched?.Name;
            _found.Clear();
            _links.Watching(_watched);
            _effects.Add(new AgentEffect.Watch(watched));
        }
        _effects.Add(new AgentEffect.Balance(LoadBalancerDuty.Wanted(_view, _controller.Plan.Order, me, OnItsWayOut, _followed && _readable, _readOnly is not null), _view, _readOnly is not null));
        Report = new(_life.Phase, _life.Why, _condition, _webUp, _source, _replica, _controller.Plan, _controller.Doing, OnItsWayOut, _followed, _open == true, _readable, _quorum,
            _life.Phase == Phase.Serving && !OnItsWayOut ? _readOnly : null);
    }

    /// <summary>The nearest member before this one that gossip does not believe dead: the one to watch, whether or not it can be used as a source.</summary>
    private Member? WatchedBefore() =>
        _controller.Plan.Order.Before(me).Select(_view.Find).FirstOrDefault(m => m is { Liveness: Liveness.Alive or Liveness.Suspect });

    /// <summary>
    /// Who leaves for good while it reaches nobody would take along what only it knows: it waits for one of the others, or until an operator says that none will come back
    /// (forget). Maintenance ends one day, so it need not wait.
    /// </summary>
    private bool MayAskForCopies() =>
        !_wishes.Leave || Holders().Length > 0 || _view.Members.All(m => m.Name == me || m.Liveness == Liveness.Left);

    /// <summary>
    /// Whose copies count on the way out. Two that leave for good would each count the other's, and both be gone (simulate --seed 28573): the last by name goes first, the first stays until
    /// somebody who stays has everything.
    /// </summary>
    private Member[] Holders() => [.. UsablePeers().Where(m => m.Facts.Phase != Phase.Leaving || string.CompareOrdinal(m.Name, me) < 0)];

    private Member[] UsablePeers() => [.. _view.TrustworthyBesides(me)];

    private string NameOf(ServerAddress address) =>
        _view.Members.FirstOrDefault(m => m.Liveness != Liveness.Left && m.Facts.MysqlHost == address.Host && m.Facts.MysqlPort == address.Port)?.Name
        ?? address.ToString();
}
