using Connect.BoardWeb.Ring;

namespace Connect.BoardWeb.Files;

/// <param name="Address">Of the whole file, on this board.</param>
/// <param name="Markdown">What to write into a post to show it there, or to link to it.</param>
/// <param name="Width">Pixels of the whole picture; null if it is no picture.</param>
/// <param name="Height">Pixels of the whole picture; null if it is no picture.</param>
public sealed record FileCreated(Guid Id, string Name, string Type, int Size, int? Width, int? Height, string Address, string Markdown, string Node, int Copies)
{
    public static FileCreated Of(StoredFile f, string node, int copies) => new(f.Id, f.Name, f.Type, f.Whole.Size, Pixels(f, f.Whole.Width), Pixels(f, f.Whole.Height), f.Address, f.Markdown, node, copies);

    internal static int? Pixels(StoredFile file, int pixels) => file.IsPicture ? pixels : null;
}

/// <param name="Node">The node that wrote it.</param>
/// <param name="Deleted">Nobody but moderators sees it.</param>
public sealed record FileItem(
    Guid Id, string Name, string Type, int Size, int? Width, int? Height, string Address, string Markdown, string Author, DateTimeOffset CreatedAt, string Node, bool Deleted)
{
    public static FileItem Of(StoredFile f, NodeNames names) =>
        new(f.Id, f.Name, f.Type, f.Whole.Size, FileCreated.Pixels(f, f.Whole.Width), FileCreated.Pixels(f, f.Whole.Height), f.Address, f.Markdown, f.Author, f.CreatedAt, names[f.Origin], f.IsHidden);
}
