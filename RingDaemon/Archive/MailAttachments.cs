using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Connect.Node.Files;
using MimeKit;

namespace Connect.RingDaemon.Archive;

/// <summary>
/// The attachments of one mail that the board takes, as the files that its post names: known by their content, pictures drawn anew, as if somebody had sent them on the board. Their ids follow from the mail's,
/// so the same mail has the same files whoever imports it.
/// </summary>
/// <param name="mail">The name of the mail.</param>
/// <param name="time">When it was written: its files are from then too.</param>
/// <param name="author">Whose they are.</param>
/// <param name="item">Makes an object: its type, its id, its fields.</param>
internal sealed class MailAttachments(string mail, DateTimeOffset time, Guid author, Func<string, Guid, Action<Utf8JsonWriter>, ArchiveItem> item)
{
    /// <summary>Attachments of one mail that are kept: as many pictures as one post shows.</summary>
    public const int MaxKept = 20;

    private readonly List<ArchiveItem> _items = [];
    private int _seen;

    public int Kept { get; private set; }

    /// <summary>The files and, before each, what is in it.</summary>
    public IReadOnlyList<ArchiveItem> Items => _items;

    /// <returns>What the post says to show it, or to link to it; null if it is not kept.</returns>
    public string? Keep(MimePart part)
    {
        var number = _seen++;
        if (Kept == MaxKept || IsSignature(part.ContentType) || BytesOf(part) is not { Length: > 0 } bytes || FileKind.Of(bytes) is not { } kind) return null;
        if (bytes.Length > (kind.IsPicture ? FileRules.MaxPictureBytes : FileRules.MaxBytes)) return null;
        var picture = kind.IsPicture ? Pictures.DrawAsync(bytes, kind).GetAwaiter().GetResult().Picture : null;
        if (kind.IsPicture && picture is null) return null;
        var file = DerivedId.Of(time, "file", $"{mail}\n{number}");
        var name = FileRules.Name(part.FileName, picture?.Kind ?? kind);
        var content = Content(file, "whole", picture?.Whole.Bytes ?? bytes);
        Guid? shown = picture?.Shown is { } smaller ? Content(file, "shown", smaller.Bytes) : null;
        _items.Add(item("file", file, json =>
        {
            json.WriteString("author", author);
            json.WriteString("name", name);
            json.WriteString("mediaType", (picture?.Kind ?? kind).Type);
            json.WriteBase64String("sourceHash", SHA256.HashData(bytes));
            json.WriteString("content", content);
            json.WriteNumber("size", picture?.Whole.Bytes.Length ?? bytes.Length);
            if (picture is null) return;
            json.WriteNumber("width", picture.Whole.Width);
            json.WriteNumber("height", picture.Whole.Height);
            if (shown is not { } small) return;
            json.WriteString("shown", small);
            json.WriteNumber("shownSize", picture.Shown!.Bytes.Length);
            json.WriteNumber("shownWidth", picture.Shown.Width);
            json.WriteNumber("shownHeight", picture.Shown.Height);
        }));
        Kept++;
        return FileAddress.Markdown(file, name, picture is null ? null : FileAddress.Sized(name, picture.InPosts.Width, picture.InPosts.Height));
    }

    private Guid Content(Guid file, string which, byte[] bytes)
    {
        var content = DerivedId.Of(time, "content", $"{file:N} {which}");
        for (var i = 0; i < FileRules.PartsOf(bytes.Length); i++)
        {
            var number = i;
            _items.Add(item("file-part", DerivedId.Of(time, "file-part", $"{content:N} {number}"), json =>
            {
                json.WriteString("content", content);
                json.WriteNumber("number", number);
                json.WriteBase64String("bytes", FileRules.Part(bytes, number));
            }));
        }
        return content;
    }

    /// <summary>It proves something about bytes that are not kept as they were.</summary>
    private static bool IsSignature(ContentType type) => type.IsMimeType("application", "pgp-signature") || type.IsMimeType("application", "pkcs7-signature") || type.IsMimeType("application", "x-pkcs7-signature");

    /// <summary>A text is kept in UTF-8, whatever it was written in; null if there is nothing.</summary>
    private static byte[]? BytesOf(MimePart part)
    {
        if (part is TextPart text) return Encoding.UTF8.GetBytes(MailText.Decoded(text));
        if (part.Content is null) return null;
        using var decoded = new MemoryStream();
        part.Content.DecodeTo(decoded);
        return decoded.ToArray();
    }
}
