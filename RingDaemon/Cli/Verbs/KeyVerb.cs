using System.CommandLine;
using System.Text.Json.Nodes;

namespace Connect.RingDaemon.Cli.Verbs;

/// <summary><c>key rotate</c>: a new key for the cluster.</summary>
internal static class KeyVerb
{
    /// <summary>Three steps of at most 20 s, and 30 s for the keys of cookies to be everywhere; some of it may be waited for once more.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    public static Command Create()
    {
        var dryRun = RingOptions.DryRunOption();
        var without = new Option<string[]>("--without") { Description = "An unreachable member that gets the new key by hand (may be repeated)", HelpName = "NODE" };
        var rotate = new Command("rotate", "Give the cluster a new key on all members, without interruption. Run again, it goes on where it was interrupted.") { dryRun, without };
        var options = RingOptions.AddTo(rotate);
        Examples.Add(rotate,
            ("./connect key rotate --dry-run", "who holds which key, and what would be done"),
            ("./connect key rotate", "a new key everywhere; the old one is gone afterwards"),
            ("./connect key rotate --without n3", "n3 is dead; it gets the key file by hand before it comes back"));
        rotate.SetAction(async (parse, cancel) =>
        {
            var daemon = await options.Connect(parse).AnyDaemonAsync(cancel);
            var body = new JsonObject { ["dryRun"] = parse.GetValue(dryRun), ["without"] = new JsonArray([.. (parse.GetValue(without) ?? []).Select(n => (JsonNode)n)]) };
            Answer.Write(parse, options, await daemon.PostAsync("/v1/keys/rotate", body, cancel, Deadline));
            return ExitCodes.Done;
        });
        return new Command("key", "The cluster's key.") { rotate };
    }
}
