using System.CommandLine;
using System.Text.Json.Nodes;
using Connect.Node.Ring;
using Connect.RingDaemon.Api;
using Connect.RingDaemon.Daemon;

namespace Connect.RingDaemon.Cli.Verbs;

/// <summary><c>status</c>: how the ring is, in one screen.</summary>
internal static class StatusVerb
{
    public static Command Create()
    {
        var command = new Command("status", "How the ring is. Exit code 3 if it is not healthy.");
        var options = RingOptions.AddTo(command);
        Examples.Add(command, ("./connect status", "the local ring"), ("./connect status --node http://10.0.0.5:7081 --key-file cluster.key --json", "any ring, for scripts"));
        command.SetAction(async (parse, cancel) =>
        {
            var (answer, report, why) = await AskAsync(options.Connect(parse), cancel);
            var output = parse.InvocationConfiguration.Output;
            if (why is not null) parse.InvocationConfiguration.Error.WriteLine($"connect: {why} What follows is what the folder knows.");
            if (options.Json(parse)) Terminal.WriteJson(output, answer);
            else Write(output, Terminal.Of(output), report);
            return why is null && report.IsHealthy() ? ExitCodes.Done : ExitCodes.Unhealthy;
        });
        return command;
    }

    /// <summary>A daemon's answer; if none answers and there is a folder, what the folder knows, and why.</summary>
    public static async Task<(JsonNode Answer, RingReport Report, string? Why)> AskAsync(RingConnection ring, CancellationToken cancel)
    {
        try
        {
            var answer = await ring.AskAnyAsync("/v1/status", cancel);
            return (answer, RingReport.From(answer), null);
        }
        catch (DaemonUnreachableException e) when (ring is { Folder: not null, Ring: not null })
        {
            var report = FolderReport.Of(ring.Folder, ring.Ring);
            return (report.ToJson(), report, e.Message);
        }
    }

    internal static void Write(TextWriter output, Terminal terminal, RingReport report)
    {
        var wrong = report.Nodes.Count(n => n.State is "suspect" or "unreachable");
        output.WriteLine($"{(report.IsHealthy() ? terminal.Good("healthy") : terminal.Bad("not healthy"))}: ring {(report.Ring.Closed ? "closed" : terminal.Bad("open"))}, "
            + $"{(report.Converged ? "converged" : terminal.Warn("not converged"))}, {report.Nodes.Count} nodes{(wrong > 0 ? $", {wrong} in trouble" : "")}, board {report.Board}");
        var table = new TextTable("NODE", "STATE", "SOURCE", "REPLICATION", "LAG", "MYSQL", "WEB", "DAEMON", "TRAFFIC", "SERVER");
        foreach (var node in report.Nodes)
        {
            table.Add(node.Name, terminal.State(node.State), node.Source ?? "-", terminal.State(node.Replication), node.LagSeconds is { } lag ? $"{lag:0.0} s" : "-",
                Up(terminal, node.Mysql.Up, $":{node.Mysql.Port}"), Up(terminal, node.Web.Up, PortOf(node.Web.Url)), Up(terminal, node.Daemon.Up, PortOf(node.Daemon.Url)),
                node.InLoadBalancer ? "yes" : terminal.Warn("no"), $"{node.Engine} id {node.ServerId}");
        }
        table.Write(output, terminal);
        foreach (var node in report.Nodes.Where(n => n.Compared is { Equal: false }))
            output.WriteLine(terminal.Bad($"{node.Compared!.Differing} rows of {node.Name} and {node.Compared.With} differ") + ": ./connect checksum names them, ./connect repair brings what is missing");
        foreach (var node in report.Nodes.Where(n => n.Logs is { AwaySince: not null })) output.WriteLine($"{node.Name} is {(node.Logs!.Left == LogsLeft.Enough ? $"{node.Logs}" : terminal.Warn($"{node.Logs}"))}");
        foreach (var node in report.Nodes.Where(n => n.ReadOnly is not null)) output.WriteLine(terminal.Warn($"{node.Name} takes no posts for now") + $": {node.ReadOnly}");
        foreach (var node in report.Nodes.OddMinority())
            output.WriteLine(terminal.Warn($"{node.Name} has minority: {node.Minority}") + ", most have another setting: in a partition both sides could write. Make it the same on every node");
        if (!report.IsHealthy()) output.WriteLine("Why: ./connect explain NODE    What was done: ./connect audit");
    }

    private static string Up(Terminal terminal, bool up, string where) => up ? $"up {where}" : terminal.Bad($"down {where}");

    private static string PortOf(string url) => Uri.TryCreate(url, UriKind.Absolute, out var uri) ? $":{uri.Port}" : "";
}
