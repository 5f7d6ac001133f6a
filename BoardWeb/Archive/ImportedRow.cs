using Connect.Node.Database;
using Connect.BoardWeb.Writes;

namespace Connect.BoardWeb.Archive;

/// <summary>
/// A row that was written elsewhere and keeps its id, and with it its time. It is nobody's own (<see cref="Origin"/>), so two nodes that import the same object make the same row, to the last byte.
/// </summary>
public sealed record ImportedRow(Guid Id, string Table, string[] Columns, object?[] Values) : NewRow(Id)
{
    /// <summary>The <c>node</c> of every imported row. No server has this id: an origin's ids rise, and these do not, so nothing that follows origins follows this one.</summary>
    public const long Origin = 0;

    public override (string Table, string[] Columns) Shape => (Table, Columns);

    public override object?[] Values { get; } = Values;

    public override bool IsImported => true;

    public override int Size => 300 + Values.Sum(v => v switch { string text => text.Length * 3, byte[] bytes => 40 + (bytes.Length * 2), _ => 40 });
}

/// <summary>Something was imported into this topic; for whoever keeps an index elsewhere and looks for new rows by their ids.</summary>
public sealed record NewImportNote(Guid Id, Guid Topic) : NewRow(Id)
{
    private static readonly (string, string[]) TheShape = ("import_note", ["topic_id"]);

    public override (string, string[]) Shape => TheShape;

    public override object?[] Values => [Uuid7.ToBytes(Topic)];
}
