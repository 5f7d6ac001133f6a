using System.CommandLine;

namespace Connect.RingDaemon.Cli.Verbs;

/// <summary><c>daemon</c>: the service itself.</summary>
internal static class DaemonVerb
{
    public static Command Create(RunDaemon? run)
    {
        var settings = new Option<string>("--settings") { Description = "The node's settings (config/node.sample.json explains them)", Required = true, HelpName = "FILE" };
        var join = new Option<bool>("--join") { Description = "The server is empty: fill it from the ring before it serves" };
        var command = new Command("daemon", "Run this node's daemon until SIGTERM.") { settings, join };
        Examples.Add(command, ("connect daemon --settings /etc/connect/node.json", "what the systemd unit runs"));
        command.SetAction((parse, cancel) => run is null
            ? throw new InvalidOperationException("This program was built without a daemon.")
            : run(parse.GetValue(settings)!, parse.GetValue(join), cancel));
        return command;
    }
}
