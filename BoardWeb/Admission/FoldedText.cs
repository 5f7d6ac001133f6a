using System.Globalization;
using System.Text;

namespace Connect.BoardWeb.Admission;

/// <summary>
/// A text as it is compared with the word list: its words in one spelling, with one space before and after each. Width, style and case of letters make no difference, nor does what is
/// invisible or drawn over a letter, in one character with it or in one of its own; everything that is no letter and no digit separates words. Scripts that put no spaces between words count letter by letter, so that a word of
/// theirs is found wherever it stands.
/// </summary>
public static class FoldedText
{
    /// <summary>Letters without what is drawn over them, from U+00C0 and from U+1E00 on. The board runs without ICU, so nothing else here can decompose them.</summary>
    private const string Latin = "AAAAAAÆCEEEEIIIIÐNOOOOO×ØUUUUYÞßaaaaaaæceeeeiiiiðnooooo÷øuuuuyþyAaAaAaCcCcCcCcDdĐđEeEeEeEeEeGgGgGgGgHhĦħIiIiIiIiIıĲĳJjKkĸLlLlLlĿŀŁłNnNnNnŉŊŋOoOoOoŒœRrRrRrSsSsSsSsTtTtŦŧUuUuUuUuUuUuWwYyYZzZzZzsƀƁƂƃƄƅƆƇƈƉƊƋƌƍƎƏƐƑƒƓƔƕƖƗƘƙƚƛƜƝƞƟOoƢƣƤƥƦƧƨƩƪƫƬƭƮUuƱƲƳƴƵƶƷƸƹƺƻƼƽƾƿǀǁǂǃǄǅǆǇǈǉǊǋǌAaIiOoUuUuUuUuUuǝAaAaÆæǤǥGgKkOoOoƷʒjǱǲǳGgǶǷNnAaÆæØøAaAaEeEeIiIiOoOoRrRrUuUuSsTtȜȝHhȠȡȢȣȤȥAaEeOoOoOoOoYyȴȵȶȷȸȹȺȻȼȽȾȿɀɁɂɃɄɅɆɇɈɉɊɋɌɍɎɏ",
        MoreLatin = "AaBbBbBbCcDdDdDdDdDdEeEeEeEeEeFfGgHhHhHhHhHhIiIiKkKkKkLlLlLlLlMmMmMmNnNnNnNnOoOoOoOoPpPpRrRrRrRrSsSsSsSsSsTtTtTtTtUuUuUuUuUuVvVvWwWwWwWwWwXxXxYyZzZzZzhtwyẚsẜẝẞẟAaAaAaAaAaAaAaAaAaAaAaAaEeEeEeEeEeEeEeEeIiIiOoOoOoOoOoOoOoOoOoOoOoOoUuUuUuUuUuUuUuYyYyYyYyỺỻỼỽỾỿ";

    /// <summary>The words of a text, each between single spaces; one space if there is none. Any text will do.</summary>
    public static string Of(string text)
    {
        var folded = new StringBuilder(" ", text.Length + 2);
        foreach (var written in text.EnumerateRunes())
        {
            var rune = Plain(written);
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

    /// <summary>The plain letter or digit that something is a form of: a wide one, one of the mathematical alphabets, one in a circle, or one with a mark.</summary>
    private static Rune Plain(Rune rune) => rune.Value switch
    {
        >= 0x00C0 and <= 0x024F => new(Latin[rune.Value - 0x00C0]),
        >= 0x1E00 and <= 0x1EFF => new(MoreLatin[rune.Value - 0x1E00]),
        >= 0x24B6 and <= 0x24E9 => Letter(rune.Value - 0x24B6),
        >= 0xFF01 and <= 0xFF5E => new(rune.Value - 0xFF01 + '!'),
        >= 0x1D400 and <= 0x1D6A3 => Letter((rune.Value - 0x1D400) % 52),
        >= 0x1D7CE and <= 0x1D7FF => new('0' + ((rune.Value - 0x1D7CE) % 10)),
        _ => rune,
    };

    /// <param name="place">In A to Z, a to z.</param>
    private static Rune Letter(int place) => new(place < 26 ? 'A' + place : 'a' + place - 26);

    private static void Space(StringBuilder folded)
    {
        if (folded[^1] != ' ') folded.Append(' ');
    }

    private static bool IsPartOfWord(Rune rune) => Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;

    /// <summary>Thai to Burmese, Khmer, Kana and Han.</summary>
    private static bool StandsAlone(Rune rune) => rune.Value is (>= 0x0E00 and <= 0x0EFF) or (>= 0x1000 and <= 0x109F) or (>= 0x1780 and <= 0x17FF)
        or (>= 0x3040 and <= 0x30FF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x4E00 and <= 0x9FFF) or (>= 0x20000 and <= 0x3FFFF);
}
