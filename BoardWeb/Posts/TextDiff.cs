using System.Text;
using System.Text.Encodings.Web;
using DiffPlex;
using DiffPlex.Chunkers;
using DiffPlex.DiffBuilder;
using DiffPlex.DiffBuilder.Model;

namespace Connect.BoardWeb.Posts;

/// <summary>What an edit changed, word by word.</summary>
public static class TextDiff
{
    /// <summary>Words of both texts together that are compared one by one; the work can grow with their product. Longer texts are compared line by line.</summary>
    private const int MaxWords = 4000;

    private static readonly char[] Separators = [.. " \t\n.,;:!?()[]{}\"'"];

    /// <summary>Both texts in one, encoded: what is gone in <c>del</c>, what is new in <c>ins</c>.</summary>
    public static string ToHtml(string before, string after)
    {
        // A text that a browser sent has other line ends than the same one sent by a program.
        (before, after) = (before.ReplaceLineEndings("\n"), after.ReplaceLineEndings("\n"));
        var isLong = before.Count(char.IsWhiteSpace) + after.Count(char.IsWhiteSpace) > MaxWords;
        IChunker chunker = isLong ? new LineEndingsPreservingChunker() : new DelimiterChunker(Separators);
        var html = new StringBuilder();
        ChangeType? open = null;
        foreach (var piece in InlineDiffBuilder.Diff(before, after, ignoreWhiteSpace: false, ignoreCase: false, chunker).Lines)
        {
            if (piece.Type != open)
            {
                html.Append(End(open)).Append(piece.Type switch { ChangeType.Inserted => "<ins>", ChangeType.Deleted => "<del>", _ => "" });
                open = piece.Type;
            }
            html.Append(HtmlEncoder.Default.Encode(piece.Text));
        }
        return html.Append(End(open)).ToString();
    }

    private static string End(ChangeType? open) => open switch { ChangeType.Inserted => "</ins>", ChangeType.Deleted => "</del>", _ => "" };
}
