using System.CommandLine;
using Connect.Node.Settings;
using Connect.RingDaemon.Local;

namespace Connect.RingDaemon.Cli.Verbs;

/// <summary><c>up</c>: starts a whole ring on this machine.</summary>
internal static class UpVerb
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    public static Command Create()
    {
        var nodes = new Option<int?>("--nodes") { Description = $"Number of nodes (default: {UpOptions.DefaultNodes})" };
        var engine = EngineOption.Create("Database server: auto, mysql or mariadb (default: auto)");
        var data = RingOptions.DataOption();
        var port = new Option<int?>("--port") { Description = $"The board's port; all others follow from it (default: {UpOptions.DefaultPort})" };
        var minority = new Option<string?>("--minority") { Description = "Nodes that see fewer than a majority stay writable, or become readonly (default: writable)", HelpName = "writable|readonly" };
        minority.AcceptOnlyFromAmong("writable", "readonly");
        var detach = new Option<bool>("--detach") { Description = "Return when the ring is closed, and leave it running" };
        var reseed = new Option<bool>("--reseed") { Description = "A stopped ring: nodes whose data is damaged get a fresh copy" };
        var namespaces = new Option<bool>("--namespaces") { Description = "For tests: each node in a network namespace of its own, with an address of its own (needs root)" };
        nodes.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 1 or > Ports.MaxNodes) result.AddError($"--nodes must be 1 to {Ports.MaxNodes}.");
        });
        port.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < Ports.Lowest or > Ports.Highest) result.AddError($"--port must be {Ports.Lowest} to {Ports.Highest}.");
        });
        var command = new Command("up", "Start a ring on this machine: servers, daemons, boards and the load balancer.") { nodes, engine, data, port, minority, detach, reseed, namespaces };
        Examples.Add(command,
            ("./connect up", "three nodes; Ctrl-C takes the ring down"),
            ("./connect up --nodes 5 --engine mysql --detach", "five MySQL nodes that stay"),
            ("./connect up --data /tmp/second --port 8180", "a second ring beside the first"));
        command.SetAction((parse, cancel) => RunAsync(parse, new UpOptions(RingOptions.Folder(parse.GetValue(data)).Path)
        {
            Nodes = parse.GetValue(nodes),
            Engine = EngineOption.Of(parse.GetValue(engine)),
            Port = parse.GetValue(port),
            Minority = parse.GetValue(minority) switch { "readonly" => MinorityPolicy.ReadOnly, "writable" => MinorityPolicy.Writable, _ => null },
            Detach = parse.GetValue(detach),
            Reseed = parse.GetValue(reseed),
            Namespaces = parse.GetValue(namespaces),
        }, cancel));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parse, UpOptions options, CancellationToken cancel)
    {
        var ring = await ProgressDisplay.RunAsync(parse.InvocationConfiguration.Error, progress => LocalRing.UpAsync(options, progress, cancel));
        var description = ring.Description;
        var output = parse.InvocationConfiguration.Output;
        output.WriteLine($"The board is at {description.BoardUrl}");
        foreach (var node in description.Nodes)
            output.WriteLine($"  {node.Name}  board {description.WebUrl(node)}  daemon {description.DaemonUrl(node)}  {description.Engine} {description.HostOf(node)}:{description.PortsOf(node).Mysql}");
        output.WriteLine($"An administrator's token is in {ring.Folder.TokenFile}");
        output.WriteLine($"How it is: ./connect status --data {ring.Folder.Path}    Stop it: {(options.Detach ? $"./connect down --data {ring.Folder.Path}" : "Ctrl-C")}");
        output.Flush();
        if (!options.Detach) await StayAsync(parse, ring, cancel);
        return ExitCodes.Done;
    }

    /// <summary>Until Ctrl-C, SIGTERM, or a <c>down</c> from somewhere else.</summary>
    private static async Task StayAsync(ParseResult parse, LocalRing ring, CancellationToken cancel)
    {
        try
        {
            while (RingDescription.TryLoad(ring.Folder) is { Phase: RingPhase.Running }) await Task.Delay(LookEvery, cancel);
            ring.Release();
        }
        catch (OperationCanceledException)
        {
            await ProgressDisplay.RunAsync(parse.InvocationConfiguration.Error, async progress =>
            {
                await ring.DownAsync(wipe: false, progress);
                return true;
            });
        }
    }
}

/// <summary>The option that names a kind of server.</summary>
internal static class EngineOption
{
    public static Option<string?> Create(string description)
    {
        var option = new Option<string?>("--engine") { Description = description, HelpName = "ENGINE" };
        option.AcceptOnlyFromAmong("auto", "mysql", "mariadb");
        return option;
    }

    /// <summary>Null: whichever.</summary>
    public static Engine? Of(string? word) => word switch { "mysql" => Engine.MySQL, "mariadb" => Engine.MariaDB, _ => null };
}
