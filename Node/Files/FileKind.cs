using System.Text.Unicode;

namespace Connect.Node.Files;

/// <summary>What a file is. Only its content says so: its name and what its sender calls it do not count.</summary>
/// <param name="Type">The media type it is served with.</param>
/// <param name="Endings">Of names that fit; the first is given to those that do not.</param>
public sealed record FileKind(string Type, bool IsPicture, IReadOnlyList<string> Endings)
{
    public static readonly FileKind Jpeg = new("image/jpeg", true, ["jpg", "jpeg"]);
    public static readonly FileKind Png = new("image/png", true, ["png"]);
    public static readonly FileKind Gif = new("image/gif", true, ["gif"]);
    public static readonly FileKind WebP = new("image/webp", true, ["webp"]);
    public static readonly FileKind Pdf = new("application/pdf", false, ["pdf"]);
    public static readonly FileKind Zip = new("application/zip", false, ["zip", "docx", "xlsx", "pptx", "odt", "ods", "odp", "epub"]);
    public static readonly FileKind Gzip = new("application/gzip", false, ["gz", "tgz"]);

    /// <summary>Also HTML, SVG and scripts: as text, and with an ending that nothing runs.</summary>
    public static readonly FileKind Text = new("text/plain; charset=utf-8", false, ["txt", "md", "csv", "log", "json", "diff", "patch", "yaml", "yml", "toml", "ini", "cs", "sql"]);

    /// <summary>Endings of pictures, whichever kind they are.</summary>
    public static readonly IReadOnlyList<string> PictureEndings = ["jpg", "jpeg", "png", "gif", "webp"];

    public static readonly IReadOnlyList<FileKind> All = [Jpeg, Png, Gif, WebP, Pdf, Zip, Gzip, Text];

    /// <summary>The kind with this media type; null if there is none.</summary>
    public static FileKind? Named(string type) => All.FirstOrDefault(k => k.Type == type);

    /// <summary>What these bytes are; null if it is nothing that is taken here.</summary>
    public static FileKind? Of(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [0xFF, 0xD8, 0xFF, ..] => Jpeg,
        [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Png,
        [(byte)'G', (byte)'I', (byte)'F', (byte)'8', (byte)'7' or (byte)'9', (byte)'a', ..] => Gif,
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] => WebP,
        [(byte)'%', (byte)'P', (byte)'D', (byte)'F', (byte)'-', ..] => Pdf,
        [(byte)'P', (byte)'K', 3, 4, ..] => Zip,
        [0x1F, 0x8B, 8, ..] => Gzip,
        _ => IsText(bytes) ? Text : null,
    };

    private static bool IsText(ReadOnlySpan<byte> bytes)
    {
        foreach (var b in bytes)
            if (b < 0x20 && b is not ((byte)'\t' or (byte)'\n' or (byte)'\r' or (byte)'\f')) return false;
        return Utf8.IsValid(bytes);
    }
}
