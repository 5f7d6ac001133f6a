using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Ring;
using Xunit;

namespace Connect.RingDaemon.Tests.Ring;

public class RingControllerTests
{
    private readonly RingController _n3 = new("n3", new RingOptions());
    private TimeSpan _now;

    [Fact]
    public void A_dead_predecessor_is_bridged_in_the_step_that_learns_of_it()
    {
        Replicating(from: "n2", Members.View("n1 n2 n3"));
        Assert.Equal("n1", Step(new RingInput.ViewChanged(Members.View("n1 n2! n3"))));
    }

    [Fact]
    public void My_own_finding_is_enough_to_leave_a_source()
    {
        Replicating(from: "n2", Members.View("n1 n2 n3"));
        Assert.Equal("n1", Step(new RingInput.Objection("n2", "its MySQL refuses connections")));
    }

    [Fact]
    public void Only_one_change_is_under_way_at_a_time()
    {
        Replicating(from: "n2", Members.View("n1 n2 n3 n4"));
        Assert.Equal("n1", Step(new RingInput.ViewChanged(Members.View("n1 n2! n3 n4"))));
        Assert.Null(Step(new RingInput.ViewChanged(Members.View("n1! n2! n3 n4"))));
        Assert.Equal("n4", Step(new RingInput.Ended("n1", "it refuses connections", BlamesMember: true)));
    }

    [Fact]
    public void Two_adjacent_dead_members_are_passed_over_without_waiting_for_gossip_about_the_second()
    {
        Replicating(from: "n2", Members.View("n1 n2 n3 n4"));
        Assert.Equal("n1", Step(new RingInput.ViewChanged(Members.View("n1 n2! n3 n4"))));
        Assert.Equal("n4", Step(new RingInput.Ended("n1", "it refuses connections", BlamesMember: true)));
    }

    [Fact]
    public void A_returned_member_is_taken_back_after_a_second_and_not_before()
    {
        Bridged();
        Assert.Null(Step(new RingInput.ViewChanged(Members.View("n1 n2~ n3", 2))));   // it is still catching up
        Assert.Null(Step(new RingInput.ViewChanged(Members.View("n1 n2 n3", 3))));
        Assert.Null(After(0.9));
        Assert.Equal("n2", After(0.2));
    }

    [Fact]
    public void A_member_that_keeps_failing_is_taken_back_later_each_time()
    {
        var waits = new List<double>();
        ulong incarnation = 1;
        Replicating(from: "n2", Members.View("n1 n2 n3"));
        for (var round = 0; round < 4; round++)
        {
            Assert.Equal("n1", Step(new RingInput.ViewChanged(Members.View("n1 n2! n3", ++incarnation))));
            Step(new RingInput.Ended("n1", null, false));
            Step(new RingInput.Observed("n1", true));
            Step(new RingInput.ViewChanged(Members.View("n1 n2 n3", ++incarnation)));
            var wait = 0.0;
            while (After(0.5) is null) wait += 0.5;
            waits.Add(wait + 0.5);
            Step(new RingInput.Ended("n2", null, false));
            Step(new RingInput.Observed("n2", true));
        }
        Assert.Equal([1, 2, 4, 8], waits);
    }

    /// <summary>simulate --seed 2521: a server that was down itself for a while counted each of its attempts to leave, and held its predecessor down for five minutes.</summary>
    [Fact]
    public void Attempts_that_end_at_my_own_server_are_not_held_against_the_member_I_want_to_leave()
    {
        Replicating(from: "n2", Members.View("n1 n2 n3"));
        Assert.Equal("n1", Step(new RingInput.ViewChanged(Members.View("n1 n2! n3", 2))));
        for (var attempt = 0; attempt < 6; attempt++)
        {
            Step(new RingInput.Ended("n1", "the server did not answer", BlamesMember: false));
            while (After(0.25) is null) { }
        }
        Step(new RingInput.Ended("n1", null, false));
        Step(new RingInput.Observed("n1", true));
        Step(new RingInput.ViewChanged(Members.View("n1 n2 n3", 3)));
        Assert.Null(After(0.9));
        Assert.Equal("n2", After(0.2));
    }

    [Fact]
    public void A_flapping_member_never_moves_who_does_not_use_it()
    {
        Replicating(from: "n2", Members.View("n1 n2 n3 n4"));
        for (ulong i = 2; i < 20; i++) Assert.Null(Step(new RingInput.ViewChanged(Members.View(i % 2 == 0 ? "n1! n2 n3 n4" : "n1 n2 n3 n4", i))));
    }

    [Fact]
    public void A_failed_attempt_is_repeated_with_growing_pauses()
    {
        Step(new RingInput.Observed(null, false));
        Assert.Equal("n2", Step(new RingInput.ViewChanged(Members.View("n1 n2 n3"))));
        Assert.Null(Step(new RingInput.Ended("n2", "the server did not answer", BlamesMember: false)));
        Assert.Null(After(0.2));
        Assert.Equal("n2", After(0.1));
        Step(new RingInput.Ended("n2", "the server did not answer", BlamesMember: false));
        Assert.Null(After(0.4));
        Assert.Equal("n2", After(0.2));
    }

    [Fact]
    public void An_objection_is_void_when_the_member_says_something_new()
    {
        Bridged(by: new RingInput.Objection("n2", "its MySQL is silent"));
        Step(new RingInput.ViewChanged(Members.View("n1 n2 n3").With("n2", 2)));
        Assert.Equal("n2", After(1.1));
    }

    [Fact]
    public void Replication_that_stays_interrupted_is_pointed_anew()
    {
        Replicating(from: "n2", Members.View("n1 n2 n3"));
        Assert.Null(Step(new RingInput.Observed("n2", false)));
        Assert.Null(After(1.9));
        Assert.Equal("n2", After(0.2));
    }

    [Fact]
    public void The_last_one_left_stops_replicating_and_starts_again_when_somebody_returns()
    {
        Replicating(from: "n2", Members.View("n1! n2 n3"));
        Assert.Equal("(stop)", Step(new RingInput.ViewChanged(Members.View("n1! n2! n3"))));
        Assert.Null(Step(new RingInput.Ended(null, null, false)));
        Assert.Equal("n2", Step(new RingInput.ViewChanged(Members.View("n1! n2 n3", 2))));
    }

    [Fact]
    public void A_server_that_points_at_a_stranger_is_brought_back()
    {
        Step(new RingInput.Observed("10.0.0.9:3306", true));
        Assert.Equal("n2", Step(new RingInput.ViewChanged(Members.View("n1 n2 n3"))));
    }

    [Fact]
    public void Nothing_is_changed_before_the_servers_own_state_was_seen() =>
        Assert.Null(Step(new RingInput.ViewChanged(Members.View("n1 n2 n3"))));

    private void Replicating(string from, View view)
    {
        Step(new RingInput.Observed(from, true));
        Assert.Null(Step(new RingInput.ViewChanged(view)));
    }

    private void Bridged(RingInput? by = null)
    {
        Replicating(from: "n2", Members.View("n1 n2 n3"));
        Assert.Equal("n1", Step(by ?? new RingInput.ViewChanged(Members.View("n1 n2! n3"))));
        Assert.Null(Step(new RingInput.Ended("n1", null, false)));
        Assert.Null(Step(new RingInput.Observed("n1", true)));
    }

    private string? After(double seconds)
    {
        _now += TimeSpan.FromSeconds(seconds);
        return Step(new RingInput.Tick());
    }

    /// <summary>The one thing it wants done: a member's name, "(stop)", or null.</summary>
    private string? Step(RingInput input)
    {
        var effects = new List<RingEffect>();
        _n3.Step(_now, input, effects);
        return Assert.Single(effects.DefaultIfEmpty(null!)) switch
        {
            RingEffect.PointAt p => p.Source.Name,
            RingEffect.StopReplication => "(stop)",
            _ => null,
        };
    }
}
