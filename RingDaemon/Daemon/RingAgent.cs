using System.Net.Security;
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
/// The part of the daemon that acts: a thin shell around <see cref="AgentCore"/>. One loop feeds the core with what the watches, gossip, the own server and the operator
/// say, one after the other, and carries out what it wants. What takes time runs beside the loop and reports back to it.
/// </summary>
public sealed partial class RingAgent(
    NodeSettings settings, OwnServerWatch own, IMembership membership, Peers peers, SourceSwitch sources, Acknowledgements acknowledgements,
    LoadBalancerKeeper loadBalancer, Departure departure, Mending mending, IMendingNote unfinished, StateFile<ServerMemory> memory, AuditLog audit, OperatorWishes wishes, SslClientAuthenticationOptions trust, TimeProvider time, ILogger<RingAgent> log) : BackgroundService
{
    private readonly EventLoop _loop = new(log);
    private readonly AgentCore _core = new(settings.Name, new RingOptions { LongestHoldDown = TimeSpan.FromSeconds(settings.Daemon.LongestHoldDownSeconds) }, settings.Minority);
    private readonly List<AgentEffect> _effects = [];
    private readonly SemaphoreSlim _lookNow = new(0, 1);
    private readonly CatchUp _catchUp = new(own.Server, peers);
    private PredecessorWatch? _predecessor;
    private LinkWatches? _links;
    private AgentInput.Wrote? _wrote;
    private Task _turning = Task.CompletedTask;
    private CancellationToken _stopping;
    private long _began = time.GetTimestamp();

    /// <summary>What this node last decided, for the API; replaced as a whole.</summary>
    public AgentReport Report => _core.Report;

    private TimeSpan Now => time.GetElapsedTime(_began);

    /// <summary>The node was let in: from now on it says who it is, and acts.</summary>
    public void Enter() => Tell(new AgentInput.Entered(unfinished.Current?.Damage, memory.Current));

    /// <summary>An operator wants it to look at everything anew. Ends when the node has begun to.</summary>
    public Task RejoinAsync()
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _loop.Post(() =>
        {
            Step(new AgentInput.Rejoin());
            begun.SetResult();
        });
        return begun.Task;
    }

    /// <summary>An operator's wish changed: judge at once.</summary>
    public void WishesChanged() => Tell(new AgentInput.Wished(wishes.Current));

    /// <summary>The board waits for copies of this position: its own server's numbers are used up to there.</summary>
    public void Wrote(GtidSet position)
    {
        if (own.Identity is not { } identity || position[identity.Origin] is not [.., var last]) return;
        var written = new AgentInput.Wrote(identity.Origin, last.Last);
        // Told at the next beat; of two that come at once the lower one may win, and the next write puts that right.
        if (_wrote is not { } before || before.Origin != written.Origin || before.Number < written.Number) _wrote = written;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _stopping = stoppingToken;
        _began = time.GetTimestamp();
        WishesChanged();
        await using var mysql = new ServiceWatch(settings.Database.Host, settings.Database.Port, new MysqlGreeting(), new WatchOptions(), time, f => _loop.Post(() => OwnMysql(f)));
        var web = new Uri(settings.Web.Url);
        await using var board = new ServiceWatch(web.Host, web.Port, new HttpGreeting(web.Authority, "/health/live"), WatchOptions.Http, time, f => _loop.Post(() => OwnWeb(f)));
        await using var predecessor = _predecessor = new PredecessorWatch(time, (m, part, f) => _loop.Post(() => Predecessor(m, part, f)), trust);
        await using var links = _links = new LinkWatches(time, (member, f) => _loop.Post(() => Link(member, f)));
        mysql.Start();
        board.Start();
        var feeding = Task.WhenAll(PollServerAsync(stoppingToken), FollowViewsAsync(stoppingToken), BeatAsync(stoppingToken));
        await _loop.RunAsync(stoppingToken);
        await feeding;
        await _turning.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // ---- what comes in ----

    private async Task BeatAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(AgentCore.BeatEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                if (Interlocked.Exchange(ref _wrote, null) is { } wrote) Tell(wrote);
                Tell(new AgentInput.Beat());
            }
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
            await foreach (var view in membership.Views.ReadAllAsync(stop)) _loop.Post(() => Step(new AgentInput.Viewed(view, membership.Discovered)));
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
                var asked = Now;
                await own.LookAsync(stop);
                var looked = new AgentInput.Server(asked, own.Replica, own.Fault, own.Identity);
                Tell(looked);
                await _lookNow.WaitAsync(_core.LookAgainAfter(looked), stop);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    private void OwnMysql(Finding finding)
    {
        own.Found(finding);
        Log.OwnPart(log, Part.Mysql, finding);
        Step(new AgentInput.Server(Now, own.Replica, own.Fault, own.Identity));
    }

    private void OwnWeb(Finding finding)
    {
        Log.OwnPart(log, Part.Web, finding);
        Step(new AgentInput.Web(finding == Finding.Up));
    }

    private void Predecessor(Member member, Part part, Finding finding)
    {
        Log.PredecessorPart(log, member.Name, part, finding);
        Step(new AgentInput.Predecessor(member, part, finding));
    }

    private void Link(string member, Finding finding)
    {
        Log.Link(log, member, finding);
        Step(new AgentInput.Link(member, finding));
    }

    // ---- what is done ----

    private void Tell(AgentInput input) => _loop.Post(() => Step(input));

    private void Step(AgentInput input)
    {
        _effects.Clear();
        _core.Step(Now, input, _effects);
        foreach (var effect in _effects) Execute(effect);
    }

    private void Execute(AgentEffect effect)
    {
        switch (effect)
        {
            case AgentEffect.ChangeSource(var change): ChangeSource(change); break;
            case AgentEffect.ForgetGoal: _catchUp.Restart(); break;
            case AgentEffect.Compare compare: Beside(CompareAsync(compare), r => new AgentInput.Compared(r), new AgentInput.Compared(null)); break;
            case AgentEffect.AskHeld(var others): Beside(departure.IsHeldElsewhereAsync(others, _stopping), held => new AgentInput.Held(held), new AgentInput.Held(false)); break;
            case AgentEffect.Open(var open): _loop.Beside(own.Server.OpenAsync(open, _stopping), () => Step(new AgentInput.Opened(open, Done: true)), () => Step(new AgentInput.Opened(open, Done: false))); break;
            case AgentEffect.Remember(var remembered): memory.Write(remembered); break;
            case AgentEffect.MendingOver: unfinished.Write(null); break;
            case AgentEffect.Mend(var damage, var donor): _loop.Beside(mending.RunAsync(damage, donor, _stopping), Mended, failed: () => Mended(new("it failed in an unexpected way; see the log", null))); break;
            case AgentEffect.Leave: _loop.Beside(departure.LeaveAsync(), () => { }); break;
            case AgentEffect.Say said: Say(said); break;
            case AgentEffect.Watch(var member): _turning = TurnAsync(_turning, () => _predecessor!.TurnToAsync(member)); break;
            case AgentEffect.WatchLinks(var members): _turning = TurnAsync(_turning, () => _links!.TurnToAsync(members)); break;
            case AgentEffect.SignOfLife(var member): membership.SignOfLife(member); break;
            case AgentEffect.HardEvidence(var member, var incarnation, var why): membership.HardEvidence(member, incarnation, why); break;
            case AgentEffect.Peers(var view, var usable): UsePeers(view, usable); break;
            case AgentEffect.Balance(var states, var view, var reserve): loadBalancer.Want(states, view, reserve); break;
            case AgentEffect.TakeOut(var member): _loop.Beside(loadBalancer.TakeOutAsync(member, _stopping), () => { }); break;
            case AgentEffect.Audit(var action, var evidence, var outcome): audit.Add(action, evidence, outcome); break;
            default: throw new InvalidOperationException(effect.ToString());
        }
    }

    private void ChangeSource(RingEffect change)
    {
        Log.Effect(log, change);
        _loop.Beside(sources.CarryOutAsync(change, own.Identity!, _stopping), Ended, failed: () => Ended(new((change as RingEffect.PointAt)?.Source.Name, "it failed in an unexpected way; see the log", BlamesMember: false)));
    }

    private void Ended(RingInput.Ended ended)
    {
        if (ended.Refusal is { } refusal) Log.NotDone(log, ended.Target ?? "nobody", refusal);
        Step(new AgentInput.SourceChanged(ended));
        if (_lookNow.CurrentCount == 0) _lookNow.Release();
    }

    private void Mended(MendingResult result)
    {
        if (result.Fault is null) own.Changed();
        Step(new AgentInput.Mended(result));
        if (_lookNow.CurrentCount == 0) _lookNow.Release();
    }

    private async Task<CatchUpResult?> CompareAsync(AgentEffect.Compare compare)
    {
        var result = own.Identity is { } identity ? await _catchUp.LookAsync(compare.Others, compare.Source, identity.Origin, compare.MustReach, _stopping) : null;
        await Task.Delay(AgentCore.CompareAgainAfter(result), time, _stopping);
        return result;
    }

    private void Beside<T>(Task<T> work, Func<T, AgentInput> told, AgentInput failed) => _loop.Beside(work, result => Step(told(result)), () => Step(failed));

    /// <summary>One turn after the other, and none of them in the loop: a watch that is given up ends its look first.</summary>
    private static async Task TurnAsync(Task before, Func<Task> turn)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await turn();
    }

    private void UsePeers(View view, Member[] usable)
    {
        peers.KeepOnly(view);
        acknowledgements.SetAlive(
            [.. usable.Select(m => new AckPeer(m.Name, new(m.Facts.MysqlHost, m.Facts.MysqlPort), m.Facts.Origin))], alone: view.Members.All(m => m.Name == settings.Name || m.Liveness == Liveness.Left));
    }

    private void Say(AgentEffect.Say said)
    {
        if (own.Identity is not { } identity) return;
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
            Phase = said.Phase,
            MysqlUp = said.MysqlUp,
            WebUp = said.WebUp,
            Source = said.Source,
            SourceRunning = said.SourceRunning,
            Unreached = said.Unreached,
        }.With(own.Logs));
    }

    private static partial class Log
    {
        [LoggerMessage(100, LogLevel.Information, "This node's {Part} is {Finding}")]
        public static partial void OwnPart(ILogger logger, Part part, Finding finding);

        [LoggerMessage(101, LogLevel.Information, "Predecessor {Member}: its {Part} is {Finding}")]
        public static partial void PredecessorPart(ILogger logger, string member, Part part, Finding finding);

        [LoggerMessage(106, LogLevel.Information, "The link to {Member}'s MySQL: {Finding}")]
        public static partial void Link(ILogger logger, string member, Finding finding);

        [LoggerMessage(102, LogLevel.Information, "Decided: {Effect}")]
        public static partial void Effect(ILogger logger, RingEffect effect);

        [LoggerMessage(107, LogLevel.Warning, "Not pointed at {Target}: {Refusal}")]
        public static partial void NotDone(ILogger logger, string target, string refusal);
    }
}
