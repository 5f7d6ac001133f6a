using Connect.RingDaemon.Daemon;
using Connect.RingDaemon.Health;
using Connect.RingDaemon.LoadBalancing;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Replication;
using Connect.RingDaemon.Ring;
using Connect.RingDaemon.Tests.Ring;
using Xunit;

namespace Connect.RingDaemon.Tests.Daemon;

/// <summary>What a node does about what it learns, in virtual time. The node is n3 of n1, n2, n3.</summary>
public class AgentCoreTests
{
    private static readonly Wishes None = new(false, false);
    private static readonly View Three = Members.View("n1 n2 n3");

    private readonly AgentCore _n3 = new("n3", new RingOptions());
    private readonly List<AgentEffect> _effects = [];
    private TimeSpan _now = TimeSpan.FromSeconds(1);

    [Fact]
    public void A_node_enters_compares_itself_with_the_others_and_serves()
    {
        Assert.Null(Done<AgentEffect.Say>(new AgentInput.Viewed(Members.View("n1 n2 n3"), Complete: true))); // it has not been let in
        Tell(new AgentInput.Entered());
        Assert.Null(Find<AgentEffect.Compare>()); // its server was not looked at yet
        Tell(Server(null));
        Assert.Equal("n2", Pointed());
        Assert.Equal(["n1", "n2"], Find<AgentEffect.Compare>()!.Others.Select(m => m.Name));
        Tell(new AgentInput.SourceChanged(new("n2", null, false)), Server("n2"));
        Assert.Null(Find<AgentEffect.Compare>()); // one comparison at a time
        Tell(Compared(done: true));
        Assert.Equal(Phase.Serving, Find<AgentEffect.Say>()!.Phase);
        Assert.True(_n3.Report.Writable);
        Assert.False(_n3.Report.Serving); // nobody replicates from it yet
        Assert.Equal(TrafficState.Maintenance, Balanced("n3"));
        Tell(new AgentInput.Viewed(FollowedBy("n1", "n1 n2 n3"), Complete: true));
        Tell(new AgentInput.Web(true));
        Assert.True(_n3.Report.Serving);
    }

    [Fact]
    public void Holding_everything_is_not_enough_while_it_follows_nobody()
    {
        Tell(new AgentInput.Entered(), new AgentInput.Viewed(Members.View("n1 n2 n3"), Complete: true), Server(null), Compared(done: true));
        Assert.Equal(Phase.Joining, _n3.Report.Phase);
        Assert.NotNull(Find<AgentEffect.Compare>()); // so it is asked again
    }

    [Fact]
    public void Nobody_is_pointed_at_while_members_that_should_be_there_may_still_answer()
    {
        Tell(new AgentInput.Entered(), Server(null), new AgentInput.Viewed(Members.View("n2 n3"), Complete: false));
        Assert.Null(Pointed());
        Assert.Null(After(3.9));
        Assert.Equal("n2", After(0.6)); // four seconds are enough
    }

    [Fact]
    public void Lost_transactions_keep_a_node_from_serving_until_an_operator_acts()
    {
        Tell(new AgentInput.Entered(), new AgentInput.Viewed(Members.View("n1 n2 n3"), Complete: true), Server("n2"), Compared(done: false, damage: "it lost 3 transactions"));
        Assert.Equal((Phase.Joining, "it lost 3 transactions"), (_n3.Report.Phase, _n3.Report.Why));
        Tell(Compared(done: true, damage: "it lost 3 transactions"));
        Assert.False(_n3.Report.Writable);
    }

    [Fact]
    public void The_end_of_the_predecessors_server_moves_the_node_and_takes_the_member_out()
    {
        Serving();
        Tell(Found(Part.Mysql, Finding.Refused));
        Assert.Equal("n1", Pointed());
        Assert.Equal("n2", Find<AgentEffect.TakeOut>()!.Member);
        Assert.Null(Find<AgentEffect.HardEvidence>()); // its daemon may live
        Tell(Found(Part.Daemon, Finding.Refused));
        Assert.Equal("n2", Find<AgentEffect.HardEvidence>()!.Member);
    }

    [Fact]
    public void Silence_of_the_predecessors_server_moves_the_node_and_accuses_nobody()
    {
        Serving();
        Tell(Found(Part.Mysql, Finding.Silent), Found(Part.Daemon, Finding.Silent));
        Assert.Equal("n1", _pointed);
        Assert.Null(Find<AgentEffect.HardEvidence>());
        Assert.Null(Find<AgentEffect.TakeOut>());
    }

    [Fact]
    public void A_daemon_that_is_restarted_moves_nobody()
    {
        Serving();
        Tell(Found(Part.Daemon, Finding.Refused), Found(Part.Daemon, Finding.Up));
        Assert.Null(_pointed);
    }

    [Fact]
    public void The_nearest_living_member_before_it_is_watched_and_vouched_for()
    {
        Serving();
        Assert.Equal("n2", _watched);
        Assert.Equal("n2", Done<AgentEffect.SignOfLife>(new AgentInput.Beat())!.Member);
        Tell(new AgentInput.Viewed(Members.View("n1 n2! n3"), Complete: true));
        Assert.Equal("n1", _watched);
        Assert.Null(Done<AgentEffect.SignOfLife>(new AgentInput.Beat())); // nothing was found about n1 yet
    }

    [Fact]
    public void What_the_server_said_before_the_last_change_of_source_is_not_believed()
    {
        Serving();
        var before = _now;
        Pass(0.1);
        Tell(Found(Part.Mysql, Finding.Refused));
        Tell(new AgentInput.SourceChanged(new("n1", null, false)));
        Tell(new AgentInput.Server(before, Follows("n2"), null)); // asked before, answered after
        Assert.Null(Pointed());
        Tell(Server("n1"));
        Assert.Equal("n1", _n3.Report.Source);
    }

    [Fact]
    public void A_failing_own_server_ends_serving_at_once_and_its_return_begins_with_a_new_goal()
    {
        Serving();
        var gone = new AgentInput.Server(_now, ReplicaStatus.None, "it refuses connections");
        Assert.NotNull(Done<AgentEffect.ForgetGoal>(gone));
        Assert.False(Find<AgentEffect.Say>()!.MysqlUp);
        Assert.Equal(TrafficState.Maintenance, Balanced("n3"));
        Assert.NotNull(Done<AgentEffect.Compare>(Server(null)));
    }

    [Fact]
    public void A_node_that_was_paused_for_two_seconds_compares_itself_before_it_serves_again()
    {
        Serving();
        Assert.Null(After(1.9));
        Assert.Equal(Phase.Serving, _n3.Report.Phase);
        Pass(2.1);
        Assert.NotNull(Done<AgentEffect.Compare>(new AgentInput.Beat()));
        Assert.Equal(Phase.Joining, _n3.Report.Phase);
        Tell(Compared(done: true));
        Assert.Equal(Phase.Serving, _n3.Report.Phase);
    }

    [Fact]
    public void A_leaving_node_waits_for_the_last_writes_then_until_others_hold_all_and_only_then_goes()
    {
        Serving();
        Tell(new AgentInput.Wished(new(Maintenance: false, Leave: true)));
        Assert.False(_n3.Report.Writable);
        Assert.Equal(TrafficState.Drain, Balanced("n3"));
        Assert.Null(Find<AgentEffect.AskHeld>()); // the board may still be at a write it began before
        Pass(2.6);
        Assert.NotNull(Done<AgentEffect.AskHeld>(Server("n2")));
        Tell(new AgentInput.Held(Elsewhere: false));
        Assert.NotNull(Find<AgentEffect.AskHeld>());
        Assert.Null(Find<AgentEffect.Leave>());
        Assert.NotNull(Done<AgentEffect.Leave>(new AgentInput.Held(Elsewhere: true)));
        Assert.Null(Done<AgentEffect.Leave>(new AgentInput.Beat())); // once
    }

    [Fact]
    public void Maintenance_that_is_over_means_comparing_anew()
    {
        Serving();
        Tell(new AgentInput.Wished(new(Maintenance: true, Leave: false)));
        Pass(2.6);
        Tell(Server("n2"), new AgentInput.Held(Elsewhere: true));
        Assert.Equal(Phase.Maintenance, _n3.Report.Phase);
        Tell(new AgentInput.Wished(None));
        Assert.Equal(Phase.Joining, _n3.Report.Phase);
        Assert.NotNull(Find<AgentEffect.Compare>());
    }

    [Fact]
    public void Rejoining_stops_replication_first_and_lifts_the_damage()
    {
        Serving();
        var stop = Done<AgentEffect.ChangeSource>(new AgentInput.Rejoin());
        Assert.IsType<RingEffect.StopReplication>(stop!.Change);
        Assert.Equal(Phase.Joining, _n3.Report.Phase);
        Tell(new AgentInput.SourceChanged(new(null, null, false)));
        Assert.Equal("n2", Pointed());
    }

    private string? _pointed;
    private string? _watched;

    private static AgentInput.Compared Compared(bool done, string? damage = null) => new(new CatchUpResult(done, damage, done ? 0 : 1));

    private static ReplicaStatus Follows(string? source) =>
        source is null ? ReplicaStatus.None : new(new(Three.Find(source)!.Facts.MysqlHost, Three.Find(source)!.Facts.MysqlPort), true, false, true, 0, null, 0);

    private static View FollowedBy(string follower, string members)
    {
        var view = Members.View(members);
        return view with
        {
            Members = [.. view.Members.Select(m => m.Name == follower ? m with { Facts = m.Facts with { Source = "n3", SourceRunning = true } } : m)],
        };
    }

    private AgentInput.Server Server(string? source) => new(_now, Follows(source), null);

    private static AgentInput.Predecessor Found(Part part, Finding finding) => new(Three.Find("n2")!, part, finding);

    /// <summary>A node in the middle of its life: it follows n2, n1 follows it.</summary>
    private void Serving()
    {
        Tell(new AgentInput.Entered(), new AgentInput.Web(true), new AgentInput.Viewed(FollowedBy("n1", "n1 n2 n3"), Complete: true), Server("n2"), Compared(done: true),
            Found(Part.Mysql, Finding.Up), Found(Part.Daemon, Finding.Up), Found(Part.Web, Finding.Up), new AgentInput.Beat());
        Assert.True(_n3.Report.Serving, _n3.Report.Why);
        _pointed = null;
    }

    private void Pass(double seconds) => _now += TimeSpan.FromSeconds(seconds);

    /// <summary>Beats for so long.</summary>
    /// <returns>Whom it then wants to follow, if anybody.</returns>
    private string? After(double seconds)
    {
        _pointed = null;
        for (var end = _now + TimeSpan.FromSeconds(seconds); _now < end;)
        {
            Pass(0.1);
            Tell(new AgentInput.Beat());
        }
        return _pointed;
    }

    private void Tell(params AgentInput[] inputs)
    {
        foreach (var input in inputs)
        {
            _effects.Clear();
            _n3.Step(_now, input, _effects);
            _pointed = Pointed() ?? _pointed;
            if (Find<AgentEffect.Watch>() is { } watch) _watched = watch.Member?.Name;
        }
    }

    private T? Done<T>(AgentInput input) where T : AgentEffect
    {
        Tell(input);
        return Find<T>();
    }

    private T? Find<T>() where T : AgentEffect => _effects.OfType<T>().LastOrDefault();

    private string? Pointed() => _effects.OfType<AgentEffect.ChangeSource>().Select(e => (e.Change as RingEffect.PointAt)?.Source.Name).LastOrDefault();

    private TrafficState Balanced(string node) => Find<AgentEffect.Balance>()!.States[node];
}
