using System.CommandLine;
using System.Text.Json.Nodes;

namespace Connect.RingDaemon.Cli.Verbs;

/// <summary><c>checksum</c>: does every node hold the same rows?</summary>
internal static class ChecksumVerb
{
    private static readonly TimeSpan WatchEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);

    public static Command Create()
    {
        var watch = new Option<bool>("--watch") { Description = "Look again every second until the nodes are equal" };
        var command = new Command("checksum", "Compare every table on every node, at one point in time. Exit code 3 if they differ.") { watch };
        var options = RingOptions.AddTo(command);
        Examples.Add(command, ("./connect checksum", "are all nodes equal"), ("./connect checksum --watch", "wait until they are"));
        command.SetAction(async (parse, cancel) =>
        {
            var ring = options.Connect(parse);
            var output = parse.InvocationConfiguration.Output;
            while (true)
            {
                var answer = await (await ring.AnyDaemonAsync(cancel)).GetAsync("/v1/checksum", cancel, Deadline);
                if (options.Json(parse)) Terminal.WriteJson(output, answer);
                else Write(output, Terminal.Of(output), answer);
                output.Flush();
                if ((bool?)answer["equal"] == true) return ExitCodes.Done;
                if (!parse.GetValue(watch)) return ExitCodes.Unhealthy;
                await Task.Delay(WatchEvery, cancel);
            }
        });
        return command;
    }

    internal static void Write(TextWriter output, Terminal terminal, JsonNode answer)
    {
        var tables = answer["tables"]?.AsArray().OfType<JsonObject>().ToList() ?? [];
        var nodes = tables.SelectMany(t => t["digests"]?.AsObject().Select(d => d.Key) ?? []).Distinct().Order(StringComparer.Ordinal).ToList();
        var different = tables.Where(t => !Same(t)).Select(t => (string?)t["table"]).ToList();
        var why = string.Join("; ", new[] { different.Count > 0 ? $"{string.Join(", ", different)} differ" : "", (string?)answer["note"] ?? "" }.Where(w => w.Length > 0));
        output.WriteLine((bool?)answer["equal"] == true ? $"{terminal.Good("equal")}: {nodes.Count} nodes, {tables.Count} tables"
            : $"{terminal.Bad("not equal")}{(why.Length > 0 ? ": " + why : "")}");
        var table = new TextTable(["TABLE", .. nodes.Select(n => n.ToUpperInvariant()), "SAME"]);
        foreach (var row in tables)
            table.Add([(string)row["table"]!, .. nodes.Select(n => Cell(row, n)), Same(row) ? "yes" : terminal.Bad("no")]);
        table.Write(output, terminal);
    }

    private static bool Same(JsonObject table) => table["digests"]?.AsObject().Select(d => (string?)d.Value).Distinct().Count() == 1;

    private static string Cell(JsonObject table, string node) => (string?)table["digests"]?[node] is { } digest
        ? $"{table["rows"]?[node]} rows {digest[..Math.Min(8, digest.Length)]}" : "-";
}
