using System.CommandLine;
using Connect.LoadTests.Nemesis;
using Connect.LoadTests.Results;
using Connect.LoadTests.Ring;

namespace Connect.LoadTests.Cli;

internal static class NemesisVerb
{
    private const int Wrong = 2;

    public static Command Create()
    {
        var minutes = new Option<double>("--minutes") { Description = "No new fault after that; both engines share it.", DefaultValueFactory = _ => 10 };
        var seed = new Option<ulong>("--seed") { Description = "Draws every fault.", DefaultValueFactory = _ => (ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds() };
        var engine = new Option<string>("--engine") { Description = "mariadb, mysql, or both, one after the other.", DefaultValueFactory = _ => "both" }.AcceptOnly("mariadb", "mysql", "both");
        var (size, port) = (Options.RingSize(), Options.Port());
        var output = new Option<string>("--out") { Description = "Where nemesis-ENGINE-SEED.html, .json and .md are written.", DefaultValueFactory = _ => Path.Combine(Provenance.Repository, "artifacts/nemesis") };
        var data = new Option<string>("--data") { Description = "Folder of the rings that are made and broken.", DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), "connect-nemesis") };
        var only = new Option<string[]>("--only") { Description = "Kinds of faults, instead of all.", AllowMultipleArgumentsPerToken = true };
        var except = new Option<string[]>("--except") { Description = "Kinds of faults to leave out.", AllowMultipleArgumentsPerToken = true };
        var first = new Option<int>("--first") { Description = "Number of the first fault: to play one again without those before it.", DefaultValueFactory = _ => 1 };
        var faults = new Option<int>("--faults") { Description = "Faults at the most.", DefaultValueFactory = _ => int.MaxValue };
        var rate = new Option<double>("--rate") { Description = "Posts a second.", DefaultValueFactory = _ => 30 };
        var list = new Option<bool>("--list") { Description = "Say which kinds of faults there are, and do nothing." };
        var sum = new Option<string?>("--sum") { Description = "Put all results of a folder together in its nemesis.md, and do nothing else.", HelpName = "FOLDER" };
        var verb = new Command("nemesis", "Breaks a ring of real servers in every way it knows while people post, and stops at the first thing that must not be (docs/nemesis.md).")
        {
            minutes, seed, engine, size, port, output, data, only, except, first, faults, rate, list, sum,
        };
        verb.SetAction(async (parse, cancel) =>
        {
            if (parse.GetValue(list)) return List();
            var provenance = Provenance.Now(CommandText.Of(parse));
            string[] engines = parse.GetValue(engine) == "both" ? ["mariadb", "mysql"] : [parse.GetValue(engine)!];
            try
            {
                if (parse.GetValue(sum) is { } results)
                {
                    File.WriteAllText(Path.Combine(results, "nemesis.md"), NemesisSummary.Of(results));
                    return 0;
                }
                var kinds = Kinds(parse.GetValue(only) ?? [], parse.GetValue(except) ?? [], parse.GetValue(size));
                var worst = 0;
                foreach (var server in engines)
                {
                    var options = new NemesisOptions(parse.GetValue(seed), TimeSpan.FromMinutes(parse.GetValue(minutes) / engines.Length), kinds)
                    {
                        First = parse.GetValue(first),
                        MaxFaults = parse.GetValue(faults),
                        Rate = parse.GetValue(rate),
                    };
                    var folder = $"{Path.GetFullPath(parse.GetValue(data)!)}-{server}-{parse.GetValue(port)}";
                    var numbers = await new NemesisRun(options, server, parse.GetValue(size), folder, parse.GetValue(port), Console.Out).RunAsync(cancel);
                    worst = Math.Max(worst, Store(numbers, server, provenance, parse.GetValue(output)!));
                    if (numbers.Violation.Length == 0) continue;
                    Console.WriteLine($"VIOLATION of seed {options.Seed}, {numbers.Violation}\nThe ring is down and kept in {folder}. Again: {Again(parse, numbers, server)}");
                    return worst;
                }
                return worst;
            }
            catch (MeasurementException e)
            {
                await Console.Error.WriteLineAsync(e.Message);
                return Wrong + 1;
            }
        });
        return verb;
    }

    private static int Store(NemesisNumbers numbers, string engine, Provenance provenance, string folder)
    {
        var (name, title) = ($"nemesis-{engine}-{numbers.Options.Seed}", $"Nemesis, {engine}, seed {numbers.Options.Seed}");
        var code = Measured.Store(new(name, title, provenance, numbers.Verdicts, numbers.Void, numbers), folder, NemesisReport.Body(numbers));
        File.WriteAllText(Path.Combine(folder, name + ".html"), NemesisReport.Page(title, provenance, numbers));
        return code;
    }

    private static string Again(ParseResult parse, NemesisNumbers numbers, string engine) =>
        $"scripts/nemesis --engine {engine} --seed {numbers.Options.Seed} --nodes {numbers.RingNodes.Count} --first {numbers.Faults[^1].Number} --faults 1"
        + (numbers.Options.Kinds.SequenceEqual(Kinds([], [], numbers.RingNodes.Count)) ? "" : $" --only {string.Join(' ', numbers.Options.Kinds)}")
        + (parse.Tokens.Any(t => t.Value == "--port") ? $" --port {parse.GetValue<int>("--port")}" : "");

    /// <exception cref="MeasurementException">A name is wrong, or nothing is left.</exception>
    private static string[] Kinds(string[] only, string[] except, int nodes)
    {
        foreach (var name in only.Concat(except)) _ = FaultKinds.Named(name);
        string[] kinds = [.. FaultKinds.All.Where(k => (only.Length == 0 || only.Contains(k.Name)) && !except.Contains(k.Name) && k.Nodes <= nodes).Select(k => k.Name)];
        return kinds.Length > 0 ? kinds : throw new MeasurementException("No kind of fault is left.");
    }

    private static int List()
    {
        foreach (var kind in FaultKinds.All) Console.WriteLine($"{kind.Name,-20}{kind.What}");
        return 0;
    }
}
