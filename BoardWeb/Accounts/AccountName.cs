using System.Globalization;
using System.Text;
using Connect.BoardWeb.Storage;

namespace Connect.BoardWeb.Accounts;

/// <summary>
/// What people may call themselves, and which names count as one. A name keeps to one alphabet, so that nobody can pass for somebody else
/// by mixing look-alikes; names written wholly in look-alikes of another alphabet count as the same name.
/// </summary>
public static class AccountName
{
    public const int MaxLength = 40;

    private const string Greek = "αβεικμνορτυχγ", AsGreek = "abeikmvoptuxy";
    private const string Cyrillic = "авсенһіјкмоԛрѕтухԝь", AsCyrillic = "abcehhijkmoqpstyxwb";

    /// <summary>What is wrong with it, or null.</summary>
    public static string? Fault(string? name)
    {
        if (string.IsNullOrEmpty(name)) return T["NameMissing"];
        if (name.Length > MaxLength) return T["NameTooLong", MaxLength];
        if (!char.IsLetterOrDigit(name[0]) || !char.IsLetterOrDigit(name[^1])) return T["NameEnds"];
        if (name.Contains("  ", StringComparison.Ordinal)) return T["NameSpaces"];
        var alphabets = new HashSet<string>();
        foreach (var rune in name.EnumerateRunes())
        {
            if (rune.Value < 0x80)
            {
                if (Rune.IsLetter(rune)) alphabets.Add("Latin");
                else if (!Rune.IsDigit(rune) && rune.Value is not (' ' or '-' or '_' or '.')) return T["NameCharacters"];
            }
            else if (AlphabetOf(rune) is { } alphabet)
            {
                alphabets.Add(alphabet);
            }
            else
            {
                return T["NameCharacter", Rune.IsControl(rune) || Rune.GetUnicodeCategory(rune) == UnicodeCategory.Format ? "U+" + rune.Value.ToString("X4") : rune];
            }
        }
        // Japanese is written with three scripts at once.
        if (alphabets.IsSubsetOf(["Han", "Kana"])) return null;
        return alphabets.Count > 1 ? T["NameAlphabets"] : null;
    }

    /// <summary>Names with equal keys are the same name.</summary>
    public static string KeyOf(string name)
    {
        var key = new StringBuilder();
        foreach (var c in name.ToLowerInvariant())
        {
            if (c is ' ' or '_' or '.') key.Append('-');
            else if (Greek.IndexOf(c) is >= 0 and var g) key.Append(AsGreek[g]);
            else if (Cyrillic.IndexOf(c) is >= 0 and var k) key.Append(AsCyrillic[k]);
            else key.Append(c);
        }
        return key.ToString();
    }

    /// <summary>The name as others see it: with a suffix if an earlier account has it too.</summary>
    public static string Shown(string? name, Guid id, bool takenEarlier) =>
        name is null ? $"~{Ids.SuffixOf(id)}" : takenEarlier ? $"{name}~{Ids.SuffixOf(id)}" : name;

    /// <summary>Letters of living alphabets in composed form; no marks, no width variants, nothing invisible.</summary>
    private static string? AlphabetOf(Rune rune) => !Rune.IsLetter(rune) ? null : rune.Value switch
    {
        >= 0x00C0 and <= 0x024F => "Latin",
        >= 0x1E00 and <= 0x1EFF => "Latin",
        >= 0x0370 and <= 0x03FF => "Greek",
        >= 0x0400 and <= 0x052F => "Cyrillic",
        >= 0x0531 and <= 0x0587 => "Armenian",
        >= 0x05D0 and <= 0x05EA => "Hebrew",
        >= 0x0620 and <= 0x064A => "Arabic",
        >= 0x0904 and <= 0x0939 => "Devanagari",
        >= 0x0E01 and <= 0x0E2E => "Thai",
        >= 0x10D0 and <= 0x10FA => "Georgian",
        >= 0x3041 and <= 0x30FA => "Kana",
        >= 0x4E00 and <= 0x9FFF => "Han",
        >= 0xAC00 and <= 0xD7A3 => "Hangul",
        _ => null,
    };
}
