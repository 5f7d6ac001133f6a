using System.CommandLine;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Connect.RingDaemon.Archive;

namespace Connect.RingDaemon.Cli.Verbs;

/// <summary><c>import</c>: what another board exported, or the archive of a mailing list.</summary>
internal static partial class ImportVerb
{
    /// <summary>Remarks that are printed for people; --json has a thousand of each kind.</summary>
    private const int Printed = 20;

    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "What to import" };
        var format = new Option<string?>("--format") { Description = "jsonl (an export of a board) or mbox (mails); default: as the file begins" };
        format.AcceptOnlyFromAmong("jsonl", "mbox");
        var channel = new Option<string?>("--channel") { Description = "The channel that mails go to; it is made if it is not there", HelpName = "SLUG" };
        var dryRun = RingOptions.DryRunOption();
        var command = new Command("import", "Import an export of another board, or the archive of a mailing list. What is there already is left alone: a run that was stopped is simply started again.") { file, format, channel, dryRun };
        var options = RingOptions.AddTo(command);
        var board = BoardOptions.AddTo(command, options);
        Examples.Add(command, ("./connect import board.jsonl", "another board's channels, topics, posts and accounts"), ("./connect import list.mbox --channel list", "a mailing list: a topic for each thread"),
            ("./connect import list.mbox --channel list --dry-run", "only read it, and say what could not be read"));
        command.SetAction(async (parse, cancel) =>
        {
            var (path, slug, dry) = (parse.GetValue(file)!, parse.GetValue(channel), parse.GetValue(dryRun));
            if (!File.Exists(path)) throw new UsageException($"There is no file {path}.");
            var mbox = (parse.GetValue(format) ?? (LooksLikeMbox(path) ? "mbox" : "jsonl")) == "mbox";
            if (mbox && !Slug().IsMatch(slug ?? "")) throw new UsageException("Say which channel the mails go to: --channel SLUG (1 to 64 of a-z, 0-9 and '-').");
            if (!mbox && slug is not null) throw new UsageException("An export names its channels itself: --channel is for mbox only.");
            var (url, token) = await board.ReadAsync(parse, cancel);
            using var client = new BoardClient(url, token);
            var (source, report) = ((IArchiveSource)(mbox ? new MboxSource(path, await ChannelAsync(new(url, token), slug!, dry, cancel), DateTimeOffset.UtcNow) : new JsonlSource(path)), new ImportReport());
            try
            {
                await TransferDisplay.RunAsync(parse.InvocationConfiguration.Error, dry ? "Reading" : "Importing", mbox ? "mails" : "lines",
                    () => new(source.Length == 0 ? null : (double)source.Position / source.Length, report.Read), () => new ImportRun(client).RunAsync(source, report, !dry, cancel));
            }
            catch (DaemonUnreachableException e)
            {
                throw new DaemonUnreachableException($"{e.Message} What was imported stays ({report.Written:N0} objects): run the same command again, nothing is doubled.", e);
            }
            if (options.Json(parse)) Terminal.WriteJson(parse.InvocationConfiguration.Output, Json(report, dry));
            else Write(parse.InvocationConfiguration.Output, report, mbox ? "mails" : "lines", dry);
            return ExitCodes.Done;
        });
        return command;
    }

    /// <summary>The channel's id; an invented one for a dry run in which it is not there.</summary>
    private static async Task<Guid> ChannelAsync(DaemonClient board, string slug, bool dry, CancellationToken cancel)
    {
        var channels = await board.GetAsync("/api/v1/channels", cancel, TimeSpan.FromSeconds(10));
        if (channels["items"]?.AsArray().FirstOrDefault(c => (string?)c?["slug"] == slug) is { } found) return (Guid)found["id"]!;
        return dry ? Guid.CreateVersion7() : (Guid)(await board.PostAsync("/api/v1/channels", new JsonObject { ["slug"] = slug, ["title"] = slug }, cancel))["id"]!;
    }

    private static bool LooksLikeMbox(string path)
    {
        using var stream = File.OpenRead(path);
        Span<byte> start = stackalloc byte[5];
        return stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && start.SequenceEqual("From "u8);
    }

    private static void Write(TextWriter output, ImportReport report, string things, bool dry)
    {
        output.WriteLine(dry ? $"{report.Read:N0} {things} read; nothing was written." : $"{report.Read:N0} {things} read, {report.Written:N0} objects written, {report.Known:N0} were there already.");
        if (report.Repeated > 0) output.WriteLine($"{report.Repeated:N0} mails are in the file more than once.");
        if (report.Kept > 0) output.WriteLine($"{report.Kept:N0} attachments are files of the board.");
        if (report.Named > 0) output.WriteLine($"{report.Named:N0} attachments are named in their posts and not kept: signatures, whole mails, and what the board does not take.");
        if (report.Pending > 0) output.WriteLine($"{report.Pending:N0} batches had no second copy yet when they were answered.");
        Remarks(output, "not imported", report.Bad, report.BadOnes);
        Remarks(output, "imported otherwise than they stand there", report.Noted, report.Notes);
    }

    private static void Remarks(TextWriter output, string what, long count, IReadOnlyList<Remark> remarks)
    {
        if (count == 0) return;
        output.WriteLine($"{count:N0} {what}:");
        foreach (var remark in remarks.Take(Printed)) output.WriteLine($"  at byte {remark.Offset}: {remark.Why}");
        if (count > Printed) output.WriteLine($"  and {count - Printed:N0} more; --json names {ImportReport.MaxRemarks:N0} of them");
    }

    private static JsonObject Json(ImportReport report, bool dry) => new()
    {
        ["dryRun"] = dry,
        ["read"] = report.Read,
        ["written"] = report.Written,
        ["known"] = report.Known,
        ["repeated"] = report.Repeated,
        ["attachments"] = report.Kept,
        ["attachmentsNamed"] = report.Named,
        ["pending"] = report.Pending,
        ["bad"] = report.Bad,
        ["noted"] = report.Noted,
        ["badOnes"] = Json(report.BadOnes),
        ["notes"] = Json(report.Notes),
    };

    private static JsonArray Json(IReadOnlyList<Remark> remarks) => new([.. remarks.Select(r => (JsonNode)new JsonObject { ["offset"] = r.Offset, ["why"] = r.Why })]);

    [GeneratedRegex("\\A[a-z0-9-]{1,64}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex Slug();
}
