using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Ring;
using Xunit;

namespace Connect.RingDaemon.Tests.Ring;

public class NodeLifeTests
{
    private static readonly NodeCondition Well = new() { MysqlFault = null, Discovered = true, CaughtUp = true };

    private readonly NodeLife _life = new();

    [Fact]
    public void A_node_serves_only_when_it_found_the_ring_and_holds_what_the_others_hold()
    {
        Assert.Equal(Phase.Joining, After(Well with { MysqlFault = "refused" }));
        Assert.Equal(Phase.Joining, After(Well with { Discovered = false, CaughtUp = false }));
        Assert.Equal(Phase.Joining, After(Well with { CaughtUp = false }));
        Assert.Equal(Phase.Serving, After(Well));
    }

    [Fact]
    public void Falling_behind_later_does_not_stop_it_from_serving()
    {
        After(Well);
        Assert.Equal(Phase.Serving, After(Well with { CaughtUp = false }));
    }

    [Fact]
    public void A_node_whose_MySQL_failed_has_to_catch_up_again()
    {
        After(Well);
        Assert.Equal(Phase.Joining, After(Well with { MysqlFault = "refused" }));
        Assert.Equal(Phase.Joining, After(Well with { CaughtUp = false }));
        Assert.Equal(Phase.Serving, After(Well));
    }

    [Fact]
    public void A_server_that_lost_what_it_had_sent_is_put_right_before_anything_else()
    {
        Assert.Equal(Phase.Mending, After(Well with { LeaveWanted = true, Damage = new(DamageKind.LostTail, "it lost 3 transactions") }));
        Assert.Equal("it lost 3 transactions", _life.Why);
    }

    [Fact]
    public void Maintenance_begins_when_everything_it_knows_is_elsewhere_and_ends_with_catching_up()
    {
        After(Well);
        Assert.Equal(Phase.Serving, After(Well with { MaintenanceWanted = true }));
        Assert.Equal(Phase.Maintenance, After(Well with { MaintenanceWanted = true, Drained = true }));
        Assert.Equal(Phase.Maintenance, After(Well with { MaintenanceWanted = true, MysqlFault = "the operator stopped it" }));
        Assert.Equal(Phase.Joining, After(Well with { CaughtUp = false }));
        Assert.Equal(Phase.Serving, After(Well));
    }

    [Fact]
    public void A_leaving_node_may_go_when_it_is_drained_and_not_before()
    {
        After(Well);
        Assert.Equal(Phase.Leaving, After(Well with { LeaveWanted = true }));
        Assert.False(_life.MayGo);
        After(Well with { LeaveWanted = true, Drained = true });
        Assert.True(_life.MayGo);
    }

    [Fact]
    public void A_node_that_was_paused_shows_anew_that_it_is_up_to_date()
    {
        After(Well);
        _life.Doubt("it was paused for 4 s");
        Assert.Equal(Phase.Joining, After(Well with { CaughtUp = false }));
        Assert.Equal(Phase.Serving, After(Well));
    }

    private Phase After(NodeCondition condition)
    {
        _life.Judge(condition);
        return _life.Phase;
    }
}
