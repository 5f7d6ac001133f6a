using System.Text;

namespace Connect.BoardWeb.Search;

/// <summary>
/// Texts for an index that takes what stands between spaces for a word. Chinese and Japanese write no spaces: between their characters go some that nobody sees, so that each is a word and a
/// word of several is a phrase.
/// </summary>
public static class SearchText
{
    private const char Unseen = '\u200B';

    public static string Spaced(string text)
    {
        if (!text.Any(IsWritten)) return text;
        var spaced = new StringBuilder(text.Length * 2);
        foreach (var c in text)
        {
            if (IsWritten(c)) spaced.Append(Unseen).Append(c).Append(Unseen);
            else spaced.Append(c);
        }
        return spaced.ToString();
    }

    public static string Plain(string spaced) => spaced.Replace($"{Unseen}", "", StringComparison.Ordinal);

    /// <summary>Kana and the common ideographs, which lie in the basic plane.</summary>
    private static bool IsWritten(char c) => c is (>= '\u3040' and <= '\u30FF') or (>= '\u3400' and <= '\u4DBF') or (>= '\u4E00' and <= '\u9FFF') or (>= '\uF900' and <= '\uFAFF');
}
