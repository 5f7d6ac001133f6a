using Connect.LoadTests.CatchUp;
using Connect.LoadTests.FalseBridges;
using Connect.LoadTests.Ring;
using Xunit;

namespace Connect.RingDaemon.Tests.Cluster;

[Collection("cluster")]
public sealed class MariaDbMeasurementStories(MariaDbRing ring) : MeasurementStories(ring), IClassFixture<MariaDbRing>;

[Collection("cluster")]
public sealed class MySqlMeasurementStories(MySqlRing ring) : MeasurementStories(ring), IClassFixture<MySqlRing>;

/// <summary>The small versions of scripts/measure-catch-up and scripts/measure-false-bridges: ratios and counts, no absolute times.</summary>
public abstract class MeasurementStories(TestRing ring)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>The hour's target is 20 times; here starting takes longer than catching up, the looks are a quarter of a second apart, and others may be at work on the machine.</summary>
    private const double Times = 3;

    [Fact]
    public async Task A_node_that_was_away_replicates_several_times_faster_than_people_post()
    {
        await ring.BeginAsync();
        var options = new CatchUpOptions("n2", Away: TimeSpan.FromSeconds(20), Rate: 40) { Before = TimeSpan.FromSeconds(3), After = TimeSpan.FromSeconds(3) };
        var story = new StringWriter();
        var found = await new CatchUpRun(RingUnderTest.Open(ring.Folder), options, story).RunAsync(Cancel);
        Assert.True(found.Reading.CaughtUp is not null, $"never caught up\n{story}");
        Assert.True(found.Reading.Missed > 100, $"missed {found.Reading.Missed} posts only\n{story}");
        Assert.True(found.ApplySpeed >= Times * found.LoadSpeed, $"{found.ApplySpeed:0} posts a second were applied, while {found.LoadSpeed:0} came\n{story}");
        Assert.Empty(found.Ledger.Lost);
        Assert.Empty(found.Ledger.Doubled);
        Assert.Empty(found.Copies);
        Assert.True(found.ChecksumEqual, found.Checksum?.ToJsonString());
    }

    [Fact]
    public async Task Neither_a_saturated_machine_nor_a_short_pause_moves_anybody_and_a_long_one_moves_one_node_there_and_back()
    {
        await ring.BeginAsync();
        var options = new FalseBridgesOptions(Saturated: TimeSpan.FromSeconds(20), Busy: Environment.ProcessorCount, Rate: 10, ShortPauses: 2, LongPauses: 1, Seed: 1);
        var story = new StringWriter();
        var found = await new FalseBridgesRun(RingUnderTest.Open(ring.Folder), options, story).RunAsync(Cancel);
        Assert.True(found.Void.Count == 0, $"{string.Join("; ", found.Void)}\n{story}");
        Assert.All(found.Verdicts, v => Assert.True(v.Passed, $"{v.Target}: {v.Measured}\n{string.Join('\n', found.Saturated.Audit)}\n{story}"));
        Assert.Contains(found.Pauses, p => p.AwayByOthers == 1 && p.BackByOthers == 1);
    }
}
