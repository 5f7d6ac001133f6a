using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Health;
using Connect.RingDaemon.LoadBalancing;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Replication;
using Connect.RingDaemon.Replication.Acknowledgement;
using Connect.RingDaemon.Ring;

namespace Connect.RingDaemon.Daemon;

/// <summary>
/// The part of the daemon that acts. One loop takes what the watches, gossip, the own server and the operator say, one after the other, lets the pure parts
/// (<see cref="RingController"/>, <see cref="NodeLife"/>) decide, and carries the decisions out. What takes time runs beside the loop and reports back to it.
/// </summary>
public sealed partial class RingAgent(
    NodeSettings settings, OwnServerWatch own, IMembership membership, Peers peers, SourceSwitch sources, Acknowledgements acknowledgements,
    LoadBalancerKeeper loadBalancer, Departure departure, AuditLog audit, OperatorWishes wishes, TimeProvider time, ILogger<RingAgent> log) : BackgroundService
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(500);

    /// <summary>Two seconds without a beat: the others may have taken this node for dead and gone on without it.</summary>
    private static readonly TimeSpan DoubtfulPause = TimeSpan.FromSeconds(2);

    /// <summary>How often the own server is asked how its replication goes: while something is not as it should be, and while all is well.</summary>
    private static readonly TimeSpan LookSoon = TimeSpan.FromMilliseconds(500), LookLater = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The board learns within half a second that it may take no more writes, and one that is under way ends within two: only then is asked whether the others hold
    /// everything.
    /// </summary>
    private static readonly TimeSpan LastWritesTake = TimeSpan.FromSeconds(2.5);

    /// <summary>Longer than a usual hold-down: a node that nobody turns back to serves all the same.</summary>
    private static readonly TimeSpan FollowedAtTheLatest = TimeSpan.FromSeconds(10);

    /// <summary>How long the members that should be there get to answer before this node believes that it is alone.</summary>
    private static readonly TimeSpan DiscoveryTakes = TimeSpan.FromSeconds(4);

    private readonly EventLoop _loop = new(log);
    private readonly RingController _controller = new(
        settings.Name, new RingOptions { LongestHoldDown = TimeSpan.FromSeconds(settings.Daemon.LongestHoldDownSeconds) });
    private readonly NodeLife _life = new();
    private readonly SemaphoreSlim _lookNow = new(0, 1);
    private readonly CatchUp _catchUp = new(own.Server, peers);
    private NodeCondition _condition = new();
    private ReplicaStatus _replica = ReplicaStatus.None;
    private string? _source;
    private bool _webUp;
    private bool _entered;
    private TimeSpan _enteredAt;
    private bool _catchingUp;
    private bool _draining;
    private bool _leaving;
    private bool _turning;
    private TimeSpan _lastBeat;
    private TimeSpan? _wantsOutSince;
    private bool _followed;
    private TimeSpan _servingSince;
    private PredecessorWatch? _predecessor;
    private CancellationToken _stopping;
    private long _began;
    private long _changedSource;

    /// <summary>What this node last decided, for the API; replaced as a whole.</summary>
    public AgentReport Report { get; private set; } = AgentReport.Starting;

    private TimeSpan Now => time.GetElapsedTime(_began);

    /// <summary>The node was let in: from now on it says who it is, and acts.</summary>
    public void Enter() => _loop.Post(() =>
    {
        _entered = true;
        _enteredAt = Now;
        Judge();
    });

    /// <summary>An operator wants it to look at everything anew. Ends when the node has begun to.</summary>
    public Task RejoinAsync()
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _loop.Post(() =>
        {
            CompareAnew("an operator asked it to join again");
            _condition = _condition with { Damage = null };
            _replica = ReplicaStatus.None; // it follows nobody until it was pointed anew
            if (_source is not null) _loop.Beside(sources.StopAsync("an operator asked it to join again", _stopping), Ended);
            Judge();
            begun.SetResult();
        });
        return begun.Task;
    }

    /// <summary>An operator's wish changed: judge at once.</summary>
    public void WishesChanged() => _loop.Post(() => Judge());

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _stopping = stoppingToken;
        _began = time.GetTimestamp();
        await using var mysql = new ServiceWatch(settings.Database.Host, settings.Database.Port, new MysqlGreeting(), new WatchOptions(), time, f => _loop.Post(() => OwnMysql(f)));
        var web = new Uri(settings.Web.Url);
        await using var board = new ServiceWatch(web.Host, web.Port, new HttpGreeting(web.Authority, "/health/live"), WatchOptions.Http, time, f => _loop.Post(() => OwnWeb(f)));
        await using var predecessor = _predecessor = new PredecessorWatch(time, (m, part, f) => _loop.Post(() => Predecessor(m, part, f)));
        mysql.Start();
        board.Start();
        var sources = Task.WhenAll(PollServerAsync(stoppingToken), FollowViewsAsync(stoppingToken), BeatAsync(stoppingToken));
        await _loop.RunAsync(stoppingToken);
        await sources;
    }

    // ---- what comes in -------------------------------------------------------------------------------------------------------------

    private async Task BeatAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Beat, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop)) _loop.Post(OnBeat);
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    private async Task FollowViewsAsync(CancellationToken stop)
    {
        try
        {
            await foreach (var view in membership.Views.ReadAllAsync(stop)) _loop.Post(() => OnView(view));
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    private async Task PollServerAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                var asked = time.GetTimestamp();
                await own.LookAsync(stop);
                var (status, fault) = (own.Replica, own.Fault);
                // An answer from before the last change of source would show the old source as if it were back.
                _loop.Post(() => { if (asked >= _changedSource) OnServer(status, fault); });
                var well = fault is null && status.Running && Report.Phase == Phase.Serving;
                await _lookNow.WaitAsync(well ? LookLater : LookSoon, stop);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    private void OnBeat()
    {
        JudgePause();
        if (_predecessor is { Watched: { } watched } && _predecessor[Part.Mysql] == Finding.Up) membership.SignOfLife(watched);
        if (_entered && !_condition.Discovered && Now - _enteredAt > DiscoveryTakes)
        {
            _condition = _condition with { Discovered = true };
            OnView(membership.Current);
            return;
        }
        Step(new RingInput.Tick());
        Judge();
    }

    private void OnView(View view)
    {
        peers.KeepOnly(view);
        acknowledgements.SetAlive([.. view.Members.Where(IsUsablePeer).Select(m => new AckPeer(m.Name, new(m.Facts.MysqlHost, m.Facts.MysqlPort), m.Facts.Origin))]);
        // Everyone who was expected is here: no need to wait for the end of the discovery time.
        if (membership.Discovered) _condition = _condition with { Discovered = true };
        // Half a ring would be planned as if it were the whole one, and planned again a moment later.
        if (_condition.Discovered) Step(new RingInput.ViewChanged(view));
        Judge();
    }

    private void OwnMysql(Finding finding)
    {
        own.Found(finding);
        Log.OwnPart(log, Part.Mysql, finding);
        OnServer(own.Replica, own.Fault);
    }

    private void OwnWeb(Finding finding)
    {
        _webUp = finding == Finding.Up;
        Log.OwnPart(log, Part.Web, finding);
        Judge();
    }

    private void OnServer(ReplicaStatus status, string? fault)
    {
        _replica = status;
        // A source that is only remembered, with every thread stopped (a server that was just started), is none.
        _source = status is { Source: { } address } and not { Connecting: false, Receiving: false, Applying: false } ? NameOf(address) : null;
        if (fault is not null && _condition.MysqlFault is null) _catchUp.Restart();
        _condition = _condition with { MysqlFault = fault, CaughtUp = _condition.CaughtUp && fault is null };
        if (fault is null) Step(new RingInput.Observed(_source, status.Running));
        Judge();
    }

    private void Predecessor(Member member, Part part, Finding finding)
    {
        Log.PredecessorPart(log, member.Name, part, finding);
        if (finding == Finding.Refused) _loop.Beside(loadBalancer.TakeOutAsync(member.Name, _stopping), () => { });
        if (part == Part.Mysql)
        {
            Step(finding switch
            {
                Finding.Up => new RingInput.ObjectionOver(member.Name),
                Finding.Refused => new RingInput.Objection(member.Name, "its MySQL refuses connections"),
                _ => new RingInput.Objection(member.Name, "its MySQL is silent"),
            });
        }
        // A daemon that is gone while its MySQL answers is left to gossip, which takes about two seconds: a daemon that is only restarted moves nobody.
        if (_predecessor is { } watch && watch[Part.Mysql] == Finding.Refused && watch[Part.Daemon] == Finding.Refused)
            membership.HardEvidence(member.Name, member.Incarnation, $"{settings.Name} found its MySQL and its daemon gone");
        Judge();
    }

    /// <summary>This process did not run for a while: what it believes of itself, and of the others, is old.</summary>
    private void JudgePause()
    {
        var gap = Now - _lastBeat;
        _lastBeat = Now;
        if (gap < DoubtfulPause) return;
        CompareAnew($"it was paused for {gap.TotalSeconds:0.0} s");
        audit.Add("join again", $"this daemon did not run for {gap.TotalSeconds:0.0} s", "comparing with the others before serving");
    }

    private void CompareAnew(string why)
    {
        _life.Doubt(why);
        _catchUp.Restart();
        _condition = _condition with { CaughtUp = false };
    }

    // ---- what is decided -----------------------------------------------------------------------------------------------------------

    /// <summary>Lets the controller take note of something, and carries out what it wants.</summary>
    private void Step(RingInput input)
    {
        var effects = new List<RingEffect>();
        _controller.Step(Now, input, effects);
        foreach (var effect in effects)
        {
            Log.Effect(log, effect);
            _loop.Beside(effect switch
            {
                RingEffect.PointAt p => sources.PointAtAsync(p.Source, p.Why, own.Identity!, _stopping),
                RingEffect.StopReplication s => sources.StopAsync(s.Why, _stopping),
                _ => throw new InvalidOperationException(effect.ToString()),
            }, Ended, failed: () => Ended(new((effect as RingEffect.PointAt)?.Source.Name, "it failed in an unexpected way; see the log", BlamesMember: false)));
        }
    }

    private void Ended(RingInput.Ended ended)
    {
        _changedSource = time.GetTimestamp();
        if (_lookNow.CurrentCount == 0) _lookNow.Release();
        Step(ended);
        Judge();
    }

    /// <summary>Decides this node's own phase, says it to the others, and starts what the phase needs.</summary>
    private void Judge()
    {
        var current = wishes.Current;
        _condition = _condition with { MaintenanceWanted = current.Maintenance, LeaveWanted = current.Leave };
        var before = _life.Phase;
        if (_life.Judge(_condition))
        {
            audit.Add($"become {_life.Phase.ToString().ToLowerInvariant()}", $"was {before.ToString().ToLowerInvariant()}", _life.Why);
            if (_life.Phase == Phase.Maintenance) CompareAnew("back from maintenance"); // whatever it holds now says nothing about the day it returns
        }
        if (_condition is { MysqlFault: null, Discovered: true } && _life.Phase == Phase.Joining) StartCatchingUp();
        var wantsOut = current.Maintenance || current.Leave;
        if (!wantsOut) (_condition, _wantsOutSince) = (_condition with { Drained = false }, null);
        else if (_condition is { MysqlFault: null, Drained: false } && Now - (_wantsOutSince ??= Now) > LastWritesTake) StartDraining();
        JudgeFollowed();
        if (_life.MayGo && !_leaving) StartLeaving();
        Tell();
    }

    /// <summary>
    /// A node that has just begun to serve gets readers when somebody replicates from it (or nobody is there to): before that, what they post would wait for
    /// its second copy until the successor has turned back. Once it has readers it keeps them, whatever its successor does.
    /// </summary>
    private void JudgeFollowed()
    {
        if (_life.Phase != Phase.Serving) (_followed, _servingSince) = (false, Now);
        else if (!_followed)
        {
            var others = membership.Current.Members.Where(IsUsablePeer).ToArray();
            _followed = others.Length == 0 || others.Any(m => m.Facts is { SourceRunning: true } f && f.Source == settings.Name) || Now - _servingSince > FollowedAtTheLatest;
        }
    }

    private void Tell()
    {
        if (_entered && own.Identity is { } identity)
        {
            membership.SetFacts(new MemberFacts
            {
                Name = settings.Name,
                Zone = settings.Zone,
                Place = settings.Place,
                Engine = identity.Engine,
                EngineVersion = identity.Version,
                ServerId = identity.ServerId,
                Origin = identity.Origin,
                DaemonUrl = settings.Daemon.Url,
                MysqlHost = settings.Database.Host,
                MysqlPort = settings.Database.Port,
                WebUrl = settings.Web.Url,
                Phase = _life.Phase,
                MysqlUp = _condition.MysqlFault is null,
                WebUp = _webUp,
                Source = membership.Current.Find(_source ?? "")?.Name,
                SourceRunning = _replica.Running,
            });
        }
        var view = membership.Current;
        var watched = WatchedBefore(view);
        if (_predecessor?.Watched != watched?.Name && !_turning)
        {
            // One turn at a time; whoever is to be watched by then is looked at again when it is over.
            _turning = true;
            _loop.Beside(_predecessor!.TurnToAsync(watched), () => _turning = false);
        }
        var onItsWayOut = wishes.Current.Maintenance || wishes.Current.Leave;
        loadBalancer.Want(LoadBalancerDuty.Wanted(view, _controller.Plan.Order, settings.Name, onItsWayOut, _followed), view);
        Report = new(_life.Phase, _life.Why, _condition, _webUp, _source, _replica, _controller.Plan, _controller.Doing, onItsWayOut, _followed);
    }

    /// <summary>The nearest member before this one that gossip does not believe dead: the one to watch, whether or not it can be used as a source.</summary>
    private Member? WatchedBefore(View view) =>
        _controller.Plan.Order.Before(settings.Name).Select(view.Find).FirstOrDefault(m => m is { Liveness: Liveness.Alive or Liveness.Suspect });

    private void StartCatchingUp()
    {
        if (_catchingUp || own.Identity is not { } identity) return;
        _catchingUp = true;
        var others = membership.Current.Members.Where(IsUsablePeer).ToArray();
        _loop.Beside(_catchUp.LookAsync(others, identity.Origin, _stopping), found =>
        {
            _catchingUp = false;
            // Who holds everything but follows nobody would fall behind the moment it serves.
            var follows = _controller.Plan.Source is null || _replica.Running;
            _condition = _condition with { CaughtUp = found.Done && follows, Damage = found.Damage };
            Judge();
        }, () => _catchingUp = false);
    }

    private void StartDraining()
    {
        if (_draining) return;
        _draining = true;
        var others = membership.Current.Members.Where(IsUsablePeer).ToArray();
        _loop.Beside(departure.IsHeldElsewhereAsync(others, _stopping), held =>
        {
            _draining = false;
            if (held) _condition = _condition with { Drained = true };
            Judge();
        }, () => _draining = false);
    }

    private void StartLeaving()
    {
        _leaving = true;
        _loop.Beside(departure.LeaveAsync(), () => { });
    }

    private bool IsUsablePeer(Member m) => m.Name != settings.Name && m.HasServer;

    private string NameOf(ServerAddress address) =>
        membership.Current.Members.FirstOrDefault(m => m.Liveness != Liveness.Left && m.Facts.MysqlHost == address.Host && m.Facts.MysqlPort == address.Port)?.Name
        ?? address.ToString();

    private static partial class Log
    {
        [LoggerMessage(100, LogLevel.Information, "This node's {Part} is {Finding}")]
        public static partial void OwnPart(ILogger logger, Part part, Finding finding);

        [LoggerMessage(101, LogLevel.Information, "Predecessor {Member}: its {Part} is {Finding}")]
        public static partial void PredecessorPart(ILogger logger, string member, Part part, Finding finding);

        [LoggerMessage(102, LogLevel.Information, "Decided: {Effect}")]
        public static partial void Effect(ILogger logger, RingEffect effect);
    }
}
