using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Connect.RingDaemon.Archive;

/// <summary>One mail of a mailbox, as it was.</summary>
/// <param name="Offset">Of its first line, in bytes.</param>
/// <param name="Marker">The line before it, which begins with <c>From </c>.</param>
/// <param name="Bytes">Without the quoting of such lines in it; cut at <see cref="MboxReader.MaxMail"/>.</param>
/// <param name="IsCut">There was more.</param>
internal sealed record RawMail(long Offset, string Marker, ReadOnlyMemory<byte> Bytes, bool IsCut);

/// <summary>
/// Takes a mailbox apart, one mail in memory at a time. A mail begins at a line like <c>From ann@example.org Mon Jan  5 10:00:00 2004</c> after an empty line; a line without a time and a
/// year is text, for many archives do not quote. Lines that were quoted (<c>&gt;From </c>, <c>&gt;&gt;From </c>) lose one mark.
/// </summary>
internal sealed partial class MboxReader(Stream stream)
{
    /// <summary>Bytes of a mail that are read. 32 MiB.</summary>
    public const int MaxMail = 32 << 20;

    /// <summary>Bytes of one header, and of all of them; parsers take time that grows with their square. What is beyond is left out.</summary>
    public const int MaxHeader = 64 << 10, MaxHeaders = 1 << 20;

    private const int MaxMarker = 1000;

    private readonly LineReader _lines = new(stream);

    /// <summary>How far it has been read, in bytes.</summary>
    public long Position => _lines.Position;

    /// <summary>What stands before the first mail, in bytes; it belongs to none.</summary>
    public long Before { get; private set; }

    public IEnumerable<RawMail> Read()
    {
        var mail = new ArrayBufferWriter<byte>(1 << 16);
        string? marker = null;
        var (offset, cut, atLineStart, afterBlank) = (0L, false, true, true);
        var (inHeaders, header) = (false, 0);
        while (true)
        {
            var at = Position;
            var line = _lines.Next();
            if (line.IsEmpty) break;
            if (atLineStart && afterBlank && IsMarker(line.Span))
            {
                if (marker is not null) yield return new(offset, marker, mail.WrittenMemory.ToArray(), cut);
                (marker, offset, cut) = (Encoding.Latin1.GetString(line.Span).TrimEnd(), at, false);
                mail.ResetWrittenCount();
                (inHeaders, header) = (true, 0);
            }
            else if (marker is null)
            {
                Before += line.Length;
            }
            else if (mail.WrittenCount + line.Length > MaxMail)
            {
                cut = true;
            }
            else if (inHeaders)
            {
                inHeaders = !(atLineStart && line.Span.Trim("\r\n"u8).IsEmpty);
                // A line that begins with white space goes on with the header above it.
                header = atLineStart && line.Span[0] is not ((byte)' ' or (byte)'\t') ? line.Length : header + line.Length;
                if (!inHeaders || (header <= MaxHeader && mail.WrittenCount + line.Length <= MaxHeaders)) mail.Write(line.Span);
            }
            else
            {
                mail.Write(atLineStart && IsQuotedMarker(line.Span) ? line.Span[1..] : line.Span);
            }
            afterBlank = atLineStart && line.Span.Trim("\r\n"u8).IsEmpty;
            atLineStart = line.Span[^1] == (byte)'\n';
        }
        if (marker is not null) yield return new(offset, marker, mail.WrittenMemory.ToArray(), cut);
    }

    /// <summary>When a marker says that its mail arrived; null if it does not say. Without a zone it is taken for UTC.</summary>
    public static DateTimeOffset? TimeOf(string marker)
    {
        if (Date().Match(marker) is not { Success: true } found) return null;
        var text = $"{found.Groups["day"].Value} {found.Groups["month"].Value} {found.Groups["year"].Value} {found.Groups["time"].Value}";
        return DateTimeOffset.TryParseExact(text, ["d MMM yyyy H:mm:ss", "d MMM yyyy H:mm"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
    }

    private static bool IsMarker(ReadOnlySpan<byte> line)
    {
        if (line.Length > MaxMarker || !line.StartsWith("From "u8)) return false;
        return Marker().IsMatch(Encoding.Latin1.GetString(line).TrimEnd());
    }

    private static bool IsQuotedMarker(ReadOnlySpan<byte> line) => line[0] == (byte)'>' && line.TrimStart((byte)'>').StartsWith("From "u8);

    [GeneratedRegex(@"^From .*\d:\d\d.*\b(19|20)\d\d\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Marker();

    [GeneratedRegex(@"\b(?<month>[A-Z][a-z]{2}) +(?<day>\d{1,2}) +(?<time>\d{1,2}:\d\d(:\d\d)?)( +[A-Z+\-0-9]+)? +(?<year>\d{4})", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Date();
}
