using Connect.RingDaemon.Simulation;
using Xunit;

namespace Connect.RingDaemon.Tests.Simulation;

/// <summary>
/// Whole rings through drawn faults. Each run has the thread it begins on to itself: the simulation's asynchronous code goes on wherever it is woken, and a test's own
/// synchronisation context would carry it elsewhere. It takes every core and the thread pool, so nothing that looks at a clock may run beside it.
/// </summary>
[Collection("quiet")]
public class RingSimulationTests
{
    [Fact]
    public async Task No_schedule_of_faults_loses_an_acknowledged_post_or_leaves_the_ring_open()
    {
        var results = await Task.Run(() => Enumerable.Range(1, 400).AsParallel().Select(seed => RingSimulation.Run((ulong)seed, 2, 5, tells: false)).ToArray(), TestContext.Current.CancellationToken);
        Assert.Empty(results.Where(r => r.Violation is not null).Select(r => $"seed {r.Story.Seed}: {r.Violation}"));
        Assert.True(results.Sum(r => r.Acknowledged) > 10_000); // people did post
        Assert.Equal([2, 3, 4, 5], results.Select(r => r.Story.Nodes).Distinct().Order());
    }

    /// <summary>Nodes that came back at the same time, each with rows of its own, waited for each other's for ever: these seeds found it.</summary>
    [Theory]
    [InlineData(200)]
    [InlineData(425)]
    [InlineData(3127)]
    public async Task Nodes_that_return_together_with_rows_of_their_own_do_not_wait_for_each_other(ulong seed) =>
        Assert.Null((await Task.Run(() => RingSimulation.Run(seed, 2, 5, tells: false), TestContext.Current.CancellationToken)).Violation);

    [Fact]
    public async Task A_seed_is_a_story_that_can_be_told_again()
    {
        var first = await Task.Run(() => RingSimulation.Run(7, 2, 5, tells: true), TestContext.Current.CancellationToken);
        var again = await Task.Run(() => RingSimulation.Run(7, 2, 5, tells: true), TestContext.Current.CancellationToken);
        var another = await Task.Run(() => RingSimulation.Run(8, 2, 5, tells: true), TestContext.Current.CancellationToken);
        Assert.Equal(first.Trace, again.Trace);
        Assert.Equal(first.Told, again.Told);
        Assert.NotEqual(first.Trace, another.Trace);
    }
}
