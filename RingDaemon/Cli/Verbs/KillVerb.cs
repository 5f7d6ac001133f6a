using System.CommandLine;
using Connect.RingDaemon.Local;

namespace Connect.RingDaemon.Cli.Verbs;

/// <summary><c>kill</c>: breaks a part of a local ring on purpose.</summary>
internal static class KillVerb
{
    public static Command Create()
    {
        var node = new Argument<string>("NODE") { Description = "n1, n2, ..." };
        var what = new Option<string>("--what") { Description = "What of it: node (all of it), mysql, web or daemon", DefaultValueFactory = _ => "node", HelpName = "PART" };
        what.AcceptOnlyFromAmong("node", "mysql", "web", "daemon");
        var signal = new Option<string>("--signal") { Description = "KILL (a crash), STOP (a freeze) or TERM (an orderly end)", DefaultValueFactory = _ => "KILL", HelpName = "SIGNAL" };
        signal.AcceptOnlyFromAmong("KILL", "STOP", "TERM");
        var data = RingOptions.DataOption();
        var dryRun = RingOptions.DryRunOption();
        var command = new Command("kill", "Break something on purpose (only in a local ring).") { node, what, signal, data, dryRun };
        Examples.Add(command,
            ("./connect kill n2", "the machine dies"),
            ("./connect kill n2 --what mysql", "only its server crashes"),
            ("./connect kill n2 --what mysql --signal STOP", "its server freezes; ./connect start n2 wakes it"));
        command.SetAction(async (parse, cancel) =>
        {
            var ring = LocalRing.Open(RingOptions.Folder(parse.GetValue(data)).Path);
            var name = parse.GetValue(node)!;
            _ = ring.Description.Node(name);
            var target = Enum.Parse<Target>(parse.GetValue(what)!, ignoreCase: true);
            var sent = parse.GetValue(signal)!;
            var output = parse.InvocationConfiguration.Output;
            if (parse.GetValue(dryRun))
            {
                output.WriteLine($"Would send SIG{sent} to {parse.GetValue(what)} of {name}.");
                return ExitCodes.Done;
            }
            var hit = await ring.KillAsync(name, target, Enum.Parse<Signal>(sent, ignoreCase: true), cancel);
            if (hit.Count == 0) throw new LocalRingException($"Nothing of that runs on {name}. ./connect start {name} brings it back.");
            output.WriteLine($"SIG{sent} to {string.Join(", ", hit.Select(p => p.ToString().ToLowerInvariant()))} of {name}. Bring it back: ./connect start {name}");
            return ExitCodes.Done;
        });
        return command;
    }
}
