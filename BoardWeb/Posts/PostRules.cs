using System.Text;
using System.Text.RegularExpressions;

namespace Connect.BoardWeb.Posts;

/// <summary>What may be written. Lengths are in characters unless bytes are named.</summary>
public static partial class PostRules
{
    /// <summary>Bytes of a post's text in UTF-8. 32 KB.</summary>
    public const int MaxBodyBytes = 32 * 1024;

    public const int MaxTitle = 200;

    public const int MaxKey = 200;

    public const int MaxReason = 200;

    public const int MaxDescription = 400;

    public const int MaxQuoted = 2000;

    /// <summary>What is wrong with a post's text, or null; the second part is true if it is only too long.</summary>
    public static (string? Fault, bool TooLarge) Body(string? body)
    {
        if (string.IsNullOrWhiteSpace(body)) return ("A post needs a text.", false);
        var bytes = Encoding.UTF8.GetByteCount(body);
        if (bytes > MaxBodyBytes) return ($"A post may have at most {MaxBodyBytes:N0} bytes (32 KB); this one has {bytes:N0}.", true);
        return body.Contains('\0', StringComparison.Ordinal) ? ("A text cannot contain the character U+0000.", false) : (null, false);
    }

    /// <summary>The beginning of an answer that quotes a post: <see cref="MaxQuoted"/> characters of it at the most, the rest is there to be looked up.</summary>
    public static string Quote(string author, string body)
    {
        var text = body.ReplaceLineEndings("\n").Trim();
        if (text.Length > MaxQuoted) text = text[..(char.IsHighSurrogate(text[MaxQuoted - 1]) ? MaxQuoted - 1 : MaxQuoted)] + "…";
        return $"> **{author}**:\n> {text.Replace("\n", "\n> ", StringComparison.Ordinal)}\n\n";
    }

    /// <summary>What is wrong with a title, or null.</summary>
    public static string? Title(string? title)
    {
        if (string.IsNullOrWhiteSpace(title)) return "It needs a title.";
        if (title.Length > MaxTitle) return $"A title may have at most {MaxTitle} characters; this one has {title.Length}.";
        return title.Any(char.IsControl) ? "A title cannot contain control characters." : null;
    }

    /// <summary>What is wrong with the reason for a change, or null; it may be empty.</summary>
    public static string? Reason(string? reason) => reason?.Length > MaxReason ? $"A reason may have at most {MaxReason} characters; this one has {reason.Length}."
        : reason?.Any(char.IsControl) == true ? "A reason cannot contain control characters." : null;

    /// <summary>What is wrong with the line about a channel, or null; it may be empty.</summary>
    public static string? Description(string? description) => description?.Length > MaxDescription ? $"A description may have at most {MaxDescription} characters; this one has {description.Length}."
        : description?.Any(char.IsControl) == true ? "A description is one line without control characters." : null;

    /// <summary>What is wrong with a channel's slug, or null.</summary>
    public static string? Slug(string? slug) =>
        SlugPattern().IsMatch(slug ?? "") ? null : "A slug is 1 to 64 of a-z, 0-9 and '-'.";

    [GeneratedRegex("\\A[a-z0-9-]{1,64}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex SlugPattern();
}
