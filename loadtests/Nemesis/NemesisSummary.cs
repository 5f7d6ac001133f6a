using System.Text;
using System.Text.Json.Nodes;
using Connect.LoadTests.Load;
using Connect.LoadTests.Ring;

namespace Connect.LoadTests.Nemesis;

/// <summary>Several runs put together: what <c>nemesis.md</c> of a folder says, made from every <c>nemesis-*.json</c> in it.</summary>
public static class NemesisSummary
{
    private sealed record Entry(string Engine, string Kind, double? Heal, bool Lost, bool Diverged, bool Violation, bool ByOperator);

    /// <returns>The page, in Markdown.</returns>
    /// <exception cref="MeasurementException">There are no results.</exception>
    public static string Of(string folder)
    {
        string[] files = Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, "nemesis-*.json").Order()] : [];
        if (files.Length == 0) throw new MeasurementException($"There is no nemesis-*.json in {folder}.");
        var page = new StringBuilder("# Nemesis: all runs together\n\n| run | commit | from, UTC | length | nodes | faults | 201 | 202 | never answered | violation |\n| --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | --- |\n");
        var entries = new List<Entry>();
        var seconds = 0.0;
        foreach (var file in files)
        {
            var run = JsonNode.Parse(File.ReadAllText(file))!;
            var numbers = run["numbers"]!;
            var faults = numbers["faults"]!.AsArray();
            var (name, length) = (Path.GetFileNameWithoutExtension(file), (double)numbers["seconds"]!);
            seconds += length;
            entries.AddRange(faults.Select(f => EntryOf((string)numbers["engine"]!, f!)));
            int Sum(string field) => faults.Sum(f => (int)f![field]!);
            page.Append($"| [{name}]({name}.html) | {((string)run["provenance"]!["commit"]!)[..8]} | {(DateTimeOffset)run["provenance"]!["at"]!:yyyy-MM-dd HH:mm} | {TimeSpan.FromSeconds(length):h\\:mm\\:ss} | {numbers["ringNodes"]!.AsArray().Count} "
                + $"| {faults.Count} | {Sum("acknowledged")} | {Sum("pending")} | {Sum("unknown")} | {((string)numbers["violation"]! is { Length: > 0 } bad ? bad : "none")} |\n");
        }
        string[] engines = [.. entries.Select(e => e.Engine).Distinct().Order()];
        page.Append($"\n{entries.Count} faults in {TimeSpan.FromSeconds(seconds).TotalHours:0.00} hours.\n\n| fault | {string.Join(" | ", engines)} | lost | diverged | other violation | by operator | heal min, s | median | max |\n| --- |{string.Concat(engines.Select(_ => " ---: |"))} ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
        foreach (var kind in FaultKinds.All)
        {
            var of = entries.Where(e => e.Kind == kind.Name).ToArray();
            var heal = new Percentiles(of.Select(e => e.Heal).OfType<double>());
            var times = heal.Count == 0 ? " | | " : $"{heal[1e-6]:0.0} | {heal[50]:0.0} | {heal[100]:0.0}";
            page.Append($"| {kind.Name}: {kind.What} | {string.Join(" | ", engines.Select(engine => of.Count(e => e.Engine == engine)))} | {of.Count(e => e.Lost)} | {of.Count(e => e.Diverged)} "
                + $"| {of.Count(e => e is { Violation: true, Lost: false, Diverged: false })} | {of.Count(e => e.ByOperator)} | {times} |\n");
        }
        return page.ToString();
    }

    private static Entry EntryOf(string engine, JsonNode fault) => new(
        engine, (string)fault["kind"]!, (double?)fault["healSeconds"], fault["lost"]!.AsArray().Count + fault["doubled"]!.AsArray().Count > 0, fault["diverged"]!.AsArray().Count > 0,
        ((string)fault["violation"]!).Length > 0, (bool)fault["byOperator"]!);
}
