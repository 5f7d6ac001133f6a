using Connect.RingDaemon.Simulation;
using Connect.RingDaemon.Simulation.Faults;
using Connect.RingDaemon.Simulation.Plants;
using Xunit;

namespace Connect.RingDaemon.Tests.Simulation;

[Collection("quiet")]
public class StoryShrinkerTests
{
    /// <summary>Whatever holds a kill and a cut of the same node breaks the rule: nothing else may be left.</summary>
    [Fact]
    public void Only_what_breaks_the_rule_is_left()
    {
        var drawn = StoryDraw.Of(3, 5, 5) with { Faults = [.. Enumerable.Range(1, 40).Select(i => new Fault(TimeSpan.FromSeconds(i), i % 10 == 3 ? "isolate" : "rejoin", $"n{1 + i % 3}") { Lasts = TimeSpan.FromSeconds(9) })] };
        drawn = drawn with { Faults = drawn.Faults.Add(new(TimeSpan.FromSeconds(41), "kill-node", "n2")) };
        static SimulationResult Play(Story story) => new(story, story.Faults.Any(f => f is { Kind: "kill-node", Node: "n2" }) && story.Faults.Any(f => f is { Kind: "isolate", Node: "n2" }) ? new("test", "both") : null, 0, 0, 0, []);
        var shrunk = new StoryShrinker(Play).Shrink(Play(drawn));
        Assert.Equal(["isolate", "kill-node"], shrunk.Result.Story.Faults.Select(f => f.Kind));
        Assert.Equal(2, shrunk.Result.Story.Nodes);
        Assert.True(shrunk.Result.Story.Faults[0].Lasts < TimeSpan.FromSeconds(1));
        Assert.True(shrunk.Runs < 300);
    }

    /// <summary>A bug in the real code: what is printed is short, and plays the same way again.</summary>
    [Fact]
    public async Task A_planted_bug_shrinks_to_a_handful_of_faults_and_replays()
    {
        var options = new RunOptions { Plant = PlantedBugs.All.Single(p => p.Name == "objection-for-ever") };
        var (shrunk, again) = await Task.Run(() =>
        {
            var broken = Enumerable.Range(1, 100).Select(seed => RingSimulation.Run((ulong)seed, 2, 5, options)).First(r => r.Violation is not null);
            var little = new StoryShrinker(s => RingSimulation.Run(s, options), mostRuns: 200).Shrink(broken);
            return (little.Result, RingSimulation.Run(StoryText.Read(little.Result.Story.ToString()), options));
        }, TestContext.Current.CancellationToken);
        Assert.InRange(shrunk.Story.Faults.Length, 1, 5);
        Assert.Equal(shrunk.Trace, again.Trace);
        Assert.Equal(shrunk.Violation, again.Violation);
    }
}
