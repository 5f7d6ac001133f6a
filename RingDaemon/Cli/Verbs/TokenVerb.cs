using System.CommandLine;
using System.Text.Json.Nodes;
using Connect.Node.Settings;
using Connect.RingDaemon.Api;

namespace Connect.RingDaemon.Cli.Verbs;

/// <summary><c>token create</c>: a token for the board's API.</summary>
internal static class TokenVerb
{
    public static Command Create()
    {
        var account = new Option<string>("--account") { Description = "Whose token", Required = true, HelpName = "NAME" };
        var label = new Option<string>("--label") { Description = "What it is for", DefaultValueFactory = _ => "made with connect token create", HelpName = "TEXT" };
        var tokenFile = new Option<string?>("--token-file") { Description = "An administrator's token (default: DIR/token)", HelpName = "FILE" };
        var board = new Option<string?>("--board") { Description = "The board's address (default: the ring's)", HelpName = "URL" };
        var create = new Command("create", "Make a token for the board's API. It is shown once and kept nowhere.") { account, label, tokenFile, board };
        var options = RingOptions.AddTo(create);
        Examples.Add(create, ("./connect token create --account alice --label 'backup script'", "print a token"));
        create.SetAction(async (parse, cancel) =>
        {
            var file = parse.GetValue(tokenFile) ?? (options.NamesDaemon(parse)
                ? throw new UsageException("Name a file with an administrator's token: --token-file FILE.") : RingOptions.Folder(options.Data(parse)).TokenFile);
            var admin = SecretFile.Read(file).Trim();
            var url = parse.GetValue(board) ?? await BoardAsync(parse, options, cancel);
            var answer = await new DaemonClient(url, admin).PostAsync("/api/v1/tokens",
                new JsonObject { ["account"] = parse.GetValue(account), ["label"] = parse.GetValue(label) }, cancel);
            if (options.Json(parse)) Answer.Write(parse, options, answer);
            else parse.InvocationConfiguration.Output.WriteLine((string?)answer["token"]);
            return ExitCodes.Done;
        });
        return new Command("token", "Tokens for the board's API.") { create };
    }

    private static async Task<string> BoardAsync(ParseResult parse, RingOptions options, CancellationToken cancel)
    {
        var ring = options.Connect(parse);
        return ring.Ring?.BoardUrl ?? RingReport.From(await ring.AskAnyAsync("/v1/status", cancel)).Board;
    }
}
