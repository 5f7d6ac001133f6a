using System.Globalization;
using System.Text.RegularExpressions;

namespace Connect.RingDaemon.Archive;

/// <summary>Finds patches in the text of a mail: their lines would become lists, headings and bold words in Markdown. How long one is stands in its own lines.</summary>
internal static partial class UnifiedDiff
{
    /// <summary>Beginnings of lines between <c>diff --git</c> and the first change.</summary>
    private static readonly string[] Headers =
        ["index ", "new file mode ", "deleted file mode ", "old mode ", "new mode ", "similarity index ", "dissimilarity index ", "rename from ", "rename to ", "copy from ", "copy to ", "Binary files ", "====="];

    /// <summary>How many lines from here on are a patch, or a part of one: 0 if none begins here.</summary>
    /// <param name="line">The lines from here on, by their number; null where the text, or its quote, ends.</param>
    public static int Length(Func<int, string?> line)
    {
        for (var length = 0; ;)
        {
            var at = length;
            // The second is also how people begin a sentence.
            var isFile = Is(at, "diff --git ") || (Is(at, "Index: ") && Is(at + 1, "====="));
            if (isFile) at++;
            while (isFile && Headers.Any(h => Is(at, h))) at++;
            if (Is(at, "--- ") && Is(at + 1, "+++ ") && IsHunk(at + 2)) at += 2;
            if (!isFile && !IsHunk(at)) return length;
            while (line(at) is { } head && Hunk().Match(head) is { Success: true } hunk) at = AfterHunk(at + 1, Count(hunk.Groups["old"]), Count(hunk.Groups["new"]));
            length = at;
        }

        bool Is(int at, string beginning) => line(at)?.StartsWith(beginning, StringComparison.Ordinal) == true;

        bool IsHunk(int at) => line(at) is { } text && Hunk().IsMatch(text);

        int AfterHunk(int at, int old, int added)
        {
            while ((old > 0 || added > 0) && line(at) is { } text)
            {
                // Programs that send mails take the space from an empty line, and break long ones: there the patch ends.
                if (text is "" or [' ', ..]) (old, added) = (old - 1, added - 1);
                else if (text[0] == '-') old--;
                else if (text[0] == '+') added--;
                else if (text[0] != '\\') break;
                at++;
            }
            return line(at) is ['\\', ' ', ..] ? at + 1 : at;
        }
    }

    /// <summary>Left out, it is 1.</summary>
    private static int Count(Group lines) => !lines.Success ? 1 : int.TryParse(lines.ValueSpan, CultureInfo.InvariantCulture, out var count) ? count : 0;

    [GeneratedRegex(@"^@@ -\d+(,(?<old>\d+))? \+\d+(,(?<new>\d+))? @@", RegexOptions.CultureInvariant)]
    private static partial Regex Hunk();
}
