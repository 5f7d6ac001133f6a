using Connect.LoadTests.SelfTest;
using Xunit;

namespace Connect.RingDaemon.Tests.Measuring;

/// <summary>A claim about time holds on a quiet machine: these run when the others are done, one after the other.</summary>
[CollectionDefinition("quiet", DisableParallelization = true)]
public sealed class QuietTests;

[Collection("quiet")]
public class SelfTestTests
{
    [Fact]
    public async Task A_freeze_of_two_seconds_is_in_the_percentiles_of_the_open_model_and_a_closed_one_would_have_missed_it()
    {
        var result = await SelfTestRun.RunAsync(TestContext.Current.CancellationToken);
        Assert.True(result.OpenSeesIt, $"open: p90 {result.Open.Latency.P90:0} ms, max {result.Open.Latency.Max:0} ms {string.Join("; ", result.Open.Void)}");
        Assert.True(result.ClosedMissesIt, $"closed: p99 {result.Closed.Latency.P99:0} ms, max {result.Closed.Latency.Max:0} ms");
    }
}
