using System.Text;

namespace Connect.BoardWeb.Search;

/// <summary>
/// What somebody looks for: words (all of them), "phrases in quotes", words without -others, and beginn* of words. Whatever is typed becomes words in quotes: nothing of it reaches the
/// index as syntax.
/// </summary>
public sealed record SearchQuery(string Text, IReadOnlyList<string> Wanted, IReadOnlyList<string> Unwanted)
{
    /// <summary>Characters.</summary>
    public const int MaxLength = 200;

    /// <summary>Words and phrases; the rest is left out.</summary>
    public const int MaxTerms = 16;

    /// <summary>What is looked for in these columns of the index.</summary>
    public string In(string columns)
    {
        var wanted = $"({{{columns}}} : ({string.Join(" AND ", Wanted)}))";
        return Unwanted.Count == 0 ? wanted : $"({wanted} NOT ({{{columns}}} : ({string.Join(" OR ", Unwanted)})))";
    }

    /// <summary>Reads what was typed.</summary>
    /// <returns>The query, or why there is none, in words.</returns>
    public static (SearchQuery? Query, string? Fault) Parse(string? text)
    {
        text = text?.Trim() ?? "";
        if (text.Length == 0) return (null, null);
        if (text.Length > MaxLength) return (null, T["SearchTooLong", MaxLength]);
        var (wanted, unwanted) = (new List<string>(), new List<string>());
        foreach (var (term, not) in Terms(text).Take(MaxTerms)) (not ? unwanted : wanted).Add(term);
        return wanted.Count == 0 ? (null, T["SearchNoWord"]) : (new(text, wanted, unwanted), null);
    }

    private static IEnumerable<(string Term, bool Not)> Terms(string text)
    {
        for (var i = 0; i < text.Length;)
        {
            if (char.IsWhiteSpace(text[i]))
            {
                i++;
                continue;
            }
            var not = text[i] == '-';
            if (not) i++;
            var quoted = i < text.Length && text[i] == '"';
            var end = quoted ? text.IndexOf('"', i + 1) : text.AsSpan(i).IndexOfAny(' ', '\t', '"') is var gap && gap < 0 ? -1 : i + gap;
            var word = text[(quoted ? i + 1 : i)..(end < 0 ? text.Length : end)];
            i = end < 0 ? text.Length : quoted ? end + 1 : end;
            if (!word.EnumerateRunes().Any(Rune.IsLetterOrDigit)) continue;
            yield return (Quoted(SearchText.Spaced(word)) + (!quoted && word.EndsWith('*') ? "*" : ""), not);
        }
    }

    private static string Quoted(string word) => $"\"{word.Replace("\"", "\"\"", StringComparison.Ordinal).Replace('\0', ' ')}\"";
}
