using System.CommandLine;
using System.Diagnostics;
using Connect.RingDaemon.Simulation;

namespace Connect.RingDaemon.Cli.Verbs;

/// <summary><c>simulate</c>: plays schedules of faults in virtual time, one per seed.</summary>
internal static class SimulateVerb
{
    public static Command Create()
    {
        var seeds = new Option<int>("--seeds") { Description = "How many seeds", DefaultValueFactory = _ => 100, HelpName = "N" };
        var seed = new Option<ulong>("--seed") { Description = "The first of them", DefaultValueFactory = _ => 1UL, HelpName = "S" };
        var nodes = new Option<string>("--nodes") { Description = "Sizes of the rings", DefaultValueFactory = _ => "2-5", HelpName = "A-B" };
        var trace = new Option<bool>("--trace") { Description = "Print what happened" };
        var command = new Command("simulate", "Run the daemon's own code through faults in virtual time.") { seeds, seed, nodes, trace };
        Examples.Add(command,
            ("./connect simulate --seeds 2000", "two thousand schedules of faults"),
            ("./connect simulate --seeds 1 --seed 4711 --trace", "the story of one of them"));
        command.SetAction((parse, cancel) =>
        {
            var (fewest, most) = Sizes(parse.GetValue(nodes)!);
            if (parse.GetValue(seeds) < 1) throw new UsageException("--seeds must be at least 1.");
            var output = parse.InvocationConfiguration.Output;
            var results = RunAll(parse.GetValue(seed), parse.GetValue(seeds), fewest, most, parse.GetValue(trace), cancel, out var took);
            foreach (var result in results.Where(r => r.Violation is not null || parse.GetValue(trace)))
            {
                foreach (var line in result.Told) output.WriteLine(line);
                output.WriteLine($"seed {result.Story.Seed}, {result.Story.Nodes} nodes, trace {result.Trace:x16}: {result.Violation ?? "no violation"}");
            }
            var broken = results.Count(r => r.Violation is not null);
            output.WriteLine($"{results.Length} seeds, {broken} violations, {results.Sum(r => r.Story.Faults.Length)} faults, {results.Sum(r => r.Acknowledged)} of {results.Sum(r => r.Posted)} posts acknowledged, {took.TotalSeconds:0.0} s");
            if (broken > 0) output.WriteLine($"Play one again: ./connect simulate --seeds 1 --seed {results.First(r => r.Violation is not null).Story.Seed} --nodes {parse.GetValue(nodes)} --trace");
            return Task.FromResult(broken == 0 ? ExitCodes.Done : ExitCodes.Failed);
        });
        return command;
    }

    private static SimulationResult[] RunAll(ulong first, int count, int fewest, int most, bool tells, CancellationToken cancel, out TimeSpan took)
    {
        var began = Stopwatch.GetTimestamp();
        var results = new SimulationResult[count];
        Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancel },
            i => results[i] = RingSimulation.Run(first + (ulong)i, fewest, most, tells));
        took = Stopwatch.GetElapsedTime(began);
        return results;
    }

    private static (int Fewest, int Most) Sizes(string text)
    {
        var parts = text.Split('-');
        if (parts.Length is 1 or 2 && int.TryParse(parts[0], out var fewest) && int.TryParse(parts[^1], out var most) && fewest >= 2 && most >= fewest && most <= 32) return (fewest, most);
        throw new UsageException($"--nodes is '{text}'; it must be like 3 or 2-5, at least 2 and at most 32.");
    }
}
