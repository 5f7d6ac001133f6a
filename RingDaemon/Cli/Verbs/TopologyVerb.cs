using System.CommandLine;
using System.Text.Json.Nodes;
using Connect.RingDaemon.Api;

namespace Connect.RingDaemon.Cli.Verbs;

/// <summary><c>topology</c>: the ring, drawn.</summary>
internal static class TopologyVerb
{
    public static Command Create()
    {
        var command = new Command("topology", "Draw the ring: who replicates from whom.");
        var options = RingOptions.AddTo(command);
        Examples.Add(command, ("./connect topology", "draw it"), ("./connect topology --json", "its links, for scripts"));
        command.SetAction(async (parse, cancel) =>
        {
            var (_, report, why) = await StatusVerb.AskAsync(options.Connect(parse), cancel);
            var output = parse.InvocationConfiguration.Output;
            if (why is not null) parse.InvocationConfiguration.Error.WriteLine($"connect: {why} What follows is what the folder knows.");
            if (options.Json(parse)) Terminal.WriteJson(output, Links(report));
            else foreach (var line in TopologyDrawing.Lines(report, Terminal.Of(output))) output.WriteLine(line);
            return why is null && report.Ring.Closed ? ExitCodes.Done : ExitCodes.Unhealthy;
        });
        return command;
    }

    private static JsonObject Links(RingReport report) => new()
    {
        ["closed"] = report.Ring.Closed,
        ["order"] = new JsonArray([.. report.Ring.Order.Select(name => (JsonNode)name)]),
        ["links"] = new JsonArray([.. report.Nodes.Where(n => n.Source is not null).Select(n => (JsonNode)new JsonObject
        {
            ["source"] = n.Source,
            ["replica"] = n.Name,
            ["replication"] = n.Replication,
            ["lagSeconds"] = n.LagSeconds,
        })]),
    };
}
