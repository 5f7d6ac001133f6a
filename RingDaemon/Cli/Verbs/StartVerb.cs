using System.CommandLine;
using Connect.RingDaemon.Local;

namespace Connect.RingDaemon.Cli.Verbs;

/// <summary><c>start</c>: brings a node of a local ring back.</summary>
internal static class StartVerb
{
    public static Command Create()
    {
        var node = new Argument<string>("NODE") { Description = "n1, n2, ..." };
        var data = RingOptions.DataOption();
        var noWait = new Option<bool>("--no-wait") { Description = "Return when its processes are started" };
        var wait = new Option<int>("--wait") { Description = "Seconds to wait until the ring calls it alive", DefaultValueFactory = _ => 120, HelpName = "SECONDS" };
        var dryRun = RingOptions.DryRunOption();
        var command = new Command("start", "Bring a node back: start what does not run, wake what is frozen, copy the ring's data if its own is gone.") { node, data, noWait, wait, dryRun };
        Examples.Add(command, ("./connect start n2", "after a kill, of whatever kind"), ("./connect start n2 --no-wait", "do not wait until it has caught up"));
        command.SetAction(async (parse, cancel) =>
        {
            var ring = LocalRing.Open(RingOptions.Folder(parse.GetValue(data)).Path);
            var name = parse.GetValue(node)!;
            var place = ring.Folder.Node(ring.Description.Node(name).Name);
            if (parse.GetValue(dryRun))
            {
                var idle = Enum.GetValues<NodePart>().Where(p => place.Process(p).Running is not { IsStopped: false }).Select(p => p.ToString().ToLowerInvariant()).ToList();
                parse.InvocationConfiguration.Output.WriteLine(idle.Count == 0 ? $"Everything of {name} runs." : $"Would start {string.Join(", ", idle)} of {name}.");
                return ExitCodes.Done;
            }
            var patience = parse.GetValue(noWait) ? (TimeSpan?)null : TimeSpan.FromSeconds(parse.GetValue(wait));
            await ProgressDisplay.RunAsync(parse.InvocationConfiguration.Error, async progress =>
            {
                await ring.StartAsync(name, progress, patience, cancel);
                return true;
            });
            parse.InvocationConfiguration.Output.WriteLine(patience is null ? $"{name} is started." : $"{name} is alive.");
            return ExitCodes.Done;
        });
        return command;
    }
}
