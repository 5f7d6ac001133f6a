using Connect.RingDaemon.Simulation;
using Xunit;

namespace Connect.RingDaemon.Tests.Simulation;

public class StoryTests
{
    [Fact]
    public void A_story_reads_back_as_it_was_written()
    {
        foreach (var story in Enumerable.Range(1, 200).Select(seed => StoryDraw.Of((ulong)seed, 2, 7)))
        {
            var read = StoryText.Read(story.ToString());
            Assert.Equal(story.Faults.AsEnumerable(), read.Faults);
            Assert.Equal(story with { Faults = [] }, read with { Faults = [] });
        }
    }

    [Fact]
    public void Every_kind_of_fault_is_drawn()
    {
        var drawn = Enumerable.Range(1, 100).SelectMany(seed => StoryDraw.Of((ulong)seed, 2, 5).Faults).ToArray();
        Assert.Equal(RingDaemon.Simulation.Faults.FaultKinds.All.Where(k => k.Weight > 0).Select(k => k.Name).Order(), drawn.Select(f => f.Kind).Distinct().Order());
        Assert.All(drawn, f => Assert.NotEqual(f.Node, f.Other));
    }

    [Fact]
    public void A_line_is_a_setting_or_a_fault()
    {
        var story = StoryText.Read("seed 7; nodes 3; engine mysql\n# a remark\nat 3.000 cut n1 n3 for 4.2\nat 1 kill-server n2");
        Assert.Equal(7UL, story.Seed);
        Assert.Equal(["at 1.000 kill-server n2", "at 3.000 cut n1 n3 for 4.200"], story.Faults.Select(f => f.ToString()));
    }

    [Theory]
    [InlineData("nodes 3; at 1 explode n2", "there is no fault 'explode'; there are kill-node")]
    [InlineData("nodes 3; at 1 cut n2", "is not a line of a story")]
    [InlineData("nodes 3; at soon kill-node n2", "is not a line of a story")]
    [InlineData("nodes 3; weather fine", "there is no setting 'weather'")]
    [InlineData("at 1 kill-node n2", "needs a line 'nodes N'")]
    public void A_line_that_makes_no_sense_is_named(string text, string complaint) =>
        Assert.Contains(complaint, Assert.Throws<FormatException>(() => StoryText.Read(text)).Message, StringComparison.Ordinal);

    /// <summary>The same story from its text, without the seed that drew it: the run is the same.</summary>
    [Fact]
    public async Task A_story_plays_from_its_text_as_it_played_from_its_seed()
    {
        var (drawn, read) = await Task.Run(() =>
        {
            var first = RingSimulation.Run(11, 3, 3);
            return (first, RingSimulation.Run(StoryText.Read(first.Story.ToString())));
        }, TestContext.Current.CancellationToken);
        Assert.Equal(drawn.Trace, read.Trace);
        Assert.True(drawn.Acknowledged > 0);
    }
}
