using Connect.RingDaemon.LoadBalancing;
using Connect.RingDaemon.Tests.Ring;
using Xunit;

namespace Connect.RingDaemon.Tests.LoadBalancing;

public class LoadBalancerDutyTests
{
    [Theory]
    [InlineData("n1 n2 n3 n4", "n3", "n3=Ready")]
    [InlineData("n1 n2! n3 n4", "n3", "n2=Maintenance n3=Ready")]       // the dead before me are mine
    [InlineData("n1 n2! n3 n4", "n1", "n1=Ready")]                      // and nobody else's
    [InlineData("n1! n2! n3 n4", "n3", "n1=Maintenance n2=Maintenance n3=Ready")]
    [InlineData("n1! n2 n3 n4!", "n2", "n1=Maintenance n2=Ready n4=Maintenance")]
    [InlineData("n1 n2- n3 n4", "n2", "n2=Maintenance")]                // my own MySQL is down
    [InlineData("n1 n2~ n3 n4", "n2", "n2=Maintenance")]                // I am catching up
    [InlineData("n1! n2! n3", "n3", "n1=Maintenance n2=Maintenance n3=Ready")]
    public void A_node_speaks_for_itself_and_for_the_dead_before_it(string view, string me, string wanted) =>
        Assert.Equal(wanted, Wanted(view, me, onItsWayOut: false));

    [Fact]
    public void A_node_on_its_way_out_gets_no_new_readers_though_it_still_serves() =>
        Assert.Equal("n2=Drain", Wanted("n1 n2 n3", "n2", onItsWayOut: true));

    [Fact]
    public void A_node_that_nobody_follows_yet_gets_no_readers() => Assert.Equal("n2=Maintenance", Wanted("n1 n2 n3", "n2", onItsWayOut: false, followed: false));

    [Fact]
    public void A_node_that_sees_too_few_members_speaks_for_itself_only()
    {
        var members = Members.View("n1! n2! n3");
        Assert.Equal(["n3"], LoadBalancerDuty.Wanted(members, ["n1", "n2", "n3"], "n3", onItsWayOut: false, followed: true, readOnly: true).Keys);
    }

    private static string Wanted(string view, string me, bool onItsWayOut, bool followed = true)
    {
        var members = Members.View(view);
        var order = members.Members.Select(m => m.Name).ToArray();
        return string.Join(' ', LoadBalancerDuty.Wanted(members, order, me, onItsWayOut, followed).Select(w => $"{w.Key}={w.Value}"));
    }
}
