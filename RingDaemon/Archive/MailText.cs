using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using MimeKit;
using MimeKit.IO;
using MimeKit.Text;

namespace Connect.RingDaemon.Archive;

/// <summary>
/// A mail's text as Markdown that reads like the mail: of alternatives the plain one, parts that are texts one after the other, everything else as a file of the post, or named with its size. Quotes are quotes, signatures
/// stay, and what Markdown would take for a heading is marked so that it is none.
/// </summary>
internal static partial class MailText
{
    /// <summary>Bytes of a post, in UTF-8 (PostRules of the board): a longer mail is cut.</summary>
    public const int MaxBytes = 32 * 1024;

    private const int MaxDepth = 20, MaxParts = 100;

    /// <summary>Marks of quotes on one line; the board shows a text with more as it was typed.</summary>
    private const int MaxQuotes = 20;

    /// <param name="Attachments">Parts that are no text of the mail, kept or not.</param>
    /// <param name="IsCut">It was longer than a post may be.</param>
    public sealed record Result(string Body, int Attachments, bool IsCut);

    /// <param name="mail">What it is the text of.</param>
    /// <param name="keep">Keeps an attachment, and returns what the text says of it; or null, then it is named.</param>
    public static Result Of(MimeMessage mail, Func<MimePart, string?> keep)
    {
        var (texts, attachments) = (new List<string>(), new List<string>());
        Collect(mail.Body, texts, attachments, keep, 0);
        var text = Markdown(string.Join("\n\n", texts));
        // Of a mail that is too long the end of its text is left out, not what hangs on it.
        var links = string.Join("\n\n", attachments);
        var room = MaxBytes - Encoding.UTF8.GetByteCount(links) - 2;
        var keepsLinks = room >= MaxBytes / 2;
        var (body, cut) = keepsLinks ? Cut(text, room) : Cut(Joined(text, links), MaxBytes);
        if (keepsLinks) body = Joined(body, links);
        return new(body.Length > 0 ? body : "*(no text)*", attachments.Count, cut);
    }

    private static string Joined(params string[] paragraphs) => string.Join("\n\n", paragraphs.Where(p => p.Length > 0));

    private static void Collect(MimeEntity? entity, List<string> texts, List<string> attachments, Func<MimePart, string?> keep, int depth)
    {
        if (depth > MaxDepth || texts.Count + attachments.Count >= MaxParts) return;
        switch (entity)
        {
            case MultipartAlternative alternative when Alternative(alternative, depth) is { } best:
                Collect(best, texts, attachments, keep, depth + 1);
                break;
            case MultipartRelated { Root: { } root }:
                Collect(root, texts, attachments, keep, depth + 1); // its other parts are pictures in a text that is not shown
                break;
            case Multipart parts:
                foreach (var part in parts) Collect(part, texts, attachments, keep, depth + 1);
                break;
            case TextPart { IsAttachment: false } text when string.IsNullOrEmpty(text.FileName) && (text.IsPlain || text.IsHtml || text.IsFlowed):
                texts.Add(TextOf(text));
                break;
            case MessagePart forwarded:
                attachments.Add($"[attachment: {Name(forwarded.Message?.Subject is { Length: > 0 } subject ? subject : "a mail")}.eml, {Size(forwarded)}]");
                break;
            case MimePart part:
                attachments.Add(keep(part) ?? $"[attachment: {Name(part.FileName is { Length: > 0 } name ? name : part.ContentType.MimeType)}, {Size(part)}]");
                break;
        }
    }

    /// <summary>The plain text, else the HTML, else whatever was written last.</summary>
    private static MimeEntity? Alternative(MultipartAlternative parts, int depth) => parts.FirstOrDefault(p => Holds(p, t => t.IsPlain, depth)) ?? parts.FirstOrDefault(p => Holds(p, t => t.IsHtml, depth)) ?? parts.LastOrDefault();

    private static bool Holds(MimeEntity entity, Func<TextPart, bool> text, int depth) => depth <= MaxDepth && entity switch
    {
        TextPart part => text(part),
        Multipart parts => parts.Any(p => Holds(p, text, depth + 1)),
        _ => false,
    };

    private static string TextOf(TextPart part)
    {
        var text = Decoded(part);
        if (part.IsHtml) return HtmlText.Of(text);
        if (!part.IsFlowed) return text;
        var deletes = part.ContentType.Parameters.TryGetValue("delsp", out string? delete) && delete.Equals("yes", StringComparison.OrdinalIgnoreCase);
        return Unflowed(text, deletes);
    }

    /// <summary>In the encoding that the part names; UTF-8 if its bytes are that, else Latin-1, if it names none or one that nobody knows.</summary>
    internal static string Decoded(TextPart part)
    {
        try
        {
            if (part.ContentType.Charset is { Length: > 0 } charset) return part.GetText(Encoding.GetEncoding(charset));
        }
        catch (ArgumentException)
        {
            // Nobody knows it.
        }
        return part.Text ?? "";
    }

    /// <summary>Joins the lines of a paragraph (RFC 3676): those that end with a space go on, if the next one is quoted as deeply.</summary>
    private static string Unflowed(string text, bool deleteSpace)
    {
        var joined = new StringBuilder();
        var (goesOn, depth) = (false, 0);
        foreach (var line in text.ReplaceLineEndings("\n").Split('\n'))
        {
            var quotes = line.Length - line.TrimStart('>').Length;
            var content = line[quotes..];
            if (content.StartsWith(' ')) content = content[1..];
            var signature = content == "-- ";
            if (goesOn && quotes == depth && !signature) joined.Append(content);
            else joined.Append(joined.Length > 0 ? "\n" : "").Append('>', quotes).Append(quotes > 0 ? " " : "").Append(content);
            (goesOn, depth) = (content.EndsWith(' ') && !signature, quotes);
            if (goesOn && deleteSpace) joined.Length--;
        }
        return joined.ToString();
    }

    /// <summary>Plain text with marks of quotes, as Markdown; patches in it as code.</summary>
    internal static string Markdown(string text)
    {
        List<Line> lines = [.. text.ReplaceLineEndings("\n").Split('\n').Select(LineOf)];
        var written = new StringBuilder();
        var (depth, blank) = (0, true);
        for (var i = 0; i < lines.Count; i++)
        {
            var (quotes, content) = lines[i];
            if (content.Length == 0 && quotes == 0)
            {
                if (!blank) written.Append('\n');
                (blank, depth) = (true, 0);
                continue;
            }
            // In Markdown a line without marks goes on with a quote above it: an empty line ends it.
            if (quotes < depth && !blank) written.Append('>', quotes).Append('\n');
            (blank, depth) = (false, quotes);
            var first = i;
            if (UnifiedDiff.Length(n => first + n < lines.Count && lines[first + n].Quotes == quotes ? lines[first + n].Content : null) is > 0 and var patch)
            {
                var code = lines.GetRange(i, patch);
                var fence = Fence(code);
                foreach (var line in (string[])[fence + "diff", .. code.Select(l => l.Content), fence]) Write(quotes, line);
                i += patch - 1;
                continue;
            }
            // A signature's line, a rule or a "#" at the beginning of a line would make a heading of this line, or of the one before it.
            Write(quotes, Heading().IsMatch(content) ? content.Insert(content.Length - content.TrimStart().Length, "\\") : content);
        }
        return written.ToString().Trim('\n');

        void Write(int quotes, string content)
        {
            if (quotes > 0) written.Append('>', quotes).Append(content.Length > 0 ? " " : "");
            written.Append(content).Append('\n');
        }
    }

    private static Line LineOf(string given)
    {
        var line = Clean(given);
        var marks = Quotes().Match(line);
        var quotes = Math.Min(MaxQuotes, marks.Value.Count(c => c == '>'));
        var content = (quotes == 0 ? line : line[marks.Length..]).TrimEnd();
        return new(quotes, quotes > 0 && content.StartsWith(' ') ? content[1..] : content);
    }

    /// <summary>One that none of these lines ends.</summary>
    private static string Fence(List<Line> lines) => new('`', Math.Max(3, 1 + lines.Max(l => Ticks().Matches(l.Content).Select(m => m.Length).DefaultIfEmpty().Max())));

    /// <param name="Content">Without the marks.</param>
    private readonly record struct Line(int Quotes, string Content);

    private static string Clean(string line)
    {
        if (line.All(c => c == '\t' || (!char.IsControl(c) && !char.IsSurrogate(c) && c != '\u2028'))) return line;
        var clean = new StringBuilder(line.Length);
        foreach (var rune in line.EnumerateRunes())
            if (rune.Value == '\t' || !Rune.IsControl(rune)) clean.Append(rune);
        return clean.ToString();
    }

    private static (string Body, bool IsCut) Cut(string body, int max)
    {
        if (Encoding.UTF8.GetByteCount(body) <= max) return (body, false);
        const string note = "\n\n[The rest of this mail is longer than a post may be, and is not here.]";
        var bytes = Encoding.UTF8.GetBytes(body);
        var end = max - note.Length;
        while ((bytes[end] & 0xC0) == 0x80) end--;
        return (Encoding.UTF8.GetString(bytes, 0, end).TrimEnd() + note, true);
    }

    /// <summary>A name on one line; what Markdown would take for a mark is none.</summary>
    private static string Name(string name)
    {
        var plain = new StringBuilder();
        foreach (var rune in MailHeaders.Cut(name, 100).EnumerateRunes())
        {
            if (Rune.IsControl(rune) || Rune.GetUnicodeCategory(rune) == UnicodeCategory.Format) continue;
            if (rune.Value is '[' or ']' or '*' or '_' or '`' or '<' or '>' or '\\' or '~' or ':') plain.Append('\\');
            plain.Append(rune);
        }
        return plain.ToString();
    }

    private static string Size(MimeEntity entity)
    {
        using var measured = new MeasuringStream();
        if (entity is MimePart part) part.Content?.DecodeTo(measured);
        else entity.WriteTo(measured);
        return measured.Length switch
        {
            < 1024 => string.Create(CultureInfo.InvariantCulture, $"{measured.Length} bytes"),
            < 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{measured.Length / 1024.0:0.#} KB"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{measured.Length / 1024.0 / 1024.0:0.#} MB"),
        };
    }

    [GeneratedRegex(@"^( ?>)*", RegexOptions.CultureInvariant)]
    private static partial Regex Quotes();

    [GeneratedRegex("`+", RegexOptions.CultureInvariant)]
    private static partial Regex Ticks();

    [GeneratedRegex(@"^ {0,3}(#{1,6}(\s|$)|-+\s*$|=+\s*$)", RegexOptions.CultureInvariant)]
    private static partial Regex Heading();
}
