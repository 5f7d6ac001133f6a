using Connect.LoadTests.Load;
using Xunit;

namespace Connect.RingDaemon.Tests.Measuring;

public class ScheduleTests
{
    [Fact]
    public void Injected_requests_are_evenly_spaced_and_end_before_the_end()
    {
        var arrivals = LoadSimulation.Inject(4, TimeSpan.FromSeconds(1)).Arrivals().Select(a => a.TotalMilliseconds);
        Assert.Equal([0, 250, 500, 750], arrivals);
    }

    [Fact]
    public void A_ramp_sends_as_many_as_its_area_and_ever_faster()
    {
        var arrivals = LoadSimulation.RampingInject(0, 100, TimeSpan.FromSeconds(2)).Arrivals().Select(a => a.TotalSeconds).ToArray();
        Assert.Equal(100, arrivals.Length);
        Assert.Equal(25, arrivals.Count(a => a < 1)); // a quarter of the triangle lies in its first half
        Assert.All(arrivals, a => Assert.InRange(a, 0, 2));
    }

    [Fact]
    public void Random_arrivals_have_the_rate_and_repeat_with_their_seed()
    {
        var first = LoadSimulation.InjectRandom(100, TimeSpan.FromSeconds(100), seed: 7).Arrivals().ToArray();
        Assert.Equal(first, LoadSimulation.InjectRandom(100, TimeSpan.FromSeconds(100), seed: 7).Arrivals());
        Assert.InRange(first.Length, 9500, 10500);
    }

    [Fact]
    public void Open_and_closed_parts_are_not_mixed() => Assert.Throws<ArgumentException>(() => Scenario.Create("both", _ => Task.FromResult(Response.Ok()))
        .WithLoad(LoadSimulation.Inject(1, TimeSpan.FromSeconds(1)), LoadSimulation.KeepConstant(1, TimeSpan.FromSeconds(1))));

    [Fact]
    public async Task A_request_that_is_due_while_too_many_are_under_way_is_counted_and_voids_the_run()
    {
        var result = await LoadRunner.RunAsync(Scenario.Create("slow", async _ =>
        {
            await Task.Delay(300);
            return Response.Ok();
        }).WithMaxInFlight(5).WithLoad(LoadSimulation.Inject(100, TimeSpan.FromMilliseconds(200))), TestContext.Current.CancellationToken);
        Assert.Equal(15, result.Overflow);
        Assert.Equal(5, result.Samples.Count);
        Assert.Contains(result.Void, v => v.Contains("not sent", StringComparison.Ordinal));
        Assert.False(result.Passed);
    }

    [Fact]
    public async Task The_warm_up_is_sent_and_left_out_and_the_seconds_are_counted_by_due_time()
    {
        var sent = 0;
        var result = await LoadRunner.RunAsync(Scenario.Create("two classes", context =>
        {
            Interlocked.Increment(ref sent);
            return Task.FromResult(context.Number % 2 == 0 ? Response.Ok() : Response.Fail("503"));
        }).WithWarmUp(TimeSpan.FromMilliseconds(500)).WithMaxLateness(TimeSpan.FromSeconds(1)).WithLoad(LoadSimulation.Inject(40, TimeSpan.FromMilliseconds(1500))),
            TestContext.Current.CancellationToken);
        Assert.Equal(60, sent);
        Assert.Equal(40, result.Samples.Count);
        Assert.Equal(20, result.Outcomes[Outcome.Failed]);
        Assert.Equal(20, result.Failures["503"]);
        Assert.Equal([40], result.PerSecond.Select(s => s.Due));
    }
}
