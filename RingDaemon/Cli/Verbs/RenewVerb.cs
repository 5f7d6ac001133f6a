using System.CommandLine;
using System.Globalization;
using Connect.RingDaemon.Daemon;
using Connect.RingDaemon.Local;

namespace Connect.RingDaemon.Cli.Verbs;

/// <summary><c>renew</c>: a node's server becomes somebody new. Its daemon calls it (<c>database:renewCommand</c>); by hand it does no harm.</summary>
internal static class RenewVerb
{
    public static Command Create()
    {
        var node = new Argument<string>("NODE") { Description = "n1, n2, ..." };
        var data = RingOptions.DataOption();
        var dryRun = RingOptions.DryRunOption();
        var command = new Command("renew", "Restart a node's server under a new identity, with its data (only in a local ring; its daemon does so by itself where it must).") { node, data, dryRun };
        Examples.Add(command, ("./connect renew n2", "the server id and, on MySQL, the UUID of n2 are retired"));
        command.SetAction(async (parse, cancel) =>
        {
            var ring = LocalRing.Open(RingOptions.Folder(parse.GetValue(data)).Path);
            var name = parse.GetValue(node)!;
            var retired = IdIn(IdentityRenewal.RetiredId) ?? ring.Description.Node(name).ServerId;
            if (parse.GetValue(dryRun))
            {
                parse.InvocationConfiguration.Output.WriteLine($"Would restart the server of {name}; server id {retired} would be retired.");
                return ExitCodes.Done;
            }
            var id = await ProgressDisplay.RunAsync(parse.InvocationConfiguration.Error, progress => new NodeRenewal(ring.Folder, progress).RunAsync(name, IdIn(IdentityRenewal.RetiredId), IdIn(IdentityRenewal.OfferedId), cancel));
            parse.InvocationConfiguration.Output.WriteLine($"{name} has server id {id}; {retired} is retired.");
            return ExitCodes.Done;
        });
        return command;
    }

    private static uint? IdIn(string variable) => uint.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;
}
