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
        if (string.IsNullOrWhiteSpace(body)) return (T["BodyMissing"], false);
        var bytes = Encoding.UTF8.GetByteCount(body);
        if (bytes > MaxBodyBytes) return (T["BodyTooLong", MaxBodyBytes, bytes], true);
        return body.Contains('\0', StringComparison.Ordinal) ? (T["BodyNull"], false) : (null, false);
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
        if (string.IsNullOrWhiteSpace(title)) return T["TitleMissing"];
        if (title.Length > MaxTitle) return T["TitleTooLong", MaxTitle, title.Length];
        return title.Any(char.IsControl) ? T["TitleControl"] : null;
    }

    /// <summary>What is wrong with the reason for a change, or null; it may be empty.</summary>
    public static string? Reason(string? reason) => reason?.Length > MaxReason ? T["ReasonTooLong", MaxReason, reason.Length]
        : reason?.Any(char.IsControl) == true ? T["ReasonControl"] : null;

    /// <summary>What is wrong with the line about a channel, or null; it may be empty.</summary>
    public static string? Description(string? description) => description?.Length > MaxDescription ? T["DescriptionTooLong", MaxDescription, description.Length]
        : description?.Any(char.IsControl) == true ? T["DescriptionControl"] : null;

    /// <summary>What is wrong with a channel's slug, or null.</summary>
    public static string? Slug(string? slug) =>
        SlugPattern().IsMatch(slug ?? "") ? null : T["SlugInvalid"];

    [GeneratedRegex("\\A[a-z0-9-]{1,64}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex SlugPattern();
}
