using System.CommandLine;
using Connect.Node.Security;

namespace Connect.RingDaemon.Cli.Verbs;

/// <summary><c>tls init</c> and <c>tls issue</c>: a cluster's own certificates. They speak to no daemon.</summary>
internal static class TlsVerb
{
    public static Command Create() => new("tls", "A cluster's own certificates, for daemons and servers on several machines.") { Init(), Issue() };

    private static Command Init()
    {
        var folder = Folder();
        var cluster = new Option<string>("--cluster") { Description = "The ring's name, for people who look at the certificate", DefaultValueFactory = _ => "connect", HelpName = "NAME" };
        var command = new Command("init", "Make the cluster's certificate authority: ca.crt, which every node gets, and ca.key, which stays where it is.") { folder, cluster };
        Examples.Add(command, ("./connect tls init --folder ~/connect-ca", "once a cluster, on a machine that is not a node"));
        command.SetAction(parse =>
        {
            var authority = new CertificateAuthority(Path.GetFullPath(parse.GetValue(folder)!), TimeProvider.System);
            authority.Create(parse.GetValue(cluster)!);
            parse.InvocationConfiguration.Output.WriteLine($"{authority.CertificateFile} goes to every node. Keep {authority.KeyFile} safe: whoever has it can pretend to be any node.");
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Issue()
    {
        var node = new Argument<string>("NODE") { Description = "The node's name" };
        node.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is not { } name || !Membership.Wire.WireLimits.IsName(name) || name == "ca") result.AddError("NODE must be 1 to 32 of a-z, 0-9 and '-', and not 'ca'.");
        });
        var folder = Folder();
        var host = new Option<string[]>("--host") { Description = "An address or name by which others call its daemon or its server (may be repeated)", Required = true, HelpName = "HOST" };
        var days = new Option<int>("--days") { Description = "How long it is good", DefaultValueFactory = _ => (int)CertificateAuthority.NodeLives.TotalDays, HelpName = "N" };
        days.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 3650) result.AddError("--days must be 1 to 3650.");
        });
        var command = new Command("issue", "Make a node's certificate and key, or new ones in their place.") { node, folder, host, days };
        Examples.Add(command, ("./connect tls issue n1 --host 10.0.0.11 --folder ~/connect-ca", "n1.crt and n1.key, for that machine"));
        command.SetAction(parse =>
        {
            var authority = new CertificateAuthority(Path.GetFullPath(parse.GetValue(folder)!), TimeProvider.System);
            var (certificate, key) = authority.Issue(parse.GetValue(node)!, parse.GetValue(host)!, TimeSpan.FromDays(parse.GetValue(days)));
            parse.InvocationConfiguration.Output.WriteLine($"Copy {certificate}, {key} and {authority.CertificateFile} to {parse.GetValue(node)} (docs/several-machines.md).");
            return ExitCodes.Done;
        });
        return command;
    }

    private static Option<string> Folder() => new("--folder") { Description = "Where the authority is", Required = true, HelpName = "DIR" };
}
