using System.CommandLine;
using Connect.RingDaemon.Daemon;

namespace Connect.RingDaemon.Cli.Verbs;

/// <summary><c>daemon</c>: the service itself.</summary>
internal static class DaemonVerb
{
    public static Command Create()
    {
        var settings = new Option<string>("--settings") { Description = "The node's settings (config/node.sample.json explains them)", Required = true, HelpName = "FILE" };
        var command = new Command("daemon", "Run this node's daemon until SIGTERM.") { settings };
        Examples.Add(command, ("connect daemon --settings /etc/connect/node.json", "what the systemd unit runs"));
        command.SetAction((parse, cancel) => DaemonHost.RunAsync(parse.GetValue(settings)!, cancel));
        return command;
    }
}
