using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Simulation;
using Xunit;

namespace Connect.RingDaemon.Tests.Membership;

/// <summary>How long silence goes unnoticed, over many seeds in virtual time.</summary>
public sealed class DetectionTests(ITestOutputHelper output)
{
    private const int Seeds = 300;

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void A_silent_member_is_unreachable_to_everyone_within_three_seconds(int nodes)
    {
        var first = new List<double>();
        var everyone = new List<double>();
        for (var seed = 1UL; seed <= Seeds; seed++)
        {
            var world = new World(new() { Nodes = nodes, Seed = seed }).Found();
            var silent = $"n{1 + world.Chance.Below(nodes)}";
            var start = world.Now;
            world[silent].Pause();
            world.Run(TimeSpan.FromSeconds(8));
            var verdicts = world.Sightings.Where(s => s.At >= start && s.Liveness == Liveness.Unreachable).ToList();
            Assert.True(verdicts.All(s => s.Subject == silent), $"seed {seed}: a live member was declared dead");
            var times = verdicts.GroupBy(s => s.Observer).Select(g => (g.First().At - start).TotalSeconds).ToList();
            Assert.True(times.Count == nodes - 1, $"seed {seed}: {times.Count} noticed");
            first.Add(times.Min());
            everyone.Add(times.Max());
        }
        output.WriteLine($"n={nodes} seeds={Seeds}: first p50 {At(first, 0.5):F2} s p99 {At(first, 0.99):F2} s; everyone p50 {At(everyone, 0.5):F2} s p99 {At(everyone, 0.99):F2} s max {everyone.Max():F2} s");
        Assert.InRange(At(everyone, 0.5), 0, 2.1);
        Assert.InRange(At(everyone, 0.99), 0, 3.0);
    }

    /// <summary>The exact percentile: the smallest value that at least this share does not exceed.</summary>
    private static double At(List<double> values, double share) => values.Order().ElementAt((int)Math.Ceiling(share * values.Count) - 1);
}
