using Connect.Node.Database;
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

    private AgentCore _n3 = new("n3", new RingOptions());
    private readonly List<AgentEffect> _effects = [];
    private TimeSpan _now = TimeSpan.FromSeconds(1);

    [Fact]
    public void A_node_enters_compares_itself_with_the_others_and_serves()
    {
        Assert.Null(Done<AgentEffect.Say>(new AgentInput.Viewed(Members.View("n1 n2 n3"), Complete: true))); // it has not been let in
        Tell(new AgentInput.Entered(null, null));
        Assert.Null(Find<AgentEffect.Compare>()); // its server was not looked at yet
        Tell(Server(null));
        Assert.False(Find<AgentEffect.Open>()!.Wanted);
        Assert.Null(Pointed()); // it may be an old copy that must follow nobody
        Assert.Equal(["n1", "n2"], Find<AgentEffect.Compare>()!.Others.Select(m => m.Name));
        Tell(new AgentInput.Opened(false, Done: true), new AgentInput.Beat());
        Assert.Null(Find<AgentEffect.Compare>()); // one comparison at a time
        Tell(Compared(done: false));
        Assert.Equal("n2", Pointed());
        Tell(new AgentInput.SourceChanged(new("n2", null, false)), Server("n2"), Compared(done: true));
        Assert.Equal(Phase.Serving, Find<AgentEffect.Say>()!.Phase);
        Assert.True(Find<AgentEffect.Open>()!.Wanted);
        Assert.False(_n3.Report.Writable); // its server does not take writes yet
        Tell(new AgentInput.Opened(true, Done: true));
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
        Tell(new AgentInput.Entered(null, null), new AgentInput.Viewed(Members.View("n1 n2 n3"), Complete: true), Server(null), Compared(done: true));
        Assert.Equal(Phase.Joining, _n3.Report.Phase);
        Assert.NotNull(Find<AgentEffect.Compare>()); // so it is asked again
    }

    [Fact]
    public void Nobody_is_pointed_at_while_members_that_should_be_there_may_still_answer()
    {
        Tell(new AgentInput.Entered(null, null), Server(null), new AgentInput.Viewed(Members.View("n2 n3"), Complete: false));
        Assert.Null(Find<AgentEffect.Compare>());
        Assert.Null(After(3.9));
        After(0.6); // four seconds are enough
        Tell(Compared(done: false));
        Assert.Equal("n2", Pointed());
    }

    [Fact]
    public void A_server_that_lost_transactions_is_put_right_and_then_joins_anew()
    {
        Tell(new AgentInput.Entered(null, null), new AgentInput.Viewed(Members.View("n1 n2~ n3"), Complete: true), Server("n1"), Compared(done: false, Lost));
        Assert.Equal((Phase.Mending, "it lost 3 transactions"), (_n3.Report.Phase, _n3.Report.Why));
        var mend = Find<AgentEffect.Mend>()!;
        Assert.Equal("n1", mend.Donor?.Name); // the nearest one, n2, is no help while it is catching up itself
        Assert.Equal(Lost, mend.Damage);
        Assert.Null(Done<AgentEffect.Mend>(new AgentInput.Beat())); // one at a time
        Assert.Null(After(3)); // and nobody is pointed at meanwhile
        Tell(new AgentInput.Mended(new(null, Mine)));
        Assert.Equal(Phase.Joining, _n3.Report.Phase);
        Tell(Server(null), Compared(done: false));
        Assert.Equal("n1", Pointed());
        Tell(new AgentInput.SourceChanged(new("n1", null, false)), Server("n1"), Compared(done: true));
        Assert.Equal(Phase.Serving, _n3.Report.Phase);
    }

    /// <summary>Rows of it are here already, and may be in nobody's log (simulate --seed 8139).</summary>
    [Fact]
    public void A_server_that_was_put_right_must_reach_what_its_donor_had_before_that_is_over()
    {
        Tell(new AgentInput.Entered(null, null), new AgentInput.Viewed(Three, Complete: true), Server("n2"), Compared(done: false, Lost));
        Tell(new AgentInput.Mended(new(null, Mine, Donors)));
        Assert.Equal(Donors, Done<AgentEffect.Compare>(Server(null))!.MustReach);
        Tell(Compared(done: false));
        Assert.Null(Find<AgentEffect.MendingOver>());
        Assert.Equal(Donors, Find<AgentEffect.Compare>()!.MustReach);
        Tell(new AgentInput.SourceChanged(new("n2", null, false)), Server("n2"));
        Assert.NotNull(Done<AgentEffect.MendingOver>(Compared(done: true)));
        Assert.Equal(Phase.Serving, _n3.Report.Phase);
    }

    [Fact]
    public void A_server_that_was_put_right_and_then_left_alone_serves_and_looks_again_when_somebody_is_there()
    {
        Tell(new AgentInput.Entered(null, null), new AgentInput.Viewed(Three, Complete: true), Server("n2"), Compared(done: false, Lost));
        Tell(new AgentInput.Mended(new(null, Mine, Donors)), new AgentInput.Viewed(Members.View("n1! n2! n3"), Complete: true), Server(null));
        var alone = new AgentInput.Compared(new(Done: true, null, 0, 0, Reached: false));
        Assert.NotNull(Done<AgentEffect.MendingOver>(alone)); // a daemon that starts anew must not wait for a donor
        Assert.Equal(Phase.Serving, _n3.Report.Phase);
        Tell(new AgentInput.Viewed(Three, Complete: true));
        Assert.Equal(Phase.Joining, _n3.Report.Phase);
        Assert.Equal(Donors, Find<AgentEffect.Compare>()!.MustReach);
    }

    /// <summary>The member whose identity it may be is out of reach (simulate --seed 7055).</summary>
    [Fact]
    public void A_server_that_comes_back_as_somebody_its_daemon_did_not_make_it_is_put_right_even_if_nobody_else_says_so()
    {
        Tell(new AgentInput.Entered(null, ServerMemory.First(Mine)), new AgentInput.Viewed(Three, Complete: true));
        Tell(Server(null) with { Identity = Mine with { Version = "MariaDB 11.4.1" } });
        Assert.Null(_n3.Report.Condition.Damage); // an upgrade
        Tell(Server(null) with { Identity = Mine with { ServerId = 9, Origin = "9" } });
        Assert.Equal(DamageKind.SharedIdentity, Find<AgentEffect.Mend>()?.Damage.Kind);
    }

    [Fact]
    public void What_mending_made_of_the_server_is_remembered_at_once_and_is_no_damage()
    {
        var renewed = Mine with { ServerId = 9, Origin = "9" };
        Tell(new AgentInput.Entered(Lost, ServerMemory.First(Mine)), new AgentInput.Viewed(Three, Complete: true), Server(null));
        Assert.NotNull(Find<AgentEffect.Mend>());
        Tell(new AgentInput.Mended(new(null, renewed)));
        Assert.Equal(["3"], Find<AgentEffect.Remember>()?.Memory.Retired);
        Tell(Server(null) with { Identity = renewed });
        Assert.Null(_n3.Report.Condition.Damage);
        Tell(Server(null)); // an old backup
        Assert.NotNull(_n3.Report.Condition.Damage);
    }

    [Fact]
    public void Mending_that_fails_is_tried_again_and_damage_does_not_pass_by_itself()
    {
        Tell(new AgentInput.Entered(null, null), new AgentInput.Viewed(Members.View("n1 n2 n3"), Complete: true), Server("n2"), Compared(done: false, Lost));
        Tell(new AgentInput.Mended(new("n2 did not send all of its rows", null)));
        Assert.Equal(Phase.Mending, _n3.Report.Phase);
        Assert.Contains("n2 did not send all of its rows", _n3.Report.Why, StringComparison.Ordinal);
        Tell(Compared(done: true)); // an answer that was under way
        Assert.Equal(Phase.Mending, _n3.Report.Phase);
        Pass(4.9);
        Assert.Null(Done<AgentEffect.Mend>(new AgentInput.Beat()));
        Pass(0.2);
        Assert.NotNull(Done<AgentEffect.Mend>(new AgentInput.Beat()));
        Tell(new AgentInput.Mended(new("again", null)));
        Assert.NotNull(Done<AgentEffect.Mend>(new AgentInput.Rejoin())); // an operator need not wait
    }

    [Fact]
    public void A_daemon_that_ended_in_the_middle_of_mending_begins_it_anew_and_serves_nothing_before()
    {
        Tell(new AgentInput.Entered(Lost, null), new AgentInput.Viewed(Members.View("n1 n2 n3"), Complete: true));
        Assert.Equal(Phase.Mending, Find<AgentEffect.Say>()!.Phase);
        Tell(Server(null));
        Assert.NotNull(Find<AgentEffect.Mend>());
        Assert.False(_n3.Report.Writable);
    }

    [Fact]
    public void Without_a_member_that_serves_nobody_is_mended()
    {
        Tell(new AgentInput.Entered(null, null), new AgentInput.Viewed(Members.View("n1~ n2~ n3"), Complete: true), Server("n2"), Compared(done: false, Lost));
        Assert.Equal(Phase.Mending, _n3.Report.Phase);
        Assert.Null(Find<AgentEffect.Mend>());
        Assert.NotNull(Done<AgentEffect.Mend>(new AgentInput.Viewed(Members.View("n1 n2~ n3"), Complete: true)));
    }

    [Fact]
    public void Purged_logs_are_waited_for_five_seconds_in_case_somebody_returns_who_has_them()
    {
        var purged = new Damage(DamageKind.LogsPurged, "everybody has purged them");
        Tell(new AgentInput.Entered(null, null), new AgentInput.Viewed(Members.View("n1 n2 n3"), Complete: true), Server("n2"), Compared(done: false, purged));
        Pass(4.9);
        Tell(Compared(done: false, purged));
        Assert.Equal(Phase.Joining, _n3.Report.Phase);
        Tell(Compared(done: false), Compared(done: false, purged)); // somebody had them for a moment: the time begins anew
        Pass(4.9);
        Tell(Compared(done: false, purged));
        Assert.Equal(Phase.Joining, _n3.Report.Phase);
        Pass(0.2);
        Tell(Compared(done: false, purged));
        Assert.Equal(Phase.Mending, _n3.Report.Phase);
    }

    [Fact]
    public void A_serving_node_that_nobody_can_send_to_any_more_looks_at_itself_anew()
    {
        Serving();
        Tell(new AgentInput.Viewed(FollowedBy("n1", "n1! n2 n3"), Complete: true), new AgentInput.SourceChanged(new("n2", "it has purged those logs", BlamesMember: true, LogsPurged: true)));
        Assert.Equal(Phase.Joining, _n3.Report.Phase);
        Assert.NotNull(Find<AgentEffect.Compare>());
    }

    [Fact]
    public void A_server_is_opened_when_its_node_serves_and_not_before_it_was_looked_at_anew()
    {
        Serving();
        Tell(new AgentInput.Server(_now, ReplicaStatus.None, "it refuses connections", Mine));
        Assert.False(_n3.Report.Writable);
        Assert.Null(Find<AgentEffect.Open>()); // there is nobody to tell
        Tell(Server("n2"));
        Assert.False(Find<AgentEffect.Open>()!.Wanted); // it may be open: a server that was only silent did not begin anew
        Tell(new AgentInput.Opened(false, Done: true), Compared(done: true));
        Assert.True(Find<AgentEffect.Open>()!.Wanted);
        Tell(new AgentInput.Opened(true, Done: false));
        Assert.Null(Find<AgentEffect.Open>());
        Pass(0.5);
        Assert.True(Done<AgentEffect.Open>(new AgentInput.Beat())!.Wanted); // until it is
        Tell(new AgentInput.Server(_now, ReplicaStatus.None, "it refuses connections", Mine), new AgentInput.Opened(true, Done: true), Server("n2"));
        Assert.False(_n3.Report.Writable); // that was the process before
    }

    [Theory]
    [InlineData("n1 n2 n3", true)] // the later name gives way
    [InlineData("n1~ n2 n3", true)] // both are joining
    [InlineData("n1! n2 n3", true)] // an identity is not inherited from the dead
    public void Two_servers_of_one_identity_are_told_apart_and_one_becomes_somebody_else(string members, bool yields)
    {
        var view = Members.View(members);
        var twin = view.Find("n1")!;
        view = view with { Members = view.Members.Replace(twin, twin with { Facts = twin.Facts with { ServerId = Mine.ServerId } }) };
        Tell(new AgentInput.Entered(null, null), new AgentInput.Viewed(view, Complete: true), Server(null));
        Assert.Equal(yields ? Phase.Mending : Phase.Joining, _n3.Report.Phase);
        Assert.Equal(yields, Find<AgentEffect.Mend>() is { Damage.Kind: DamageKind.SharedIdentity });
    }

    [Fact]
    public void Whoever_serves_does_not_give_way_to_a_newcomer_with_its_identity()
    {
        Serving();
        var view = FollowedBy("n1", "n1 n2~ n3");
        var twin = view.Find("n2")!;
        Tell(new AgentInput.Viewed(view with { Members = view.Members.Replace(twin, twin with { Facts = twin.Facts with { Origin = Mine.Origin } }) }, Complete: true));
        Assert.Equal(Phase.Serving, _n3.Report.Phase);
    }

    [Fact]
    public void A_server_that_is_put_right_is_nobodys_source_and_no_copy_on_it_counts()
    {
        Serving();
        var view = FollowedBy("n1", "n1 n2 n3");
        var patient = view.Find("n2")!;
        Tell(new AgentInput.Viewed(view with { Members = view.Members.Replace(patient, patient with { Facts = patient.Facts with { Phase = Phase.Mending } }) }, Complete: true));
        Assert.Equal("n1", _pointed);
        Assert.Equal(["n1"], Find<AgentEffect.Peers>()!.Usable.Select(m => m.Name));
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
        Tell(new AgentInput.Server(before, Follows("n2"), null, Mine)); // asked before, answered after
        Assert.Null(Pointed());
        Tell(Server("n1"));
        Assert.Equal("n1", _n3.Report.Source);
    }

    [Fact]
    public void A_failing_own_server_ends_serving_at_once_and_its_return_begins_with_a_new_goal()
    {
        Serving();
        var gone = new AgentInput.Server(_now, ReplicaStatus.None, "it refuses connections", Mine);
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

    /// <summary>Each would count the other's copies, and both be gone (simulate --seed 28573).</summary>
    [Fact]
    public void Of_two_that_leave_the_first_by_name_waits_for_somebody_who_stays()
    {
        Serving();
        Tell(new AgentInput.Wished(new(Maintenance: false, Leave: true)), Leaving("n2", "n1 n2 n3"));
        Pass(2.6);
        Assert.Equal(["n1", "n2"], Done<AgentEffect.AskHeld>(Server("n2"))!.Others.Select(m => m.Name)); // n2 is before n3: it goes later
        Tell(new AgentInput.Held(Elsewhere: false), Leaving("n4", "n3 n4"));
        Assert.Null(Done<AgentEffect.AskHeld>(new AgentInput.Beat()));
        Assert.Null(Done<AgentEffect.Leave>(new AgentInput.Held(Elsewhere: true))); // the answer to the question before

        static AgentInput.Viewed Leaving(string name, string members)
        {
            var view = Members.View(members);
            return new(view with { Members = [.. view.Members.Select(m => m.Name == name ? m with { Facts = m.Facts with { Phase = Phase.Leaving } } : m)] }, Complete: true);
        }
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

    [Fact]
    public void A_server_that_is_silent_to_this_node_alone_is_behind_a_broken_link_until_it_has_answered_for_a_while()
    {
        Serving();
        Tell(Found(Part.Mysql, Finding.Silent));
        Assert.Equal("n1", _pointed); // walked past at once
        Assert.Equal(NameList.None, Done<AgentEffect.Say>(new AgentInput.SourceChanged(new("n1", null, false)))!.Unreached);
        After(3.8);
        Assert.Equal(NameList.None, Find<AgentEffect.Say>()!.Unreached); // somebody who dies in silence is not accused
        List<string> watched = [];
        for (var i = 0; i < 5; i++)
        {
            After(0.1);
            watched.AddRange(Find<AgentEffect.WatchLinks>()?.Members.Select(m => m.Name) ?? []);
        }
        Assert.Equal(["n2"], Find<AgentEffect.Say>()!.Unreached.Names);
        Assert.Equal(["n2"], watched);
        Tell(new AgentInput.Link("n2", Finding.Up));
        After(9.8);
        Assert.Equal(["n2"], Find<AgentEffect.Say>()!.Unreached.Names);
        After(0.4);
        Assert.Equal(NameList.None, Find<AgentEffect.Say>()!.Unreached);
    }

    [Fact]
    public void On_the_smaller_side_a_readonly_node_closes_its_server_and_can_still_be_read()
    {
        ServingReadOnly();
        Tell(new AgentInput.Viewed(Members.View("n1? n2! n3"), Complete: true));
        Assert.Null(_n3.Report.ReadOnly); // a suspicion is no evidence
        Tell(new AgentInput.Viewed(Members.View("n1! n2! n3"), Complete: true));
        Assert.False(Find<AgentEffect.Open>()!.Wanted);
        Assert.Equal("take no posts", Find<AgentEffect.Audit>()!.Action);
        Assert.Equal("it sees 1 of 3 members, fewer than a majority", _n3.Report.ReadOnly);
        Assert.Equal((Phase.Serving, false, true), (_n3.Report.Phase, _n3.Report.Writable, _n3.Report.Serving)); // even before the server has obeyed
        Assert.Equal(["n3"], Find<AgentEffect.Balance>()!.States.Keys); // it does not judge the others
        Assert.Equal((TrafficState.Ready, true), (Balanced("n3"), Find<AgentEffect.Balance>()!.Reserve));
        Tell(new AgentInput.Opened(false, Done: true));
        Assert.Null(Find<AgentEffect.Open>());
        Assert.True(Done<AgentEffect.Open>(new AgentInput.Viewed(Members.View("n1! n2 n3"), Complete: true))!.Wanted);
        Assert.Equal("take posts again", Find<AgentEffect.Audit>()!.Action);
        Assert.Equal((false, true), (_n3.Report.Writable, _n3.Report.Serving)); // readers are not sent away while it is opened
        Tell(new AgentInput.Opened(true, Done: true));
        Assert.True(_n3.Report.Writable);
    }

    [Fact]
    public void A_server_that_does_not_obey_is_told_again_and_the_board_writes_nothing_meanwhile()
    {
        ServingReadOnly();
        Tell(new AgentInput.Viewed(Members.View("n1! n2! n3"), Complete: true), new AgentInput.Opened(false, Done: false));
        Assert.False(_n3.Report.Writable);
        Assert.False(After<AgentEffect.Open>(0.6)!.Wanted);
    }

    [Fact]
    public void A_daemon_that_has_just_started_takes_no_posts_before_it_can_know_who_is_there()
    {
        _n3 = new("n3", new RingOptions(), Connect.Node.Settings.MinorityPolicy.ReadOnly);
        Tell(new AgentInput.Entered(null, null), new AgentInput.Viewed(FollowedBy("n1", "n1 n2 n3"), Complete: true), Server("n2"), Compared(done: true));
        Assert.Equal(Phase.Serving, _n3.Report.Phase);
        Assert.Contains("has just started", _n3.Report.ReadOnly, StringComparison.Ordinal);
        Assert.False(_n3.Report.Serving); // readers would find that they can only read
        Tell(new AgentInput.Opened(false, Done: true));
        Assert.True(After<AgentEffect.Open>(8.1)!.Wanted);
        Assert.Null(_n3.Report.ReadOnly);
    }

    [Fact]
    public void By_default_a_node_that_sees_nobody_goes_on()
    {
        Serving();
        Tell(new AgentInput.Viewed(Members.View("n1! n2! n3"), Complete: true));
        Assert.Null(Find<AgentEffect.Open>());
        Assert.True(_n3.Report.Writable);
        Assert.Null(_n3.Report.ReadOnly);
    }

    private void ServingReadOnly()
    {
        _n3 = new("n3", new RingOptions(), Connect.Node.Settings.MinorityPolicy.ReadOnly);
        Tell(new AgentInput.Entered(null, null), new AgentInput.Web(true), new AgentInput.Viewed(FollowedBy("n1", "n1 n2 n3"), Complete: true));
        After(8.1);
        Tell(Server("n2"), Compared(done: true), new AgentInput.Opened(true, Done: true));
        Assert.True(_n3.Report is { Serving: true, Writable: true, ReadOnly: null }, _n3.Report.Why);
    }

    /// <summary>Beats for so long.</summary>
    /// <returns>The last effect of this kind meanwhile.</returns>
    private T? After<T>(double seconds) where T : AgentEffect
    {
        T? last = null;
        for (var end = _now + TimeSpan.FromSeconds(seconds); _now < end;)
        {
            Pass(0.1);
            last = Done<T>(new AgentInput.Beat()) ?? last;
        }
        return last;
    }

    private string? _pointed;
    private string? _watched;

    private static AgentInput.Compared Compared(bool done, Damage? damage = null, long written = 0) => new(new CatchUpResult(done, damage, done ? 0 : 1, written));

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

    private static GtidSet Donors { get; } = GtidSet.Parse(Connect.Node.Settings.Engine.MariaDB, "1-1-5,2-2-9");

    private static Damage Lost { get; } = new(DamageKind.LostTail, "it lost 3 transactions");

    private static ServerIdentity Mine { get; } = new(Connect.Node.Settings.Engine.MariaDB, "MariaDB 10.11.19", 3, "3");

    private AgentInput.Server Server(string? source) => new(_now, Follows(source), null, Mine);

    private static AgentInput.Predecessor Found(Part part, Finding finding) => new(Three.Find("n2")!, part, finding);

    /// <summary>A node in the middle of its life: it follows n2, n1 follows it.</summary>
    private void Serving()
    {
        Tell(new AgentInput.Entered(null, null), new AgentInput.Web(true), new AgentInput.Viewed(FollowedBy("n1", "n1 n2 n3"), Complete: true), Server("n2"), Compared(done: true), new AgentInput.Opened(true, Done: true),
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
