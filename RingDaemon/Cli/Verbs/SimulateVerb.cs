using System.CommandLine;
using System.Text.Json.Nodes;
using Connect.RingDaemon.Simulation;
using Connect.RingDaemon.Simulation.Plants;

namespace Connect.RingDaemon.Cli.Verbs;

/// <summary><c>simulate</c>: plays stories of faults in virtual time, one per seed; what breaks a rule is shrunk to a short story.</summary>
internal static class SimulateVerb
{
    /// <summary>More would be the same bug again; shrinking takes seconds each.</summary>
    private const int MostShrunk = 3;

    public static Command Create()
    {
        var seeds = new Option<int>("--seeds") { Description = "How many seeds", DefaultValueFactory = _ => 100, HelpName = "N" };
        var seed = new Option<ulong>("--seed") { Description = "The first of them", DefaultValueFactory = _ => 1UL, HelpName = "S" };
        var nodes = new Option<string>("--nodes") { Description = "Sizes of the rings", DefaultValueFactory = _ => "2-5", HelpName = "A-B" };
        var draw = new Option<string>("--draw") { Description = "What is drawn: faults of all kinds, short pauses only, one long pause, a server that comes and goes, logs that are purged while a node is away, one link that is cut for a minute, or cut networks with minority: readonly", DefaultValueFactory = _ => "faults", HelpName = "faults|pauses|return|flapping|purges" };
        draw.AcceptOnlyFromAmong("faults", "pauses", "return", "flapping", "purges", "link", "partitions");
        var story = new Option<string?>("--story") { Description = "Play this story instead of drawing any: a file, or the text itself with ';' between its lines", HelpName = "FILE|TEXT" };
        var trace = new Option<bool>("--trace") { Description = "Print what happened" };
        var asDrawn = new Option<bool>("--no-shrink") { Description = "Leave a story that breaks a rule as long as it was drawn" };
        var plant = new Option<string?>("--plant") { Description = "Put a known bug into every ring, to see that it is found", HelpName = "NAME" };
        var json = new Option<bool>("--json") { Description = "Print what came of it as JSON; nothing is shrunk" };
        var plants = new Option<bool>("--list-plants") { Description = "List those bugs" };
        var command = new Command("simulate", "Run the daemon's own code through faults in virtual time (docs/simulator.md).") { seeds, seed, nodes, draw, story, trace, asDrawn, plant, plants, json };
        Examples.Add(command,
            ("./connect simulate --seeds 2000", "two thousand stories; the first that break a rule are shrunk and printed"),
            ("./connect simulate --seeds 1 --seed 4711 --trace", "what happens in one of them"),
            ("./connect simulate --story 'nodes 3; at 1 kill-node n2; at 4 mend n2' --trace", "a story of your own"),
            ("./connect simulate --seeds 500 --draw pauses", "pauses up to a second, which must move nobody"),
            ("./connect simulate --seeds 500 --plant no-hold-down", "is this bug found?"));
        command.SetAction((parse, cancel) =>
        {
            var output = parse.InvocationConfiguration.Output;
            if (parse.GetValue(plants))
            {
                ListPlants(output);
                return Task.FromResult(ExitCodes.Done);
            }
            if (parse.GetValue(seeds) < 1) throw new UsageException("--seeds must be at least 1.");
            var options = new RunOptions { Tells = parse.GetValue(trace), Plant = Planted(parse.GetValue(plant)) };
            var (fewest, most) = Sizes(parse.GetValue(nodes)!);
            Story Drawn(ulong s) => parse.GetValue(draw) switch
            {
                "pauses" => StoryDraw.ShortPauses(s),
                "return" => StoryDraw.OneLongPause(s),
                "flapping" => StoryDraw.Flapping(s),
                "purges" => StoryDraw.Purges(s),
                "link" => StoryDraw.OneCutLink(s),
                "partitions" => StoryDraw.Partitions(s),
                _ => options.Plant.Draw?.Invoke(s) ?? StoryDraw.Of(s, fewest, most),
            };
            var (first, told) = (parse.GetValue(seed), parse.GetValue(story) is { } text ? Read(text) : null);
            var batch = SimulationBatch.Play(told is null ? parse.GetValue(seeds) : 1, i => told ?? Drawn(first + (ulong)i), options,
                options.Tells ? result => Tell(output, result) : null, cancel);
            if (parse.GetValue(json))
            {
                Terminal.WriteJson(output, Json(batch, first));
                return Task.FromResult(batch.Violations == 0 ? ExitCodes.Done : ExitCodes.Failed);
            }
            foreach (var result in batch.Broken) output.WriteLine($"seed {result.Story.Seed}: {result.Violation}");
            output.WriteLine($"{batch.Played} seeds, {batch.Violations} violations, {batch.Faults} faults, {batch.Acknowledged} of {batch.Posted} posts acknowledged, {batch.Took.TotalSeconds:0.0} s");
            foreach (var broken in batch.Broken.DistinctBy(r => r.Violation!.Rule).Take(MostShrunk))
                TellShort(output, parse.GetValue(asDrawn) ? new(broken, 0) : new StoryShrinker(s => RingSimulation.Run(s, options with { Tells = false })).Shrink(broken));
            return Task.FromResult(batch.Violations == 0 ? ExitCodes.Done : ExitCodes.Failed);
        });
        return command;
    }

    private static void Tell(TextWriter output, SimulationResult result)
    {
        foreach (var line in result.Told) output.WriteLine(line);
        output.WriteLine($"seed {result.Story.Seed}, {result.Story.Nodes} nodes, trace {result.Trace:x16}: {result.Violation?.ToString() ?? "no violation"}");
    }

    private static JsonObject Json(BatchResult batch, ulong first) => new()
    {
        ["firstSeed"] = first,
        ["seeds"] = batch.Played,
        ["seconds"] = Math.Round(batch.Took.TotalSeconds, 1),
        ["seedsPerSecond"] = Math.Round(batch.Played / batch.Took.TotalSeconds, 1),
        ["faults"] = batch.Faults,
        ["posted"] = batch.Posted,
        ["acknowledged"] = batch.Acknowledged,
        ["violations"] = batch.Violations,
        ["broken"] = new JsonArray([.. batch.Broken.Select(r => new JsonObject { ["seed"] = r.Story.Seed, ["rule"] = r.Violation!.Rule, ["what"] = r.Violation.What })]),
    };

    private static void ListPlants(TextWriter output)
    {
        var table = new TextTable("name", "found by", "within seeds", "what it breaks");
        foreach (var plant in PlantedBugs.All) table.Add(plant.Name, string.Join("|", plant.FoundBy), plant.Within == 0 ? "" : $"{plant.Within}", plant.Breaks);
        table.Write(output, Terminal.Of(output));
    }

    private static void TellShort(TextWriter output, Shrunk shrunk)
    {
        output.WriteLine();
        output.WriteLine($"{shrunk.Result.Violation}");
        output.WriteLine($"# {shrunk.Result.Story.Faults.Length} faults, trace {shrunk.Result.Trace:x16}{(shrunk.Runs > 0 ? $", shrunk in {shrunk.Runs} runs" : "")}. Save it and play it: ./connect simulate --trace --story FILE");
        output.WriteLine(shrunk.Result.Story);
    }

    private static PlantedBug Planted(string? name) => name is null ? PlantedBug.None : PlantedBugs.All.FirstOrDefault(p => p.Name == name)
        ?? throw new UsageException($"There is no planted bug '{name}'; ./connect simulate --list-plants names them.");

    private static Story Read(string text)
    {
        try
        {
            return StoryText.Read(File.Exists(text) ? File.ReadAllText(text) : text);
        }
        catch (FormatException e)
        {
            throw new UsageException($"--story: {e.Message}");
        }
    }

    private static (int Fewest, int Most) Sizes(string text)
    {
        var parts = text.Split('-');
        if (parts.Length is 1 or 2 && int.TryParse(parts[0], out var fewest) && int.TryParse(parts[^1], out var most) && fewest >= 2 && most >= fewest && most <= 32) return (fewest, most);
        throw new UsageException($"--nodes is '{text}'; it must be like 3 or 2-5, at least 2 and at most 32.");
    }
}
