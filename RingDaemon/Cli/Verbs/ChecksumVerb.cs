using System.CommandLine;

namespace Connect.RingDaemon.Cli.Verbs;

/// <summary><c>checksum</c>: does every node hold the same rows?</summary>
internal static class ChecksumVerb
{
    private static readonly TimeSpan WatchEvery = TimeSpan.FromSeconds(1);

    public static Command Create()
    {
        var watch = new Option<bool>("--watch") { Description = "Look again every second until the nodes are equal" };
        var command = new Command("checksum", "Compare every table on every node, at one point in time. Exit code 3 if they differ.") { watch };
        var options = RingOptions.AddTo(command);
        Examples.Add(command, ("./connect checksum", "are all nodes equal"), ("./connect checksum --watch", "wait until they are"));
        command.SetAction(async (parse, cancel) =>
        {
            var comparison = new RingComparison(options.Connect(parse));
            while (true)
            {
                var result = await comparison.RunAsync(cancel);
                var output = parse.InvocationConfiguration.Output;
                if (options.Json(parse)) Terminal.WriteJson(output, result.ToJson());
                else Write(output, Terminal.Of(output), result);
                output.Flush();
                if (result.Equal) return ExitCodes.Done;
                if (!parse.GetValue(watch)) return ExitCodes.Unhealthy;
                await Task.Delay(WatchEvery, cancel);
            }
        });
        return command;
    }

    private static void Write(TextWriter output, Terminal terminal, ComparisonResult result)
    {
        output.WriteLine(result.Equal ? $"{terminal.Good("equal")}: {result.Nodes.Count} nodes, {result.Tables.Count} tables" : $"{terminal.Bad("not equal")}: {result.Why}");
        var table = new TextTable(["TABLE", .. result.Nodes.Select(n => n.ToUpperInvariant()), "SAME"]);
        foreach (var row in result.Tables)
        {
            table.Add([row.Table, .. result.Nodes.Select(n => row.Rows.TryGetValue(n, out var rows) ? $"{rows} rows {row.Digests[n][..Math.Min(8, row.Digests[n].Length)]}" : "-"),
                row.Same ? "yes" : terminal.Bad("no")]);
        }
        table.Write(output, terminal);
    }
}
