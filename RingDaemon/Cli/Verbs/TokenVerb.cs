using System.CommandLine;
using System.Text.Json.Nodes;

namespace Connect.RingDaemon.Cli.Verbs;

/// <summary><c>token create</c>: a token for the board's API.</summary>
internal static class TokenVerb
{
    public static Command Create()
    {
        var account = new Option<string>("--account") { Description = "Whose token", Required = true, HelpName = "NAME" };
        var label = new Option<string>("--label") { Description = "What it is for", DefaultValueFactory = _ => "made with connect token create", HelpName = "TEXT" };
        var create = new Command("create", "Make a token for the board's API. It is shown once and kept nowhere.") { account, label };
        var options = RingOptions.AddTo(create);
        var board = BoardOptions.AddTo(create, options);
        Examples.Add(create, ("./connect token create --account alice --label 'backup script'", "print a token"));
        create.SetAction(async (parse, cancel) =>
        {
            var (url, admin) = await board.ReadAsync(parse, cancel);
            var answer = await new DaemonClient(url, admin).PostAsync("/api/v1/tokens",
                new JsonObject { ["account"] = parse.GetValue(account), ["label"] = parse.GetValue(label) }, cancel);
            if (options.Json(parse)) Answer.Write(parse, options, answer);
            else parse.InvocationConfiguration.Output.WriteLine((string?)answer["token"]);
            return ExitCodes.Done;
        });
        return new Command("token", "Tokens for the board's API.") { create };
    }
}
