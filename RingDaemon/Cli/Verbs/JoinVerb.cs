using System.CommandLine;
using Connect.RingDaemon.Local;

namespace Connect.RingDaemon.Cli.Verbs;

/// <summary><c>join</c>: a local ring grows by a node.</summary>
internal static class JoinVerb
{
    public static Command Create()
    {
        var engine = EngineOption.Create("Database server of the newcomer; must be the ring's (default: the ring's)");
        var dryRun = RingOptions.DryRunOption();
        var wait = new Option<int>("--wait") { Description = "Seconds to wait until the newcomer is alive", DefaultValueFactory = _ => 180, HelpName = "SECONDS" };
        var command = new Command("join", "Add a node. It gets the ring's data first, and traffic when it has it.") { engine, dryRun, wait };
        var options = RingOptions.AddTo(command);
        Examples.Add(command, ("./connect join", "the local ring grows by one"), ("./connect join --dry-run", "what would be added"));
        command.SetAction(async (parse, cancel) =>
        {
            if (options.NamesDaemon(parse))
            {
                throw new UsageException("A machine joins by itself: put this ring's daemon address into daemon:join of its node.json (config/node.sample.json), "
                    + "copy the cluster's key there, and start its daemon. docs/several-machines.md has the steps. Without --node, join adds a node to a local ring.");
            }
            var ring = LocalRing.Open(RingOptions.Folder(options.Data(parse)).Path);
            var wanted = new JoinOptions
            {
                Engine = EngineOption.Of(parse.GetValue(engine)),
                KeyFile = options.KeyFile(parse),
                DryRun = parse.GetValue(dryRun),
                Patience = TimeSpan.FromSeconds(parse.GetValue(wait)),
            };
            var name = await ProgressDisplay.RunAsync(parse.InvocationConfiguration.Error, progress => ring.JoinAsync(wanted, progress, cancel));
            var output = parse.InvocationConfiguration.Output;
            if (options.Json(parse)) Terminal.WriteJson(output, new System.Text.Json.Nodes.JsonObject { ["name"] = name, ["dryRun"] = wanted.DryRun });
            else output.WriteLine(wanted.DryRun ? $"Would add {name} to the ring in {ring.Folder.Path}." : $"{name} is in the ring. ./connect topology shows where.");
            return ExitCodes.Done;
        });
        return command;
    }
}
