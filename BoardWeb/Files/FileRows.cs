using Connect.BoardWeb.Writes;
using Connect.Node.Database;

namespace Connect.BoardWeb.Files;

/// <summary>A file; it counts as soon as all of its parts are there.</summary>
/// <param name="SourceHash">SHA-256 of what was sent, by which it is known again.</param>
public sealed record NewFile(Guid Id, Guid Author, string Name, string Type, byte[] SourceHash, Content Whole, Content? Shown) : NewRow(Id)
{
    private static readonly (string, string[]) TheShape =
        ("file", ["author_id", "name", "type", "source_hash", "content_id", "size", "width", "height", "shown_id", "shown_size", "shown_width", "shown_height"]);

    public override (string, string[]) Shape => TheShape;

    public override object?[] Values =>
    [
        Uuid7.ToBytes(Author), Name, Type, SourceHash, Uuid7.ToBytes(Whole.Id), Whole.Size, Whole.Width, Whole.Height,
        Shown is null ? null : Uuid7.ToBytes(Shown.Id), Shown?.Size ?? 0, Shown?.Width ?? 0, Shown?.Height ?? 0,
    ];

    public override int Size => 1000;
}

/// <summary>A part of a content.</summary>
/// <param name="Number">From 0.</param>
public sealed record NewFilePart(Guid Id, Guid Content, int Number, byte[] Bytes) : NewRow(Id)
{
    private static readonly (string, string[]) TheShape = ("file_part", ["content_id", "number", "bytes"]);

    public override (string, string[]) Shape => TheShape;

    public override object?[] Values => [Uuid7.ToBytes(Content), Number, Bytes];

    // Escaping may double them.
    public override int Size => 200 + (Bytes.Length * 2);
}
