using System.CommandLine;

namespace Connect.RingDaemon.Cli.Verbs;

/// <summary><c>members</c>: everyone known.</summary>
internal static class MembersVerb
{
    public static Command Create()
    {
        var command = new Command("members", "Everyone the ring knows, with liveness, incarnation and addresses.");
        var options = RingOptions.AddTo(command);
        Examples.Add(command, ("./connect members", "as the first daemon that answers sees them"), ("./connect members --node http://127.0.0.1:7082", "as this one sees them"));
        command.SetAction(async (parse, cancel) =>
        {
            Answer.Write(parse, options, await options.Connect(parse).AskAnyAsync("/v1/members", cancel));
            return ExitCodes.Done;
        });
        return command;
    }
}

/// <summary><c>explain</c>: why a node's source is what it is.</summary>
internal static class ExplainVerb
{
    public static Command Create()
    {
        var node = new Argument<string?>("NODE") { Arity = ArgumentArity.ZeroOrOne, Description = "Which one (not needed with --node)" };
        var command = new Command("explain", "Why a node's source is what it is: order, candidates, who was passed over and why.") { node };
        var options = RingOptions.AddTo(command);
        Examples.Add(command, ("./connect explain n2", "why does n2 read from where it reads"));
        command.SetAction(async (parse, cancel) =>
        {
            var daemon = await options.Connect(parse).DaemonOfAsync(parse.GetValue(node), cancel);
            Answer.Write(parse, options, await daemon.GetAsync("/v1/explain", cancel));
            return ExitCodes.Done;
        });
        return command;
    }
}

/// <summary><c>audit</c>: what was decided, and on what evidence.</summary>
internal static class AuditVerb
{
    public static Command Create()
    {
        var node = new Argument<string?>("NODE") { Arity = ArgumentArity.ZeroOrOne, Description = "Only what this one did (default: everyone who answers)" };
        var limit = new Option<int>("--limit") { Description = "How many entries of each node", DefaultValueFactory = _ => 50 };
        limit.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 1000) result.AddError("--limit must be 1 to 1000.");
        });
        var command = new Command("audit", "What the daemons did, when, and on what evidence.") { node, limit };
        var options = RingOptions.AddTo(command);
        Examples.Add(command, ("./connect audit", "the newest entries of all nodes, oldest first"), ("./connect audit n2 --limit 10", "the last ten of n2"));
        command.SetAction(async (parse, cancel) =>
        {
            var answer = await AuditTrail.ReadAsync(options.Connect(parse), parse.GetValue(node), parse.GetValue(limit), cancel);
            Answer.Write(parse, options, options.Json(parse) ? answer : answer["items"]!);
            return ExitCodes.Done;
        });
        return command;
    }
}
