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

    /// <summary>What it found once: shrunk, and kept.</summary>
    [Theory]
    [InlineData("seed 1; nodes 4; engine MySQL; latency 0.013; loss 0; lasts 28.318; post-every 1; at 2.430 isolate n3 for 2.334; at 5.834 lose-machine n3; at 20.171 cut-one-way n2 n1 for 7.147; at 23.085 kill-daemon n1")]
    [InlineData("seed 110; nodes 3; loss 0; lasts 14.728; post-every 1; at 2.664 lose-machine n2; at 6.835 isolate n1 for 6.893; at 11.073 leave n3")]
    [InlineData("seed 2; nodes 4; loss 0; lasts 7.267; post-every 1; at 4.279 flap-server n2 of 2; at 4.629 cut n2 n4 for 1.638")]
    [InlineData("seed 3; nodes 4; engine MySQL; loss 0; lasts 32; post-every 1; at 8.044 leave n2; at 21.539 share-identity n3 n2; at 26.389 restore-backup n1 for 0.100; at 28.249 maintain n4 for 5.407; at 31.861 leave n4")]
    [InlineData("seed 3; nodes 3; engine MySQL; latency 0.005; loss 0.2; lasts 13.930; post-every 1; at 3.441 lose-machine n1; at 5.965 restore-backup n2 for 6.965; at 7.981 leave n3")]
    [InlineData("seed 1; nodes 3; engine MySQL; latency 0.009; loss 0.05; duplicates 0; uneven-links no; lasts 15.103; post-every 1; acknowledge All; at 5.381 cut-one-way n1 n2 for 3.026; at 7.462 purge-logs n2; at 10.496 kill-daemon n1; at 12.695 mend n1; at 14.003 isolate n1 for 0.100")]
    [InlineData("seed 3; nodes 4; engine MariaDB; latency 0.013; loss 0; duplicates 0.01; uneven-links yes; lasts 29.851; post-every 0.2; acknowledge All; at 4.531 freeze-node n1 for 2.150; at 6.066 kill-server n3; at 11.391 freeze-node n1 for 0.995; at 13.038 cut-before n2 for 2.796; at 13.482 kill-node n4; at 14.173 maintain n2 for 5.225; at 15.915 cut-one-way n2 n4 for 0.100; at 16.734 slow-disk n2 for 8.989; at 25.172 restore-backup n1 for 3.679; at 26.089 leave n2")]
    [InlineData("seed 2; nodes 2; engine MySQL; latency 0.017; loss 0; duplicates 0.01; uneven-links no; zones 1; lasts 25.475; post-every 0.2; at 5.994 cut-one-way n1 n2 for 2.020; at 15.505 restore-backup n1 for 2.516; at 19.702 power-loss n1 for 0.100; at 24.475 share-identity n1 n2")]
    [InlineData("seed 3; nodes 2; engine MySQL; latency 0.005; loss 0; duplicates 0; uneven-links no; zones 1; lasts 32; post-every 1; at 17.830 restore-backup n1 for 0.518; at 22.263 power-loss n1 for 1.411; at 27.657 mend n1; at 31.830 share-identity n1 n2")]
    [InlineData("seed 4743; nodes 4; engine MariaDB; latency 0.008; loss 0; duplicates 0; uneven-links no; zones 1; lasts 32; post-every 0.2; at 19.787 restore-backup n2 for 0.641; at 21.474 restore-backup n4 for 9.475; at 24.283 leave n1; at 27.907 mend n2; at 28.596 flap-daemon n4 of 1; at 29.997 restore-backup n3 for 0.738; at 31.530 share-identity n2 n3")]
    [InlineData("seed 22494; nodes 4; engine MariaDB; latency 0.005; loss 0; duplicates 0; uneven-links no; zones 1; lasts 30.835; post-every 0.2; at 3.212 kill-daemon n3; at 12.228 lose-disk n2; at 13.233 leave n4; at 27.319 share-identity n1 n3; at 29.835 share-identity n2 n4")]
    [InlineData("seed 37734; nodes 5; engine MySQL; latency 0.005; loss 0; duplicates 0; uneven-links no; zones 1; lasts 15.264; post-every 1; at 4.079 leave n5; at 7.138 cut-before n5 for 7.126; at 9.001 join n2; at 13.912 join n4")]
    [InlineData("seed 2; nodes 5; engine MySQL; latency 0.013; loss 0.05; duplicates 0; uneven-links no; zones 1; skew 0.000; lasts 23.794; post-every 0.200; acknowledge One; minority Writable; at 2.298 freeze-server n3 for 2.193; at 3.860 cut-one-way n5 n1 for 7.394; at 5.811 lose-machine n5; at 7.333 restore-backup n1 for 1.358; at 7.812 kill-in-change n3 for 2.834 of 4; at 8.033 slow-disk n3 for 2.194; at 10.201 share-identity n3 n5; at 11.192 lose-machine n2; at 14.122 cut-one-way n4 n3 for 8.307; at 14.330 step-clock n1 of 1; at 16.055 power-loss n4 for 2.723; at 18.853 kill-in-change n5 for 3.203 of 1; at 20.974 isolate n2 for 1.820; at 22.759 lose-disk n4")]
    [InlineData("seed 28573; nodes 4; engine MySQL; latency 0.015; loss 0.05; duplicates 0; uneven-links no; zones 3; skew 0.000; lasts 27.543; post-every 0.200; acknowledge One; minority Writable; at 2.598 cut n2 n4 for 2.403; at 5.648 kill-daemon n1; at 7.460 slow-disk n2 for 9.721; at 10.353 restore-backup n2 for 6.081; at 11.068 cut n2 n1 for 2.631; at 12.969 power-loss n1 for 2.091; at 14.030 leave n3; at 19.247 leave n4; at 19.841 power-loss n3 for 1.212; at 23.441 isolate n2 for 3.102")]
    [InlineData("seed 3; nodes 2; engine MySQL; latency 0.014; loss 0; duplicates 0; uneven-links no; zones 1; skew 0.000; lasts 14.461; post-every 1.000; acknowledge One; minority Writable; at 6.972 power-loss n2 for 2.110; at 9.843 share-identity n2 n1; at 10.098 restore-backup n1 for 2.221; at 13.461 lose-machine n2")]
    [InlineData("seed 69523; nodes 4; engine MySQL; latency 0.005; loss 0; duplicates 0; uneven-links no; zones 1; skew 0.000; lasts 30.258; post-every 1.000; acknowledge One; minority ReadOnly; at 8.170 leave n3; at 8.631 kill-node n4; at 15.748 leave n1; at 29.258 lose-disk n2")]
    [InlineData("seed 83098; nodes 3; engine MariaDB; latency 0.003; loss 0.2; duplicates 0; uneven-links no; zones 1; skew 0.000; lasts 32.000; post-every 0.200; acknowledge One; minority Writable; at 4.844 flap-server n3 of 3; at 7.878 share-identity n3 n2; at 9.123 kill-node n1; at 11.080 share-identity n3 n1; at 14.910 cut n1 n3 for 9.501; at 17.769 power-loss n1 for 2.753; at 20.633 lose-disk n2; at 22.711 freeze-daemon n1 for 0.704; at 23.089 kill-node n1; at 28.637 kill-server n3")]
    public async Task A_story_that_broke_a_rule_breaks_none_any_more(string story) =>
        Assert.Null((await Task.Run(() => RingSimulation.Run(StoryText.Read(story)), TestContext.Current.CancellationToken)).Violation);

    /// <summary>Those that broke a rule by what comes together in them: shrunk, they break another one.</summary>
    [Theory]
    [InlineData(3286)] // an empty backup was put over the last copy of a post
    [InlineData(8139)] // a mended server had rows that were in no log: they came from a donor that lost its disk, and then nobody else was there
    public async Task A_seed_that_broke_a_rule_breaks_none_any_more(ulong seed) =>
        Assert.Null((await Task.Run(() => RingSimulation.Run(StoryDraw.Of(seed, 2, 5)), TestContext.Current.CancellationToken)).Violation);

    [Fact]
    public async Task Pauses_up_to_a_second_move_nobody() => await Hold(300, StoryDraw.ShortPauses);

    [Fact]
    public async Task A_paused_node_that_returns_makes_the_others_move_once_at_most() => await Hold(300, StoryDraw.OneLongPause);

    [Fact]
    public async Task A_server_that_comes_and_goes_moves_its_successor_ever_more_rarely() => await Hold(100, StoryDraw.Flapping);

    [Fact]
    public async Task A_node_that_comes_back_when_logs_were_purged_goes_to_one_who_has_them() => await Hold(100, StoryDraw.Purges);

    /// <summary>What a member says of its logs is enough: nobody is asked, nothing is tried in vain.</summary>
    [Fact]
    public async Task A_source_that_has_purged_is_passed_over_without_an_attempt()
    {
        var told = await Task.Run(() => Enumerable.Range(1, 40).AsParallel().Select(i => RingSimulation.Run(StoryDraw.Purges((ulong)i), new() { Tells = true }).Told).ToArray(), TestContext.Current.CancellationToken);
        Assert.DoesNotContain(told.SelectMany(t => t), line => line.Contains("has purged those logs", StringComparison.Ordinal));
        Assert.InRange(told.Count(t => t.Any(line => line.Contains("is passed over: its logs no longer hold", StringComparison.Ordinal))), 10, 40);
    }

    [Fact]
    public async Task A_ring_of_four_or_more_is_closed_while_one_link_is_cut_and_returns_to_its_order() => await Hold(100, StoryDraw.OneCutLink);

    [Fact]
    public async Task With_minority_readonly_one_side_of_a_partition_writes_at_most_and_all_go_on_after_healing() => await Hold(200, StoryDraw.Partitions);

    /// <summary>Not by refusing everybody: two of three go on while the third is away, and of two halves the one with n1.</summary>
    [Theory]
    [InlineData("nodes 3; minority readonly; lasts 30; at 4 isolate n3 for 24", 0.9)]
    [InlineData("nodes 3; minority readonly; lasts 30; at 4 isolate n1 for 24", 0.9)]
    [InlineData("nodes 4; minority readonly; lasts 30; at 4 cut-before n3 for 24", 0.9)]
    [InlineData("nodes 2; minority readonly; lasts 30; at 4 isolate n2 for 24", 0)] // n1 takes posts, and can promise no copy
    public async Task The_larger_side_goes_on(string story, double share)
    {
        var result = await Task.Run(() => RingSimulation.Run(StoryText.Read(story)), TestContext.Current.CancellationToken);
        Assert.Null(result.Violation);
        Assert.True(result.Posted > 100 && result.Acknowledged >= share * result.Posted, $"{result.Acknowledged} of {result.Posted}");
    }

    private static async Task Hold(int seeds, Func<ulong, Story> draw)
    {
        var batch = await Task.Run(() => SimulationBatch.Play(seeds, i => draw((ulong)i + 1), new()), TestContext.Current.CancellationToken);
        Assert.Empty(batch.Broken.Select(r => $"seed {r.Story.Seed}: {r.Violation}"));
        Assert.True(batch.Acknowledged > 20 * seeds);
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
