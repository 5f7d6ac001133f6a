using System.Data.Common;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Storage;
using Connect.Node.Database;
using Connect.Node.Files;
using Dapper;

namespace Connect.BoardWeb.Files;

/// <summary>Reads files.</summary>
public sealed class FileReader(BoardDatabase database, DecisionReader decisions)
{
    public const int PageSize = 50;

    private const string Columns = """
        SELECT f.id, f.node, f.author_id, f.name, f.type, f.content_id, f.size, f.width, f.height, f.shown_id, f.shown_size, f.shown_width, f.shown_height, a.name AS author,
          EXISTS (SELECT 1 FROM account e WHERE e.name_key = a.name_key AND e.id < a.id) AS shared,
          (SELECT COUNT(*) FROM file_part p WHERE p.content_id = f.content_id) AS parts,
          (SELECT COUNT(*) FROM file_part p WHERE p.content_id = f.shown_id) AS shown_parts
        FROM file f LEFT JOIN account a ON a.id = f.author_id
        """;

    public Task<StoredFile?> FindAsync(Guid id, CancellationToken cancel) =>
        database.ReadAsync(c => Views(c, c.Query($"{Columns} WHERE f.id = @id", new { id = Ids.Bytes(id) })).FirstOrDefault(), cancel);

    /// <summary>Those of these that are here.</summary>
    public Task<List<StoredFile>> FindAsync(IReadOnlyCollection<Guid> wanted, CancellationToken cancel) => wanted.Count == 0 ? Task.FromResult<List<StoredFile>>([])
        : database.ReadAsync(c => Views(c, c.Query($"{Columns} WHERE f.id IN @ids ORDER BY f.id", new { ids = wanted.Select(Ids.Bytes) })), cancel);

    /// <summary>Somebody's files, the latest first; <paramref name="before"/> is the id of the last one of the page before.</summary>
    public Task<List<StoredFile>> OfAsync(Guid author, Guid? before, int limit, CancellationToken cancel) => database.ReadAsync(c => Views(c, c.Query(
        $"{Columns} WHERE f.author_id = @author {(before is null ? "" : "AND f.id < @before")} ORDER BY f.id DESC LIMIT {limit}",
        new { author = Ids.Bytes(author), before = Ids.Bytes(before ?? Guid.Empty) })), cancel);

    /// <summary>The same file of the same person under the same name, sent before.</summary>
    public Task<StoredFile?> SameAsync(Guid author, string name, byte[] hash, CancellationToken cancel) => database.ReadAsync(c => Views(c, c.Query(
        $"{Columns} WHERE f.author_id = @author AND f.source_hash = @hash AND f.name = @name ORDER BY f.id DESC LIMIT 1", new { author = Ids.Bytes(author), hash, name })).FirstOrDefault(), cancel);

    /// <summary>Bytes that somebody's files since then take.</summary>
    public Task<long> BytesAsync(Guid author, DateTimeOffset since, CancellationToken cancel) => database.ReadAsync(c => c.ExecuteScalar<long>(
        "SELECT CAST(COALESCE(SUM(size + shown_size), 0) AS SIGNED) FROM file WHERE author_id = @author AND id >= @since", new { author = Ids.Bytes(author), since = Ids.Bytes(Uuid7.LowestAt(since)) }), cancel);

    /// <summary>Some parts in order.</summary>
    public Task<List<byte[]>> PartsAsync(Guid content, int first, int count, CancellationToken cancel) => database.ReadAsync(c => c.Query<byte[]>(
        "SELECT bytes FROM file_part WHERE content_id = @content AND number >= @first AND number < @end ORDER BY number", new { content = Ids.Bytes(content), first, end = first + count }).ToList(), cancel);

    /// <summary>A row whose parts are not all there is no file (yet).</summary>
    private List<StoredFile> Views(DbConnection connection, IEnumerable<dynamic> found)
    {
        var rows = found.Where(r => (long)r.parts == FileRules.PartsOf((int)r.size) && (long)r.shown_parts == FileRules.PartsOf((int)r.shown_size)).ToList();
        var states = decisions.Of(connection, [.. rows.Select(r => Ids.Of((byte[])r.id))]);
        return [.. rows.Select(r => (StoredFile)View(r, states))];
    }

    private static StoredFile View(dynamic row, IReadOnlyDictionary<Guid, Decided> states)
    {
        var (id, author) = (Ids.Of((byte[])row.id), Ids.Of((byte[])row.author_id));
        var whole = new Content(Ids.Of((byte[])row.content_id), (int)row.size, (int)row.width, (int)row.height);
        var shown = row.shown_id is byte[] shownId ? new Content(Ids.Of(shownId), (int)row.shown_size, (int)row.shown_width, (int)row.shown_height) : null;
        return new(id, author, AccountName.Shown((string?)row.author, author, (long)row.shared != 0), (string)row.name, (string)row.type, whole, shown, (long)row.node,
            states.GetValueOrDefault(id, Decided.Nothing));
    }
}
