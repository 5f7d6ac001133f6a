using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using MimeKit;

namespace Connect.RingDaemon.Archive;

/// <summary>
/// A mailbox as topics and posts of one channel. It is read twice: once for its headers, to know the threads, and once for the texts. Authors become accounts that nobody can sign in to; they are known by
/// their addresses, which are not shown.
/// </summary>
/// <param name="channel">The id of the channel.</param>
/// <param name="now">Mails are from before it.</param>
internal sealed class MboxSource(string file, Guid channel, DateTimeOffset now) : IArchiveSource
{
    private static readonly ParserOptions Options = MakeOptions();

    private static readonly JsonWriterOptions Written = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly HashSet<Guid> _authors = [];
    private long _position;

    static MboxSource() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    public long Length { get; } = new FileInfo(file).Length * 2;

    public long Position => Volatile.Read(ref _position);

    public IEnumerable<ArchiveItem> Read(ImportReport report, CancellationToken cancel)
    {
        var (threads, kept) = (new MailThreads(), new List<bool>());
        foreach (var (mail, headers) in Mails(report, 0, cancel)) kept.Add(headers is not null && threads.Add(headers));
        var threaded = threads.Thread();
        var (at, mails) = (0, 0);
        foreach (var (mail, headers) in Mails(null, Length / 2, cancel))
        {
            if (at >= kept.Count) yield break; // it grew meanwhile
            if (headers is null) at++;
            else if (kept[at++])
            {
                foreach (var item in Items(mail, headers, threaded[mails++], report)) yield return item;
            }
            else
            {
                report.Repeated++;
            }
        }
    }

    /// <param name="report">Null: it has been told already.</param>
    private IEnumerable<(RawMail Mail, MailHeaders? Headers)> Mails(ImportReport? report, long from, CancellationToken cancel)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1, FileOptions.SequentialScan);
        var reader = new MboxReader(stream);
        DateTimeOffset? previous = null;
        foreach (var mail in reader.Read())
        {
            cancel.ThrowIfCancellationRequested();
            Volatile.Write(ref _position, from + reader.Position);
            MailHeaders? headers = null;
            try
            {
                headers = MailHeaders.Of(mail, previous, now);
                previous = headers.Time;
                if (headers.TimeNote is { } note) report?.Note(mail.Offset, note);
                if (mail.IsCut) report?.Note(mail.Offset, $"It is larger than {MboxReader.MaxMail >> 20} MiB: what comes after that was not read.");
            }
            catch (Exception e) when (IsBadMail(e))
            {
                report?.Refuse(mail.Offset, e.Message);
            }
            if (report is not null) report.Read++;
            yield return (mail, headers);
        }
        if (reader.Before > 0) report?.Refuse(0, $"{reader.Before} bytes before the first mail (a line like \"From ann@example.org Mon Jan  5 10:00:00 2004\") belong to none.");
    }

    private IEnumerable<ArchiveItem> Items(RawMail mail, MailHeaders headers, ThreadedMail thread, ImportReport report)
    {
        var author = DerivedId.Of(DateTimeOffset.UnixEpoch, "author", headers.AuthorKey);
        if (_authors.Add(author)) yield return Item(mail, "account", author, json => json.WriteString("name", headers.AuthorName));
        if (thread.Root)
        {
            yield return Item(mail, "topic", thread.Topic, json =>
            {
                json.WriteString("channel", channel);
                json.WriteString("author", author);
                json.WriteString("title", MailHeaders.Title(headers.Subject));
            });
        }
        var files = new MailAttachments(headers.Key, headers.Time, author, (type, id, fields) => Item(mail, type, id, fields));
        var text = Text(mail, files, report);
        report.Kept += files.Kept;
        report.Named += text.Attachments - files.Kept;
        foreach (var item in files.Items) yield return item;
        if (text.IsCut) report.Note(mail.Offset, "Its text is longer than a post may be (32 KB): the rest is left out.");
        yield return Item(mail, "post", thread.Post, json =>
        {
            json.WriteString("topic", thread.Topic);
            json.WriteString("author", author);
            if (thread.InReplyTo is { } reply) json.WriteString("inReplyTo", reply);
            json.WriteString("body", text.Body);
        });
    }

    /// <summary>A mail whose text cannot be read keeps its place in the thread.</summary>
    private static MailText.Result Text(RawMail mail, MailAttachments files, ImportReport report)
    {
        try
        {
            using var stream = Streams.Of(mail.Bytes);
            using var message = MimeMessage.Load(Options, stream, persistent: true);
            return MailText.Of(message, files.Keep);
        }
        catch (Exception e) when (IsBadMail(e))
        {
            report.Refuse(mail.Offset, $"Its text cannot be read: {e.Message}");
            return new("*(the text of this mail cannot be read)*", 0, false);
        }
    }

    /// <summary>What parsers throw at nonsense. A defect of ours is none of it.</summary>
    private static bool IsBadMail(Exception e) => e is FormatException or NotSupportedException or DecoderFallbackException or IOException;

    private static ArchiveItem Item(RawMail mail, string type, Guid id, Action<Utf8JsonWriter> fields)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Written))
        {
            json.WriteStartObject();
            json.WriteString("type", type);
            json.WriteString("id", id);
            fields(json);
            json.WriteEndObject();
        }
        buffer.Write("\n"u8);
        return new(buffer.WrittenMemory, mail.Offset);
    }

    private static ParserOptions MakeOptions()
    {
        var options = ParserOptions.Default.Clone();
        options.MaxMimeDepth = 64;
        return options;
    }
}
