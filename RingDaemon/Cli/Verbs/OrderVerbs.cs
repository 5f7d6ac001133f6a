using System.CommandLine;
using System.Text.Json.Nodes;
using Connect.RingDaemon.Local;

namespace Connect.RingDaemon.Cli.Verbs;

/// <summary>Sends an order to one node's daemon and prints its report.</summary>
internal static class Order
{
    public static Argument<string?> NodeArgument() => new("NODE") { Arity = ArgumentArity.ZeroOrOne, Description = "Which one (not needed with --node)" };

    public static async Task<int> SendAsync(ParseResult parse, RingOptions options, string? node, string path, JsonObject body, CancellationToken cancel)
    {
        var daemon = await options.Connect(parse).DaemonOfAsync(node, cancel);
        var answer = await daemon.PostAsync(path, body, cancel);
        Answer.Write(parse, options, answer);
        return (bool?)answer["done"] == false && (bool?)body["dryRun"] != true ? ExitCodes.Failed : ExitCodes.Done;
    }

    /// <summary>Asks before something that cannot be taken back, if there is a person at a terminal; a script is taken at its word.</summary>
    public static bool Confirmed(ParseResult parse, bool yes, string question)
    {
        if (yes || Console.IsInputRedirected || Console.IsErrorRedirected) return true;
        parse.InvocationConfiguration.Error.Write($"{question} [y/N] ");
        return Console.ReadLine()?.Trim() is "y" or "Y" or "yes";
    }
}

/// <summary><c>leave</c>: takes a node out for good.</summary>
internal static class LeaveVerb
{
    public static Command Create()
    {
        var node = Order.NodeArgument();
        var dryRun = RingOptions.DryRunOption();
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask" };
        var command = new Command("leave", "Drain a node, then take it out of the ring for good.") { node, dryRun, yes };
        var options = RingOptions.AddTo(command);
        Examples.Add(command, ("./connect leave n3 --dry-run", "what would happen"), ("./connect leave n3", "n3 goes; the others close the ring"));
        command.SetAction(async (parse, cancel) =>
        {
            var dry = parse.GetValue(dryRun);
            if (!dry && !Order.Confirmed(parse, parse.GetValue(yes), $"Shall {parse.GetValue(node) ?? "this node"} leave the ring for good?")) return ExitCodes.Failed;
            if (options.NamesDaemon(parse)) return await Order.SendAsync(parse, options, parse.GetValue(node), "/v1/leave", new() { ["dryRun"] = dry }, cancel);
            // A node of a local ring: its processes end too, and the folder forgets it.
            var ring = LocalRing.Open(RingOptions.Folder(options.Data(parse)).Path);
            var name = parse.GetValue(node) ?? throw new UsageException($"Say which node: one of {string.Join(", ", ring.Description.Nodes.Select(n => n.Name))}.");
            Answer.Write(parse, options, await ProgressDisplay.RunAsync(parse.InvocationConfiguration.Error, progress => ring.LeaveAsync(name, dry, progress, cancel)));
            return ExitCodes.Done;
        });
        return command;
    }
}

/// <summary><c>forget</c>: a member that died for good is no longer expected.</summary>
internal static class ForgetVerb
{
    public static Command Create()
    {
        var node = new Argument<string>("NODE") { Description = "The dead member's name" };
        var dryRun = RingOptions.DryRunOption();
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask" };
        var command = new Command("forget", "Give up a member that died for good: the ring no longer expects it.") { node, dryRun, yes };
        var options = RingOptions.AddTo(command);
        Examples.Add(command, ("./connect forget n2 --dry-run", "what that would mean"), ("./connect forget n2", "n2 is dead and will not come back"));
        command.SetAction(async (parse, cancel) =>
        {
            var (name, dry) = (parse.GetValue(node)!, parse.GetValue(dryRun));
            if (!dry && !Order.Confirmed(parse, parse.GetValue(yes), $"Shall {name} be forgotten for good?")) return ExitCodes.Failed;
            var connection = options.Connect(parse);
            var answer = await (await connection.AnyDaemonAsync(cancel)).PostAsync("/v1/forget", new JsonObject { ["name"] = name, ["dryRun"] = dry }, cancel);
            if ((bool?)answer["done"] == true && connection.Folder is { } folder) await LocalRing.Open(folder.Path).ForgetAsync(name, cancel);
            Answer.Write(parse, options, answer);
            return dry || (bool?)answer["done"] == true ? ExitCodes.Done : ExitCodes.Failed;
        });
        return command;
    }
}

/// <summary><c>rejoin</c>: checks a node and starts its replication anew.</summary>
internal static class RejoinVerb
{
    public static Command Create()
    {
        var node = Order.NodeArgument();
        var dryRun = RingOptions.DryRunOption();
        var command = new Command("rejoin", "Check a node and start its replication anew.") { node, dryRun };
        var options = RingOptions.AddTo(command);
        Examples.Add(command, ("./connect rejoin n2", "after its server was repaired by hand"));
        command.SetAction((parse, cancel) =>
            Order.SendAsync(parse, options, parse.GetValue(node), "/v1/rejoin", new() { ["dryRun"] = parse.GetValue(dryRun) }, cancel));
        return command;
    }
}

/// <summary><c>maintenance</c>: takes a node out of ring and load balancer for a while.</summary>
internal static class MaintenanceVerb
{
    public static Command Create()
    {
        var state = new Argument<string>("on|off");
        state.AcceptOnlyFromAmong("on", "off");
        var node = Order.NodeArgument();
        var dryRun = RingOptions.DryRunOption();
        var command = new Command("maintenance", "Take a node out of ring and load balancer, or back in.") { state, node, dryRun };
        var options = RingOptions.AddTo(command);
        Examples.Add(command, ("./connect maintenance on n2", "n2 gets no traffic and is nobody's source"), ("./connect maintenance off n2", "it works again"));
        command.SetAction((parse, cancel) => Order.SendAsync(parse, options, parse.GetValue(node), "/v1/maintenance",
            new() { ["on"] = parse.GetValue(state) == "on", ["dryRun"] = parse.GetValue(dryRun) }, cancel));
        return command;
    }
}

/// <summary><c>repair</c>: makes rows that differ equal.</summary>
internal static class RepairVerb
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(10);

    public static Command Create()
    {
        var dryRun = RingOptions.DryRunOption();
        var trust = new Option<string?>("--trust") { Description = "Rows with two contents: this node's are right, and the others' are replaced (and saved)", HelpName = "NODE" };
        var table = new Option<string?>("--table") { Description = "With --trust: only this table", HelpName = "TABLE" };
        var keys = new Option<string[]>("--key") { Description = "With --trust and --table: only this row, as checksum names it; may be said several times", HelpName = "KEY" };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask" };
        var command = new Command("repair", "Find rows that not every node has, and bring them to whoever lacks them; with --trust settle rows that have two contents.") { dryRun, trust, table, keys, yes };
        var options = RingOptions.AddTo(command);
        Examples.Add(command, ("./connect repair --dry-run", "what is missing where"), ("./connect repair", "bring every node what it lacks"),
            ("./connect repair --trust n2 --dry-run", "which rows with two contents would become what n2 has"),
            ("./connect repair --trust n2 --table post --key 0197...", "this row is right on n2"));
        command.SetAction(async (parse, cancel) =>
        {
            var (dry, trusted, chosen) = (parse.GetValue(dryRun), parse.GetValue(trust), parse.GetValue(keys) ?? []);
            if (trusted is null && (parse.GetValue(table) is not null || chosen.Length > 0)) throw new UsageException("--table and --key say which rows --trust NODE means; without it repair brings over whatever is missing.");
            if (chosen.Length > 0 && parse.GetValue(table) is null) throw new UsageException("--key needs --table: keys are those of one table.");
            if (trusted is not null && !dry && !Order.Confirmed(parse, parse.GetValue(yes), $"Shall every other node replace its rows with what {trusted} has, where both differ? (--dry-run shows which)")) return ExitCodes.Failed;
            var daemon = await options.Connect(parse).AnyDaemonAsync(cancel);
            var answer = trusted is null
                ? await daemon.PostAsync("/v1/repair", new JsonObject { ["dryRun"] = dry }, cancel, Deadline)
                : await daemon.PostAsync("/v1/repair/trust", new JsonObject { ["node"] = trusted, ["table"] = parse.GetValue(table), ["keys"] = new JsonArray([.. chosen.Select(k => (JsonNode)k)]), ["dryRun"] = dry }, cancel, Deadline);
            Answer.Write(parse, options, answer);
            return (bool?)answer["done"] == false && !dry ? ExitCodes.Failed : ExitCodes.Done;
        });
        return command;
    }
}
