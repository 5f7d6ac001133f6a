using System.Globalization;
using System.Text;

namespace Connect.Node.Files;

/// <summary>What may be sent, and under which name it is kept. Sizes are in bytes.</summary>
public static class FileRules
{
    /// <summary>Of a picture as it is sent; it is kept smaller. 8 MiB.</summary>
    public const int MaxPictureBytes = 8 << 20;

    /// <summary>Of any other file, and of everything that is kept. 4 MiB.</summary>
    public const int MaxBytes = 4 << 20;

    /// <summary>Files that one form brings.</summary>
    public const int MaxInForm = 4;

    /// <summary>Of a whole request with files: two of the largest pictures and a post.</summary>
    public const int MaxRequestBytes = (2 * MaxPictureBytes) + (1 << 20);

    /// <summary>What one person's files of the last 24 hours may take, on all nodes together as far as this one knows. 48 MiB.</summary>
    public const long MaxBytesPerDay = 48 << 20;

    /// <summary>Bytes of every part but the last in which a content is kept. 64 KiB: a hundred rows, in hex, fit into one answer between two daemons that mend their rows.</summary>
    public const int PartBytes = 64 << 10;

    /// <summary>Characters of a name without its ending.</summary>
    public const int MaxName = 80;

    /// <summary>Marks on one letter; more of them are drawn over what stands above.</summary>
    private const int MaxMarks = 2;

    /// <summary>
    /// A name that is only a name, whatever was sent: no folders, no control or direction characters, nothing that has a meaning in addresses, headers or Markdown, and an ending that
    /// says what the file is.
    /// </summary>
    /// <param name="sent">As it was sent; may be null or anything else.</param>
    /// <param name="kind">What the file is.</param>
    public static string Name(string? sent, FileKind kind)
    {
        var name = sent ?? "";
        name = name[(name.LastIndexOfAny(['/', '\\']) + 1)..];
        var dot = name.LastIndexOf('.');
        var ending = dot < 0 ? "" : name[(dot + 1)..].ToLowerInvariant();
        var fits = kind.Endings.Contains(ending, StringComparer.Ordinal);
        // A picture that is kept as another kind of picture loses its old ending; anything else that lies about itself keeps it in the middle.
        var stem = dot >= 0 && (fits || (kind.IsPicture && FileKind.PictureEndings.Contains(ending, StringComparer.Ordinal))) ? name[..dot] : name;
        stem = Stem(stem);
        return $"{(stem.Length > 0 ? stem : kind.IsPicture ? "picture" : "file")}.{(fits ? ending : kind.Endings[0])}";
    }

    /// <summary>Parts that a content of so many bytes has.</summary>
    public static int PartsOf(int size) => (size + PartBytes - 1) / PartBytes;

    /// <summary>A part of a content; parts are numbered from 0.</summary>
    public static byte[] Part(byte[] content, int number)
    {
        var from = number * PartBytes;
        return content[from..Math.Min(from + PartBytes, content.Length)];
    }

    private static string Stem(string text)
    {
        var clean = new StringBuilder();
        var marks = MaxMarks; // none before the first letter
        // Runes first: half a surrogate pair cannot be normalised.
        foreach (var rune in string.Concat(text.EnumerateRunes().Take(400)).Normalize(NormalizationForm.FormC).EnumerateRunes())
        {
            if (clean.Length + rune.Utf16SequenceLength > MaxName) break;
            if (Rune.IsLetterOrDigit(rune)) (_, marks) = (clean.Append(rune.ToString()), 0);
            else if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark && marks++ < MaxMarks) clean.Append(rune.ToString());
            else if (clean.Length > 0 && char.IsLetterOrDigit(clean[^1])) (_, marks) = (clean.Append(rune.Value is '.' or '_' ? (char)rune.Value : '-'), MaxMarks);
        }
        return clean.ToString().Trim('.', '-', '_');
    }
}
