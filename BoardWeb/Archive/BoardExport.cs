using System.Buffers;
using System.Data.Common;
using System.Text.Encodings.Web;
using System.Text.Json;
using Connect.BoardWeb.Storage;
using Connect.Node.Database;
using Dapper;

namespace Connect.BoardWeb.Archive;

/// <summary>
/// The board as JSON objects, one a line: a header, the objects by kind in the order of their ids, and an end, by which a reader knows that nothing is missing. Read by keys a page at a time.
/// It is no snapshot: what is written while it runs may be in it or not.
/// </summary>
public sealed class BoardExport(BoardDatabase database, Importing importing, TimeProvider time)
{
    /// <summary>Rows in memory at a time.</summary>
    private const int PageRows = 200;

    /// <summary>Parts of files in memory at a time: 1 MiB.</summary>
    private const int PageParts = 16;

    /// <summary>Rows looked at for one author in one query: nobody's posts have an index.</summary>
    private const int LookRows = 10_000;

    private static readonly JsonWriterOptions Written = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="author">Whose alone; null: everything.</param>
    /// <param name="begin">Called when the first rows have been read, before anything is written.</param>
    /// <exception cref="DatabaseUnavailableException">The server did not answer, again and again.</exception>
    public async Task WriteAsync(Stream output, Guid? author, Action begin, CancellationToken cancel)
    {
        var ring = await Pages.ReadAsync(() => importing.RingAsync(cancel), cancel);
        begin();
        var buffer = new ArrayBufferWriter<byte>();
        await using var json = new Utf8JsonWriter(buffer, Written);
        json.WriteStartObject();
        json.WriteString("type", Importing.Header);
        json.WriteNumber("version", 1);
        json.WriteString("ring", ring);
        json.WriteString("at", time.GetUtcNow());
        if (author is { } whose) json.WriteString("account", whose);
        json.WriteEndObject();
        await NextLineAsync();
        var objects = 0L;
        foreach (var kind in ArchivedKind.All.Where(k => k != ArchivedKind.FilePart))
        {
            for (var after = Guid.Empty; ;)
            {
                // A page that had to be read again must not be written twice.
                var page = await Pages.ReadAsync(() => database.ReadAsync(c => Page(c, kind, after, author), cancel), cancel);
                foreach (var content in page.Contents) await PartsAsync(content);
                await output.WriteAsync(page.Text, cancel);
                objects += page.Rows;
                if (page.Next is not { } next) break;
                after = next;
            }
        }
        json.WriteStartObject();
        json.WriteString("type", Importing.End);
        json.WriteNumber("objects", objects);
        json.WriteEndObject();
        await NextLineAsync();

        // What is in a file comes before it.
        async Task PartsAsync(byte[] content)
        {
            for (var first = 0; ; first += PageParts)
            {
                var parts = await Pages.ReadAsync(() => database.ReadAsync(c => Rows(c, ArchivedKind.FilePart, "x.content_id = @content AND x.number >= @first AND x.number < @end ORDER BY x.number",
                    new { content, first, end = first + PageParts }), cancel), cancel);
                await output.WriteAsync(parts.Text, cancel);
                objects += parts.Rows;
                if (parts.Rows < PageParts) return;
            }
        }

        async Task NextLineAsync()
        {
            await json.FlushAsync(cancel);
            json.Reset();
            buffer.Write("\n"u8);
            await output.WriteAsync(buffer.WrittenMemory, cancel);
            buffer.ResetWrittenCount();
        }
    }

    private static Exported Page(DbConnection connection, ArchivedKind kind, Guid after, Guid? author)
    {
        var until = author is null || kind.Author == "id" ? null
            : connection.QueryFirstOrDefault<byte[]>($"SELECT id FROM {kind.Table} WHERE id > @after ORDER BY id LIMIT 1 OFFSET {LookRows - 1}", new { after = Ids.Bytes(after) });
        var page = Rows(connection, kind, $"""
            x.id > @after {(until is null ? "" : "AND x.id <= @until")} {(author is null ? "" : $"AND x.{kind.Author} = @author")} AND {kind.Counts} ORDER BY x.id LIMIT {PageRows}
            """, new { after = Ids.Bytes(after), until, author = author is { } a ? Ids.Bytes(a) : null });
        return page with { Next = page.Rows == PageRows ? page.Next : until is null ? null : Ids.Of(until) };
    }

    private static Exported Rows(DbConnection connection, ArchivedKind kind, string which, object parameters)
    {
        var (text, contents) = (new ArrayBufferWriter<byte>(), new List<byte[]>());
        using var json = new Utf8JsonWriter(text, Written);
        var (rows, last) = (0, (Guid?)null);
        using var found = (DbDataReader)connection.ExecuteReader($"SELECT x.id, {string.Join(", ", kind.Fields.Select(f => f.Value))} FROM {kind.Table} x WHERE {which}", parameters);
        while (found.Read())
        {
            kind.Write(json, found);
            json.Flush();
            json.Reset();
            text.Write("\n"u8);
            if (kind == ArchivedKind.File) contents.AddRange(new[] { found["content_id"], found["shown_id"] }.OfType<byte[]>());
            last = Ids.Of((byte[])found[0]);
            rows++;
        }
        return new(text.WrittenMemory, rows, last, contents);
    }

    /// <summary>Objects as they are written.</summary>
    /// <param name="Next">After which one it goes on.</param>
    /// <param name="Contents">Of the files among them.</param>
    private sealed record Exported(ReadOnlyMemory<byte> Text, int Rows, Guid? Next, IReadOnlyList<byte[]> Contents);
}
