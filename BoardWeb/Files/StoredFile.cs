using Connect.BoardWeb.Moderation;
using Connect.Node.Database;
using Connect.Node.Files;

namespace Connect.BoardWeb.Files;

/// <summary>Bytes that are kept in parts.</summary>
/// <param name="Id">What the parts have in common.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Width">Pixels; 0 if it is no picture.</param>
/// <param name="Height">Pixels; 0 if it is no picture.</param>
public sealed record Content(Guid Id, int Size, int Width, int Height);

/// <summary>A file as it is folded from its rows; all of its parts have arrived on this node.</summary>
/// <param name="Type">The media type.</param>
/// <param name="Whole">The file.</param>
/// <param name="Shown">A picture as posts show it, if that is smaller.</param>
/// <param name="Origin">The server id of the incarnation that wrote it.</param>
/// <param name="State">What has been decided about it.</param>
public sealed record StoredFile(Guid Id, Guid AuthorId, string Author, string Name, string Type, Content Whole, Content? Shown, long Origin, Decided State)
{
    public DateTimeOffset CreatedAt => Uuid7.TimeOf(Id);

    public bool IsPicture => Whole.Width > 0;

    /// <summary>Deleted: for moderators only.</summary>
    public bool IsHidden => State.Is(Decidable.Hidden) || IsErased;

    /// <summary>Nothing of it is left, and nothing brings it back.</summary>
    public bool IsErased => State[Decidable.Erased] is not null;

    public string Address => FileAddress.To(Id, Name);

    /// <summary>The name of what posts show of a picture.</summary>
    public string ShownName => FileAddress.Sized(Name, (Shown ?? Whole).Width, (Shown ?? Whole).Height);

    public string ShownAddress => IsPicture ? FileAddress.To(Id, ShownName) : Address;

    /// <summary>What to write into a post.</summary>
    public string Markdown => FileAddress.Markdown(Id, Name, IsPicture ? ShownName : null);

    /// <summary>What stands at an address under this name; null if nothing does.</summary>
    public Content? Named(string name) => name == Name ? Whole : IsPicture && name == ShownName ? Shown ?? Whole : null;
}
