using Connect.LoadTests.CatchUp;
using Xunit;

namespace Connect.RingDaemon.Tests.Measuring;

public class CatchUpReadingTests
{
    /// <summary>One post a second was acknowledged, from a hundred seconds before the daemon's start on.</summary>
    private static readonly double[] OneASecond = [.. Enumerable.Range(-100, 200).Select(s => (double)s)];

    [Fact]
    public void A_node_is_where_the_ring_was_when_it_held_as_much()
    {
        var standing = CatchUpReading.Against([new(4.5, Held: 40, "joining", Serving: false, ServerLag: null)], OneASecond).Single();
        Assert.Equal((105, 65), (standing.Acknowledged, standing.Behind));
        Assert.Equal(64.5, standing.Lag, 6); // the 41st was acknowledged 60 s before the start
    }

    [Fact]
    public void A_row_whose_answer_is_under_way_does_not_make_a_node_further_than_the_ring()
    {
        var standing = CatchUpReading.Against([new(4.5, Held: 107, "alive", Serving: true, ServerLag: 0)], OneASecond).Single();
        Assert.Equal((0, 0.0), (standing.Behind, standing.Lag));
    }

    [Fact]
    public void Caught_up_is_alive_and_level_whichever_comes_later()
    {
        var reading = Read(new(-2, 10, "", false, null), new(2, 10, "joining", false, null), new(4, 60, "joining", false, 40), new(6, 106, "joining", false, 0), new(8, 108, "alive", false, 0), new(9, 109, "alive", true, 0));
        Assert.Equal((91, 8.0, 6.0, 8.0, 9.0), (reading.Missed, reading.Alive, reading.Level, reading.CaughtUp, reading.Readers));
        Assert.Equal((98, 4.0), (reading.Applied, reading.Applying)); // from 2 s, when nothing had come yet, until it was level
    }

    [Fact]
    public void A_node_that_calls_itself_alive_and_is_behind_has_not_caught_up()
    {
        var reading = Read(new(1, 10, "joining", false, null), new(3, 50, "alive", true, 30), new(5, 60, "alive", true, 30));
        Assert.Equal((3.0, null, null), (reading.Alive, reading.Level, reading.CaughtUp));
    }

    [Fact]
    public void A_look_that_came_late_counts_less_as_missed() => Assert.Equal(51, Read(new Look(3, 50, "joining", false, null)).Missed);

    private static CatchUpReading Read(params Look[] looks) => CatchUpReading.Of(CatchUpReading.Against(looks, OneASecond), acknowledgedAtStart: 101);
}
