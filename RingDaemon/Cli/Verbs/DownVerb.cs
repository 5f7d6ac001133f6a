using System.CommandLine;
using Connect.RingDaemon.Local;

namespace Connect.RingDaemon.Cli.Verbs;

/// <summary><c>down</c>: stops a local ring.</summary>
internal static class DownVerb
{
    public static Command Create()
    {
        var data = RingOptions.DataOption();
        var wipe = new Option<bool>("--wipe") { Description = "Also delete everything the ring has put into its folder" };
        var dryRun = RingOptions.DryRunOption();
        var command = new Command("down", "Stop a local ring.") { data, wipe, dryRun };
        Examples.Add(command, ("./connect down", "stop it; ./connect up goes on with the same data"), ("./connect down --wipe", "stop it and delete its data"));
        command.SetAction(async (parse, _) =>
        {
            var folder = RingOptions.Folder(parse.GetValue(data));
            var output = parse.InvocationConfiguration.Output;
            if (!folder.Exists && !ProcessTable.Marked(folder.Path).Any())
            {
                output.WriteLine($"There is no ring in {folder.Path}.");
                return ExitCodes.Done;
            }
            if (parse.GetValue(dryRun))
            {
                output.WriteLine($"Would stop {ProcessTable.Marked(folder.Path).Count()} processes{(parse.GetValue(wipe) ? $" and delete the ring in {folder.Path}" : "")}.");
                return ExitCodes.Done;
            }
            await ProgressDisplay.RunAsync(parse.InvocationConfiguration.Error, async progress =>
            {
                await new LocalRing(folder).DownAsync(parse.GetValue(wipe), progress);
                return true;
            });
            output.WriteLine(parse.GetValue(wipe) ? $"Stopped, and deleted the ring in {folder.Path}." : $"Stopped. Its data stays in {folder.Path}; ./connect up --data {folder.Path} goes on.");
            return ExitCodes.Done;
        });
        return command;
    }
}
