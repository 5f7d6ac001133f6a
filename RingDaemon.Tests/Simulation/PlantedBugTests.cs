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
        var violation = await Task.Run(() => Enumerable.Range(1, plant.Within).AsParallel().AsOrdered().Select(i => RingSimulation.Run(Draw(plant, (ulong)i), options).Violation)
            .FirstOrDefault(v => v is not null && plant.FoundBy.Contains(v.Rule)), TestContext.Current.CancellationToken);
        Assert.NotNull(violation);
    }

    private static Story Draw(PlantedBug plant, ulong seed) => plant.Draw?.Invoke(seed) ?? StoryDraw.Of(seed, 2, 5);
}
