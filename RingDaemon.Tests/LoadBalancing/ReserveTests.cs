using Connect.RingDaemon.LoadBalancing;
using Xunit;

namespace Connect.RingDaemon.Tests.LoadBalancing;

public class ReserveTests
{
    private readonly Reserve _reserve = new();

    [Fact]
    public void Where_the_balancer_reaches_nobody_else_the_smaller_side_is_read() => Assert.True(_reserve.Judge(At(0), stands: false, othersStand: false, rank: 0));

    [Fact]
    public void Who_does_not_stand_does_not_come_in_beside_the_other_side() => Assert.False(_reserve.Judge(At(0), stands: false, othersStand: true, rank: 5));

    [Fact]
    public void Who_stands_goes_when_the_other_side_stays_and_the_last_by_name_at_once()
    {
        Assert.False(_reserve.Judge(At(0), stands: true, othersStand: true, rank: 0));
        var second = new Reserve();
        Assert.True(second.Judge(At(0), stands: true, othersStand: true, rank: 1));
        Assert.True(second.Judge(At(1), stands: true, othersStand: true, rank: 1));
        Assert.False(second.Judge(At(1.5), stands: true, othersStand: true, rank: 1));
    }

    /// <summary>Three nodes, each alone, and a balancer that reaches all of them. Each looks once a second, at a time of its own.</summary>
    [Fact]
    public void Several_sides_without_a_majority_come_to_rest_with_one_of_them()
    {
        var nodes = Enumerable.Range(0, 3).Select(i => (Reserve: new Reserve(), Rank: 2 - i)).ToArray();
        var stands = new[] { true, true, true };
        var changes = 0;
        for (var tick = 0; tick < 300; tick++)
        {
            var i = tick % 3;
            var next = nodes[i].Reserve.Judge(At(tick / 3.0), stands[i], stands.Where((_, other) => other != i).Any(s => s), nodes[i].Rank);
            if (next != stands[i]) changes++;
            stands[i] = next;
        }
        Assert.Equal([true, false, false], stands);
        Assert.Equal(2, changes);
    }

    private static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);
}
