using System.Globalization;
using System.Text;

namespace Connect.BoardWeb.Admission;

/// <summary>
/// A text as it is compared with the word list: its words in one spelling, with one space before and after each. Case makes no difference, nor does what is
/// invisible or drawn over a letter; everything that is no letter and no digit separates words. Scripts that put no spaces between words count letter by letter, so that a word of
/// theirs is found wherever it stands.
/// </summary>
public static class FoldedText
{
    /// <summary>The words of a text, each between single spaces; one space if there is none. Any text will do.</summary>
    public static string Of(string text)
    {
        var folded = new StringBuilder(" ", text.Length + 2);
        // Runes first: half a surrogate pair cannot be normalised. Without ICU, which the board runs without, normalising leaves texts as they are.
        foreach (var rune in string.Concat(text.EnumerateRunes()).Normalize(NormalizationForm.FormKC).EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) == UnicodeCategory.Format || rune.Value is (>= 0x0300 and <= 0x036F) or (>= 0x20D0 and <= 0x20FF) or (>= 0xFE00 and <= 0xFE0F)) continue;
            if (!IsPartOfWord(rune))
            {
                Space(folded);
                continue;
            }
            if (StandsAlone(rune)) Space(folded);
            // By way of the upper case: letters with two small forms become one.
            folded.Append(Rune.ToLowerInvariant(Rune.ToUpperInvariant(rune)).ToString());
            if (StandsAlone(rune)) Space(folded);
        }
        Space(folded);
        return folded.ToString();
    }

    private static void Space(StringBuilder folded)
    {
        if (folded[^1] != ' ') folded.Append(' ');
    }

    private static bool IsPartOfWord(Rune rune) => Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;

    /// <summary>Thai to Burmese, Khmer, Kana and Han.</summary>
    private static bool StandsAlone(Rune rune) => rune.Value is (>= 0x0E00 and <= 0x0EFF) or (>= 0x1000 and <= 0x109F) or (>= 0x1780 and <= 0x17FF)
        or (>= 0x3040 and <= 0x30FF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x4E00 and <= 0x9FFF) or (>= 0x20000 and <= 0x3FFFF);
}
