using Connect.Node.Database;
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
    public sealed record Entered : AgentInput;

    /// <param name="Complete">Everyone this node was told to expect has been heard of.</param>
    public sealed record Viewed(View View, bool Complete) : AgentInput;

    /// <summary>The own server was asked, or its port was looked at.</summary>
    /// <param name="AskedAt">When the question was put; an answer from before the last change of source is about the old one.</param>
    /// <param name="Fault">Why the server cannot be used; null if it can.</param>
    public sealed record Server(TimeSpan AskedAt, ReplicaStatus Replica, string? Fault) : AgentInput;

    /// <summary>The own board was looked at.</summary>
    public sealed record Web(bool Up) : AgentInput;

    /// <summary>A part of the watched member was looked at.</summary>
    public sealed record Predecessor(Member Member, Part Part, Finding Finding) : AgentInput;

    /// <summary>A change of source has ended.</summary>
    public sealed record SourceChanged(RingInput.Ended Ended) : AgentInput;

    /// <summary>A comparison with the others has ended; null if it could not be made.</summary>
    public sealed record Compared(CatchUpResult? Result) : AgentInput;

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
    public sealed record Compare(Member[] Others) : AgentEffect;

    /// <summary>Ask whether one of these holds everything; ends as <see cref="AgentInput.Held"/>.</summary>
    public sealed record AskHeld(Member[] Others) : AgentEffect;

    /// <summary>Leave the ring for good.</summary>
    public sealed record Leave : AgentEffect;

    /// <summary>What this node says of itself, apart from who it is.</summary>
    public sealed record Say(Phase Phase, bool MysqlUp, bool WebUp, string? Source, bool SourceRunning) : AgentEffect;

    /// <summary>Watch this member closely from now on, or nobody.</summary>
    public sealed record Watch(Member? Member) : AgentEffect;

    public sealed record SignOfLife(string Member) : AgentEffect;

    public sealed record HardEvidence(string Member, ulong Incarnation, string Why) : AgentEffect;

    /// <summary>Whose copies count for an acknowledgement.</summary>
    public sealed record Peers(View View, Member[] Usable) : AgentEffect;

    /// <summary>What the load balancer should have.</summary>
    public sealed record Balance(IReadOnlyDictionary<string, TrafficState> States, View View) : AgentEffect;

    /// <summary>Take this member out of the load balancer at once.</summary>
    public sealed record TakeOut(string Member) : AgentEffect;

    public sealed record Audit(string Action, string Evidence, string Outcome) : AgentEffect;
}

/// <summary>
/// The agent's mind: what a node does about what it learns. Pure: time and findings come in, effects go out; <see cref="RingAgent"/> connects it with the world and
/// the simulator drives this very code.
/// </summary>
public sealed class AgentCore(string me, RingOptions options)
{
    /// <summary>How often it is told that time has passed.</summary>
    public static readonly TimeSpan BeatEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>A node that is catching up compares itself with the others this often.</summary>
    public static readonly TimeSpan CompareEvery = TimeSpan.FromMilliseconds(50);

    /// <summary>How often the own server is asked how its replication goes: while something is not as it should be, and while all is well.</summary>
    private static readonly TimeSpan LookSoon = TimeSpan.FromMilliseconds(500), LookLater = TimeSpan.FromSeconds(2);

    /// <summary>Two seconds without a beat: the others may have taken this node for dead and gone on without it.</summary>
    private static readonly TimeSpan DoubtfulPause = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The board learns within half a second that it may take no more writes, and one that is under way ends within two: only then is asked whether the others hold
    /// everything.
    /// </summary>
    private static readonly TimeSpan LastWritesTake = TimeSpan.FromSeconds(2.5);

    /// <summary>Longer than a usual hold-down: a node that nobody turns back to serves all the same.</summary>
    private static readonly TimeSpan FollowedAtTheLatest = TimeSpan.FromSeconds(10);

    /// <summary>How long the members that should be there get to answer before this node believes that it is alone.</summary>
    private static readonly TimeSpan DiscoveryTakes = TimeSpan.FromSeconds(4);

    private readonly RingController _controller = new(me, options);
    private readonly NodeLife _life = new();
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
    private bool _asking;
    private bool _leaving;
    private TimeSpan _lastBeat;
    private bool _followed;
    private TimeSpan _servingSince;
    private string? _watched;

    /// <summary>What it knows and last decided; replaced as a whole.</summary>
    public AgentReport Report { get; private set; } = AgentReport.Starting;

    private bool OnItsWayOut => _wishes.Maintenance || _wishes.Leave;

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
            case AgentInput.Entered: (_entered, _enteredAt) = (true, now); break;
            case AgentInput.Viewed(var view, var complete): OnView(view, complete); break;
            case AgentInput.Server server when server.AskedAt >= _sourceChangedAt: OnServer(server.Replica, server.Fault); break;
            case AgentInput.Web(var up): _webUp = up; break;
            case AgentInput.Predecessor found: OnPredecessor(found.Member, found.Part, found.Finding); break;
            case AgentInput.SourceChanged(var ended):
                _sourceChangedAt = now;
                Control(ended);
                break;
            case AgentInput.Compared(var result): OnCompared(result); break;
            case AgentInput.Held(var elsewhere):
                _asking = false;
                if (elsewhere) _condition = _condition with { Drained = true };
                break;
            case AgentInput.Wished(var wishes): _wishes = wishes; break;
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
            CompareAnew($"it was paused for {gap.TotalSeconds:0.0} s");
            _effects.Add(new AgentEffect.Audit("join again", $"this daemon did not run for {gap.TotalSeconds:0.0} s", "comparing with the others before serving"));
        }
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
        _effects.Add(new AgentEffect.Peers(view, [.. view.Members.Where(IsUsablePeer)]));
        // Everyone who was expected is here: no need to wait for the end of the discovery time.
        if (complete) _condition = _condition with { Discovered = true };
        // Half a ring would be planned as if it were the whole one, and planned again a moment later.
        if (_condition.Discovered) Control(new RingInput.ViewChanged(view));
    }

    private void OnServer(ReplicaStatus status, string? fault)
    {
        _replica = status;
        // A source that is only remembered, with every thread stopped (a server that was just started), is none.
        _source = status is { Source: { } address } and not { Connecting: false, Receiving: false, Applying: false } ? NameOf(address) : null;
        if (fault is not null && _condition.MysqlFault is null) _effects.Add(new AgentEffect.ForgetGoal());
        _condition = _condition with { MysqlFault = fault, CaughtUp = _condition.CaughtUp && fault is null };
        if (fault is null) Control(new RingInput.Observed(_source, status.Running));
    }

    private void OnPredecessor(Member member, Part part, Finding finding)
    {
        if (member.Name == _watched) _found[part] = finding;
        if (finding == Finding.Refused) _effects.Add(new AgentEffect.TakeOut(member.Name));
        if (part == Part.Mysql)
        {
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
        // Who holds everything but follows nobody would fall behind the moment it serves.
        var follows = _controller.Plan.Source is null || _replica.Running;
        _condition = _condition with { CaughtUp = result.Done && follows, Damage = result.Damage };
    }

    private void OnRejoin()
    {
        const string why = "an operator asked it to join again";
        CompareAnew(why);
        _condition = _condition with { Damage = null };
        _replica = ReplicaStatus.None; // it follows nobody until it was pointed anew
        if (_source is not null) _effects.Add(new AgentEffect.ChangeSource(new RingEffect.StopReplication(why)));
    }

    // ---- what is decided ----

    /// <summary>Lets the controller take note of something, and wants what it wants.</summary>
    private void Control(RingInput input)
    {
        var wanted = new List<RingEffect>();
        _controller.Step(_now, input, wanted);
        foreach (var effect in wanted) _effects.Add(new AgentEffect.ChangeSource(effect));
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
        _condition = _condition with { MaintenanceWanted = _wishes.Maintenance, LeaveWanted = _wishes.Leave };
        var before = _life.Phase;
        if (_life.Judge(_condition))
        {
            _effects.Add(new AgentEffect.Audit($"become {_life.Phase.ToString().ToLowerInvariant()}", $"was {before.ToString().ToLowerInvariant()}", _life.Why));
            if (_life.Phase == Phase.Maintenance) CompareAnew("back from maintenance"); // whatever it holds now says nothing about the day it returns
        }
        if (_condition is { MysqlFault: null, Discovered: true } && _life.Phase == Phase.Joining && !_comparing)
        {
            _comparing = true;
            _effects.Add(new AgentEffect.Compare(UsablePeers()));
        }
        if (!OnItsWayOut) (_condition, _wantsOutSince) = (_condition with { Drained = false }, null);
        else if (_condition is { MysqlFault: null, Drained: false } && _now - (_wantsOutSince ??= _now) > LastWritesTake && !_asking)
        {
            _asking = true;
            _effects.Add(new AgentEffect.AskHeld(UsablePeers()));
        }
        JudgeFollowed();
        if (_life.MayGo && !_leaving)
        {
            _leaving = true;
            _effects.Add(new AgentEffect.Leave());
        }
        Tell();
    }

    /// <summary>
    /// A node that has just begun to serve gets readers when somebody replicates from it (or nobody is there to): before that, what they post would wait for
    /// its second copy until the successor has turned back. Once it has readers it keeps them, whatever its successor does.
    /// </summary>
    private void JudgeFollowed()
    {
        if (_life.Phase != Phase.Serving)
        {
            (_followed, _servingSince) = (false, _now);
        }
        else if (!_followed)
        {
            var others = UsablePeers();
            _followed = others.Length == 0 || others.Any(m => m.Facts is { SourceRunning: true } f && f.Source == me) || _now - _servingSince > FollowedAtTheLatest;
        }
    }

    private void Tell()
    {
        if (_entered)
            _effects.Add(new AgentEffect.Say(_life.Phase, _condition.MysqlFault is null, _webUp, _view.Find(_source ?? "")?.Name, _replica.Running));
        var watched = WatchedBefore();
        if (watched?.Name != _watched)
        {
            _watched = watched?.Name;
            _found.Clear();
            _effects.Add(new AgentEffect.Watch(watched));
        }
        _effects.Add(new AgentEffect.Balance(LoadBalancerDuty.Wanted(_view, _controller.Plan.Order, me, OnItsWayOut, _followed), _view));
        Report = new(_life.Phase, _life.Why, _condition, _webUp, _source, _replica, _controller.Plan, _controller.Doing, OnItsWayOut, _followed);
    }

    /// <summary>The nearest member before this one that gossip does not believe dead: the one to watch, whether or not it can be used as a source.</summary>
    private Member? WatchedBefore() =>
        _controller.Plan.Order.Before(me).Select(_view.Find).FirstOrDefault(m => m is { Liveness: Liveness.Alive or Liveness.Suspect });

    private Member[] UsablePeers() => [.. _view.Members.Where(IsUsablePeer)];

    private bool IsUsablePeer(Member m) => m.Name != me && m.HasServer;

    private string NameOf(ServerAddress address) =>
        _view.Members.FirstOrDefault(m => m.Liveness != Liveness.Left && m.Facts.MysqlHost == address.Host && m.Facts.MysqlPort == address.Port)?.Name
        ?? address.ToString();
}
