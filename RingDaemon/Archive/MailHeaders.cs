using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using MimeKit;
using MimeKit.Utils;

namespace Connect.RingDaemon.Archive;

/// <summary>What the headers of a mail say that the board needs.</summary>
/// <param name="Key">Its Message-ID, or a hash of the whole mail if it has none.</param>
/// <param name="References">Mails before it in its thread: the nearest last; at most <see cref="MaxReferences"/>.</param>
/// <param name="Subject">Decoded, without line breaks; may be empty.</param>
/// <param name="Time">Between 1970 and now.</param>
/// <param name="TimeNote">Why it is not the time of its Date; null if it is.</param>
internal sealed partial record MailHeaders(string Key, IReadOnlyList<string> References, string Subject, string AuthorKey, string AuthorName, DateTimeOffset Time, string? TimeNote)
{
    /// <summary>References that are looked at: the first, which is the thread's, and the nearest ones.</summary>
    public const int MaxReferences = 32;

    /// <summary>Characters of a name on the board.</summary>
    private const int MaxName = 40;

    /// <summary>Nobody can choose a name with brackets, so nobody here can pass for the author of a mail, or the other way round.</summary>
    private const string NameSuffix = " (mail)";

    /// <summary>A Date that is further ahead of the arrival is the sender's clock.</summary>
    private static readonly TimeSpan ClockSlack = TimeSpan.FromDays(1);

    /// <summary>The subject without "Re:" and the like, in small letters: what answers without references have in common with what they answer.</summary>
    public string BaseSubject => Base(Subject).ToLowerInvariant();

    public bool IsReply => Reply().IsMatch(Subject);

    /// <exception cref="FormatException">These are no headers of a mail.</exception>
    public static MailHeaders Of(RawMail mail, DateTimeOffset? previous, DateTimeOffset now)
    {
        using var stream = Streams.Of(mail.Bytes);
        var headers = HeaderList.Load(stream);
        if (headers.Count == 0) throw new FormatException("It has no headers.");
        if (!headers.Contains(HeaderId.From) && !headers.Contains(HeaderId.Date) && !headers.Contains(HeaderId.Subject)) throw new FormatException("It has neither From, nor Date, nor Subject.");
        var id = headers[HeaderId.MessageId] is { } text ? MimeUtils.ParseMessageId(text) : null;
        var references = MimeUtils.EnumerateReferences(headers[HeaderId.References] ?? "").Concat(MimeUtils.EnumerateReferences(headers[HeaderId.InReplyTo] ?? "").Take(1)).ToList();
        if (references.Count > MaxReferences) references = [references[0], .. references[^(MaxReferences - 1)..]];
        var (time, note) = TimeOf(headers, mail.Marker, previous, now);
        var (author, name) = AuthorOf(headers);
        return new(string.IsNullOrEmpty(id) ? $"sha256:{Convert.ToHexString(SHA256.HashData(mail.Bytes.Span))}" : id, references, OneLine(headers[HeaderId.Subject]), author, name, time, note);
    }

    /// <summary>A subject as a title of at most 200 characters.</summary>
    public static string Title(string subject) => Base(subject) is { Length: > 0 } text ? Cut(text, 200) : "(no subject)";

    /// <summary>At most so many characters, and none of them halved.</summary>
    public static string Cut(string text, int max) => text.Length <= max ? text : text[..(char.IsHighSurrogate(text[max - 2]) ? max - 2 : max - 1)] + "…";

    /// <summary>
    /// The Date, unless it lies before 1970, in the future, or well after the mail's arrival; then the arrival, else the time of the mail before it, else 1970. None of it depends on when
    /// the mail is imported (but for a mail that arrived in the future), so the next import makes the same id.
    /// </summary>
    private static (DateTimeOffset Time, string? Note) TimeOf(HeaderList headers, string marker, DateTimeOffset? previous, DateTimeOffset now)
    {
        var said = Parsed(headers[HeaderId.Date]);
        var received = headers[HeaderId.Received] ?? "";
        var arrived = Parsed(received[(received.LastIndexOf(';') + 1)..]) ?? (MboxReader.TimeOf(marker) is { } told && IsPossible(told) ? told : null);
        if (said is { } sent && !(sent > arrived + ClockSlack)) return (sent, null);
        var why = headers[HeaderId.Date] is { } wrong ? $"its Date is {Cut(OneLine(wrong), 60)}" : "it has no Date";
        return arrived is { } there ? (there, $"{why}: the time of its arrival counts")
            : previous is { } before ? (before, $"{why}: the time of the mail before it counts") : (DateTimeOffset.UnixEpoch, $"{why}: 1970 counts");

        DateTimeOffset? Parsed(string? text) => DateUtils.TryParse(text ?? "", out var time) && IsPossible(time) ? time.ToUniversalTime() : null;

        bool IsPossible(DateTimeOffset time) => time >= DateTimeOffset.UnixEpoch && time <= now;
    }

    private static (string Key, string Name) AuthorOf(HeaderList headers)
    {
        var from = headers.FirstOrDefault(h => h.Id == HeaderId.From) ?? headers.FirstOrDefault(h => h.Id == HeaderId.Sender);
        // Archives on the web write "ann at example.org (Ann)".
        var found = from is not null && (from.RawValue.AsSpan().Contains((byte)'@') ? InternetAddressList.TryParse(from.RawValue, out var list)
            : InternetAddressList.TryParse(Disguised().Replace(from.Value, "$1@$2", 1), out list)) ? list : null;
        var mailbox = found?.Mailboxes.FirstOrDefault();
        var address = mailbox?.Address?.Trim().ToLowerInvariant() ?? "";
        var name = OneLine(mailbox?.Name).Trim('"', '\'', ' ');
        // An address is nobody's name: it is not shown.
        if (name.Length == 0 || name.Contains('@', StringComparison.Ordinal)) name = address.Split('@')[0];
        if (name.Length == 0) name = "unknown";
        return (address.Length > 0 ? address : $"name:{name}", Cut(name, MaxName - NameSuffix.Length).TrimEnd() + NameSuffix);
    }

    private static string Base(string subject)
    {
        while (Reply().Match(subject) is { Success: true } prefix) subject = subject[prefix.Length..];
        return subject.Trim();
    }

    /// <summary>Without control characters, directions of writing and halves of characters.</summary>
    private static string OneLine(string? text)
    {
        var line = new StringBuilder();
        foreach (var rune in (text ?? "").EnumerateRunes())
        {
            if (line.Length > 4000) break;
            if (Rune.IsWhiteSpace(rune) || Rune.IsControl(rune)) line.Append(line is [.., ' '] ? "" : " ");
            else if (Rune.GetUnicodeCategory(rune) is not UnicodeCategory.Format) line.Append(rune);
        }
        return line.ToString().Trim();
    }

    [GeneratedRegex(@"^\s*(re|aw|sv|antw|odp|rv|fwd?|wg)(\[\d+\])?\s*:\s*", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Reply();

    [GeneratedRegex(@"^\s*(\S+) at (\S+)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Disguised();
}
