using System.CommandLine;
using Connect.RingDaemon.Archive;

namespace Connect.RingDaemon.Cli.Verbs;

/// <summary><c>export</c>: the board, or one channel of it, in a file.</summary>
internal static class ExportVerb
{
    public static Command Create()
    {
        var to = new Option<string?>("--out") { Description = "The file to write (default: standard output); it must not be there yet", HelpName = "FILE" };
        var channel = new Option<string?>("--channel") { Description = "Only this channel, as mbox", HelpName = "SLUG" };
        var format = new Option<string?>("--format") { Description = "jsonl (the whole board, to be imported into another) or mbox (a channel, for mail programs)" };
        format.AcceptOnlyFromAmong("jsonl", "mbox");
        var command = new Command("export", "Write the board to a file: accounts without secrets, channels, topics, posts, and what became of them.") { to, channel, format };
        var options = RingOptions.AddTo(command, json: false);
        var board = BoardOptions.AddTo(command, options);
        Examples.Add(command, ("./connect export --out board.jsonl", "everything, a JSON object a line"), ("./connect export --channel general --format mbox --out general.mbox", "a channel as a mailbox"),
            ("./connect export | gzip > board.jsonl.gz", "the same, packed"));
        command.SetAction(async (parse, cancel) =>
        {
            var (file, slug) = (parse.GetValue(to), parse.GetValue(channel));
            var mbox = (parse.GetValue(format) ?? (slug is null ? "jsonl" : "mbox")) == "mbox";
            if (mbox && slug is null) throw new UsageException("Say which channel: --channel SLUG. The whole board is written as jsonl.");
            if (!mbox && slug is not null) throw new UsageException("A single channel is written as mbox: --format mbox.");
            if (file is not null && Path.Exists(file)) throw new UsageException($"There is a file {file} already.");
            var (url, token) = await board.ReadAsync(parse, cancel);
            var path = mbox ? $"/api/v1/channels/{Uri.EscapeDataString(slug!)}/export.mbox" : "/api/v1/export";
            using var client = new BoardClient(url, token);
            var lines = 0L;
            await TransferDisplay.RunAsync(parse.InvocationConfiguration.Error, "Exporting", "lines", () => new(null, Volatile.Read(ref lines)), async () =>
            {
                using var answer = await client.DownloadAsync(path, cancel);
                void Count(ReadOnlyMemory<byte> bytes) => Volatile.Write(ref lines, lines + bytes.Span.Count((byte)'\n'));
                if (file is null)
                {
                    await using var standard = Standard(parse.InvocationConfiguration.Output);
                    await client.CopyAsync(answer, standard, Count, cancel);
                    return;
                }
                // Under its own name it is only found whole.
                var part = file + ".part";
                await using (var stream = new FileStream(part, FileMode.Create, FileAccess.Write)) await client.CopyAsync(answer, stream, Count, cancel);
                File.Move(part, file, overwrite: false);
            });
            return ExitCodes.Done;
        });
        return command;
    }

    private static Stream Standard(TextWriter output) => ReferenceEquals(output, Console.Out) ? Console.OpenStandardOutput() : new TextStream(output);

    /// <summary>Bytes of UTF-8 into a writer, for whoever took the place of the terminal.</summary>
    private sealed class TextStream(TextWriter writer) : MemoryStream
    {
        protected override void Dispose(bool disposing)
        {
            if (disposing) writer.Write(System.Text.Encoding.UTF8.GetString(GetBuffer(), 0, (int)Length));
            base.Dispose(disposing);
        }
    }
}
