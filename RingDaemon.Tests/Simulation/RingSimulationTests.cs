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
        var sizes = new HashSet<int>();
        var batch = await Task.Run(() => SimulationBatch.Play(2000, i => StoryDraw.Of((ulong)i + 1, 2, 5), new(), r => sizes.Add(r.Story.Nodes)), TestContext.Current.CancellationToken);
        Assert.Empty(batch.Broken.Select(r => $"seed {r.Story.Seed}: {r.Violation}"));
        Assert.True(batch.Acknowledged > 200_000); // people did post
        Assert.Equal([2, 3, 4, 5], sizes.Order());
        Assert.True(batch.Took < TimeSpan.FromMinutes(1), $"2,000 seeds took {batch.Took}");
    }

    [Fact]
    public async Task A_seed_is_a_story_that_can_be_told_again()
    {
        var first = await Task.Run(() => RingSimulation.Run(7, 2, 5, new() { Tells = true }), TestContext.Current.CancellationToken);
        var again = await Task.Run(() => RingSimulation.Run(7, 2, 5, new() { Tells = true }), TestContext.Current.CancellationToken);
        var another = await Task.Run(() => RingSimulation.Run(8, 2, 5, new() { Tells = true }), TestContext.Current.CancellationToken);
        Assert.Equal(first.Trace, again.Trace);
        Assert.Equal(first.Told, again.Told);
        Assert.NotEqual(first.Trace, another.Trace);
    }
}
