using Connect.LoadTests.Load;
using Xunit;

namespace Connect.RingDaemon.Tests.Measuring;

public class PercentilesTests
{
    [Theory]
    [InlineData(50, 5)]
    [InlineData(90, 9)]
    [InlineData(91, 10)]
    [InlineData(99, 10)]
    [InlineData(100, 10)]
    [InlineData(0.1, 1)]
    public void A_percentile_is_the_measured_value_at_the_nearest_rank(double percent, double expected) =>
        Assert.Equal(expected, new Percentiles([10, 9, 8, 7, 6, 5, 4, 3, 2, 1])[percent]);

    [Fact]
    public void Rounding_of_binary_fractions_does_not_move_the_rank() =>
        Assert.Equal(999, new Percentiles(Enumerable.Range(1, 1000).Select(i => (double)i))[99.9]);

    [Fact]
    public void Of_thirty_values_the_ninety_ninth_percentile_is_the_largest() =>
        Assert.Equal(30, new Percentiles(Enumerable.Range(1, 30).Select(i => (double)i))[99]);

    [Fact]
    public void Of_no_values_there_is_none_and_a_threshold_does_not_pass()
    {
        Assert.True(double.IsNaN(new Percentiles([])[99]));
        var empty = LoadSummary.Of(Scenario.Create("none", _ => Task.FromResult(Response.Ok())), [], 0, 0, 0);
        Assert.False(ThresholdResult.Of(Threshold.Latency(99, TimeSpan.FromSeconds(1)), empty).Passed);
        Assert.NotEmpty(empty.Void);
    }
}
