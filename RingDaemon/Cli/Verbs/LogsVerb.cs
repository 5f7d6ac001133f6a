using System.CommandLine;
using Connect.RingDaemon.Local;

namespace Connect.RingDaemon.Cli.Verbs;

/// <summary><c>logs</c>: what a node's programs have written.</summary>
internal static class LogsVerb
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    public static Command Create()
    {
        var node = new Argument<string>("NODE") { Description = "n1, n2, ..." };
        var what = new Option<string?>("--what") { Description = "Only of mysql, web or daemon (default: all three)", HelpName = "PART" };
        what.AcceptOnlyFromAmong("mysql", "web", "daemon");
        var lines = new Option<int>("--lines") { Description = "How many lines of each", DefaultValueFactory = _ => 50 };
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on printing what is added, until Ctrl-C" };
        var data = RingOptions.DataOption();
        var command = new Command("logs", "Show a node's log.") { node, what, lines, follow, data };
        Examples.Add(command, ("./connect logs n2 --what daemon", "why its daemon did what it did"), ("./connect logs n2 --follow", "all of it, as it comes"));
        command.SetAction(async (parse, cancel) =>
        {
            var ring = LocalRing.Open(RingOptions.Folder(parse.GetValue(data)).Path);
            var place = ring.Folder.Node(ring.Description.Node(parse.GetValue(node)!).Name);
            var parts = parse.GetValue(what) is { } one ? [Enum.Parse<NodePart>(one, ignoreCase: true)] : Enum.GetValues<NodePart>();
            var output = parse.InvocationConfiguration.Output;
            var seen = parts.ToDictionary(p => p, p => Length(place.Log(p)));
            foreach (var part in parts)
            {
                foreach (var line in LogTail.Lines(place.Log(part), parse.GetValue(lines))) output.WriteLine(Prefixed(parts, part, line));
            }
            while (parse.GetValue(follow) && !cancel.IsCancellationRequested)
            {
                foreach (var part in parts) seen[part] = await PrintNewAsync(output, place.Log(part), seen[part], line => Prefixed(parts, part, line), cancel);
                output.Flush();
                await Task.Delay(LookEvery, cancel).ContinueWith(_ => { }, TaskScheduler.Default);
            }
            return ExitCodes.Done;
        });
        return command;
    }

    private static string Prefixed(NodePart[] parts, NodePart part, string line) => parts.Length == 1 ? line : $"{part.ToString().ToLowerInvariant(),-6} | {line}";

    private static long Length(string path) => File.Exists(path) ? new FileInfo(path).Length : 0;

    private static async Task<long> PrintNewAsync(TextWriter output, string path, long from, Func<string, string> prefixed, CancellationToken cancel)
    {
        if (Length(path) is var length && length <= from) return Math.Min(from, length);
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        file.Seek(from, SeekOrigin.Begin);
        var added = new byte[length - from];
        await file.ReadExactlyAsync(added, cancel);
        var end = Array.LastIndexOf(added, (byte)'\n') + 1; // a line that is not complete yet waits
        foreach (var line in System.Text.Encoding.UTF8.GetString(added, 0, end).Split('\n', StringSplitOptions.RemoveEmptyEntries)) output.WriteLine(prefixed(line));
        return from + end;
    }
}
