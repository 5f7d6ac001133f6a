using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Connect.RingDaemon.Cli.Verbs;

/// <summary><c>checksum</c>: does every node hold the same rows?</summary>
internal static class ChecksumVerb
{
    private static readonly TimeSpan WatchEvery = TimeSpan.FromSeconds(1);

    /// <summary>The first reading of large tables takes seconds a million rows; later ones take none.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(6);

    /// <summary>Rows that differ and are printed for people; --json has them all.</summary>
    private const int Printed = 50;

    public static Command Create()
    {
        var whole = new Option<bool>("--whole") { Description = "Have every node read every row again, whatever it has kept" };
        var watch = new Option<bool>("--watch") { Description = "Print once a second what each node lacks, one line a look, until all are equal" };
        var command = new Command("checksum", "Compare every table on every node, at one point in time, and name the rows that differ. Exit code 3 if they do.") { watch, whole };
        var options = RingOptions.AddTo(command);
        Examples.Add(command, ("./connect checksum", "are all nodes equal, and which rows are not"), ("./connect checksum --whole", "trust nothing that was read before"), ("./connect checksum --watch", "how far they are from equal, until they are"),
            ("./connect checksum --watch --json > convergence.jsonl", "the same, a line of JSON each"));
        command.SetAction(async (parse, cancel) =>
        {
            var ring = options.Connect(parse);
            var output = parse.InvocationConfiguration.Output;
            if (parse.GetValue(watch))
            {
                await WatchAsync(ring, output, options.Json(parse), cancel);
                if (options.Json(parse)) return ExitCodes.Done; // one line a look, and nothing else
            }
            var answer = await (await ring.AnyDaemonAsync(cancel)).GetAsync($"/v1/checksum?whole={(parse.GetValue(whole) ? "true" : "false")}", cancel, Deadline);
            if (options.Json(parse)) Terminal.WriteJson(output, answer);
            else Write(output, Terminal.Of(output), answer);
            return (bool?)answer["equal"] == true ? ExitCodes.Done : ExitCodes.Unhealthy;
        });
        return command;
    }

    /// <summary>One line a look: the time since the first, and for each node the transactions and rows that another one has and it lacks. Ends when nobody lacks anything.</summary>
    private static async Task WatchAsync(RingConnection ring, TextWriter output, bool json, CancellationToken cancel)
    {
        var (began, heading) = (Stopwatch.GetTimestamp(), "");
        while (true)
        {
            var looked = Stopwatch.GetTimestamp();
            var answer = await (await ring.AnyDaemonAsync(cancel)).GetAsync("/v1/distance", cancel, Deadline);
            if (json) output.WriteLine(answer.ToJsonString());
            else
            {
                var (head, line) = WatchLine(answer, Stopwatch.GetElapsedTime(began));
                if (head != heading) output.WriteLine(heading = head);
                output.WriteLine(line);
            }
            output.Flush();
            if ((bool?)answer["equal"] == true) return;
            var left = WatchEvery - Stopwatch.GetElapsedTime(looked);
            if (left > TimeSpan.Zero) await Task.Delay(left, cancel);
        }
    }

    /// <summary>A heading, which changes when nodes come or go, and the line below it.</summary>
    internal static (string Heading, string Line) WatchLine(JsonNode answer, TimeSpan since)
    {
        var nodes = answer["nodes"]?.AsArray().OfType<JsonObject>().ToList() ?? [];
        var heading = $"{"SECONDS",8}" + string.Concat(nodes.Select(n => $"{((string)n["node"]!).ToUpperInvariant() + " TX",12}{"ROWS",10}")) + "  NOTE";
        string[] notes =
        [
            (bool?)answer["equal"] == true ? "equal" : "",
            (long?)answer["conflicts"] is > 0 and var conflicts ? $"{conflicts} rows have two contents" : "",
            (bool?)answer["atLeast"] == true ? "or more" : "",
            answer["unheard"]?.AsArray() is { Count: > 0 } unheard ? $"{string.Join(", ", unheard.Select(u => (string?)u))} did not answer" : "",
        ];
        var line = $"{since.TotalSeconds,8:0.0}" + string.Concat(nodes.Select(n => $"{(long?)n["transactions"],12}{(long?)n["rows"],10}")) + $"  {string.Join("; ", notes.Where(n => n.Length > 0))}";
        return (heading, line.TrimEnd());
    }

    internal static void Write(TextWriter output, Terminal terminal, JsonNode answer)
    {
        var tables = answer["tables"]?.AsArray().OfType<JsonObject>().ToList() ?? [];
        var nodes = tables.SelectMany(t => t["digests"]?.AsObject().Select(d => d.Key) ?? []).Distinct().Order(StringComparer.Ordinal).ToList();
        var different = tables.Where(t => !Same(t)).Select(t => (string?)t["table"]).ToList();
        var rows = answer["differences"]?.AsArray().OfType<JsonObject>().ToList() ?? [];
        var why = string.Join("; ", new[] { different.Count > 0 ? $"{string.Join(", ", different)} differ" : "", (string?)answer["note"] ?? "" }.Where(w => w.Length > 0));
        output.WriteLine((bool?)answer["equal"] == true ? $"{terminal.Good("equal")}: {nodes.Count} nodes, {tables.Count} tables"
            : $"{terminal.Bad("not equal")}{(why.Length > 0 ? ": " + why : "")}");
        var table = new TextTable(["TABLE", .. nodes.Select(n => n.ToUpperInvariant()), "SAME"]);
        foreach (var row in tables)
            table.Add([(string)row["table"]!, .. nodes.Select(n => Cell(row, n)), Same(row) ? "yes" : terminal.Bad("no")]);
        table.Write(output, terminal);
        if (rows.Count == 0) return;
        var named = new TextTable(["TABLE", "KEY", "MISSING ON", "CONTENTS"]);
        foreach (var row in rows.Take(Printed)) named.Add([(string)row["table"]!, (string)row["key"]!, MissingOn(row), Contents(row)]);
        output.WriteLine();
        named.Write(output, terminal);
        if (rows.Count > Printed) output.WriteLine($"and {rows.Count - Printed} more; --json names them");
        if ((bool?)answer["moreDifferences"] == true) output.WriteLine("and more that were not looked for");
    }

    private static bool Same(JsonObject table) => (bool?)table["equal"] ?? table["digests"]?.AsObject().Select(d => (string?)d.Value).Distinct().Count() == 1;

    private static string MissingOn(JsonObject row) => row["missing"]?.AsArray().Select(n => (string?)n).ToArray() is { Length: > 0 } nodes ? string.Join(", ", nodes) : "-";

    /// <summary>Who has the same content, if there is more than one.</summary>
    private static string Contents(JsonObject row)
    {
        var contents = row["contents"]?.AsObject().GroupBy(c => (string?)c.Value, c => c.Key).OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).ToList() ?? [];
        return contents.Count > 1 ? string.Join("; ", contents.Select(g => $"{string.Join(", ", g)}: {g.Key![..8]}")) : "";
    }

    private static string Cell(JsonObject table, string node) => (string?)table["digests"]?[node] is { } digest
        ? $"{table["rows"]?[node]} rows {digest[..Math.Min(8, digest.Length)]}" : "-";
}
