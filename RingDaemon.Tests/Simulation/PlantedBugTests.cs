using Connect.RingDaemon.Simulation;
using Connect.RingDaemon.Simulation.Plants;
using Xunit;

namespace Connect.RingDaemon.Tests.Simulation;

/// <summary>The checkers bite: each planted bug is found by the checker that should find it, within a stated number of seeds.</summary>
[Collection("quiet")]
public class PlantedBugTests
{
    public static TheoryData<string> Found => [.. PlantedBugs.All.Where(p => p.Within > 0).Select(p => p.Name)];

    [Theory]
    [MemberData(nameof(Found))]
    public async Task A_planted_bug_is_found_in_time(string name)
    {
        var plant = PlantedBugs.All.Single(p => p.Name == name);
        var options = new RunOptions { Plant = plant };
        var (found, again) = await Task.Run(() =>
        {
            var first = Enumerable.Range(1, plant.Within).AsParallel().AsOrdered().Select(i => RingSimulation.Run(Draw(plant, (ulong)i), options))
                .FirstOrDefault(r => r.Violation is { } v && plant.FoundBy.Contains(v.Rule));
            return (first, first is null ? null : RingSimulation.Run(StoryText.Read(first.Story.ToString()), options));
        }, TestContext.Current.CancellationToken);
        Assert.NotNull(found);
        // A failure replays exactly: what is printed gives the same run, and breaks the same rule.
        Assert.Equal((found.Violation, found.Trace), (again!.Violation, again.Trace));
    }

    [Fact]
    public void Every_bug_says_within_how_many_seeds_it_is_found() => Assert.All(PlantedBugs.All, p => Assert.InRange(p.Within, 1, 40));

    /// <summary>A drawing that is made for a bug breaks no rule without it: what is found is the bug.</summary>
    [Fact]
    public async Task A_drawing_for_a_bug_breaks_no_rule_without_it()
    {
        var drawn = PlantedBugs.All.Where(p => p.Draw is not null).DistinctBy(p => p.Draw!.Method.Name).SelectMany(p => Enumerable.Range(1, 5).Select(i => p.Draw!((ulong)i))).ToArray();
        var batch = await Task.Run(() => SimulationBatch.Play(drawn.Length, i => drawn[i], new()), TestContext.Current.CancellationToken);
        Assert.Empty(batch.Broken.Select(r => $"{r.Story.Seed}: {r.Violation}\n{r.Story}"));
    }

    private static Story Draw(PlantedBug plant, ulong seed) => plant.Draw?.Invoke(seed) ?? StoryDraw.Of(seed, 2, 5);
}
