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
        foreach (var kind in ArchivedKind.All)
        {
            for (var after = Guid.Empty; ;)
            {
                // A page that had to be read again must not be written twice.
                var page = await Pages.ReadAsync(() => database.ReadAsync(c => Page(c, kind, after, author), cancel), cancel);
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

        async Task NextLineAsync()
        {
            await json.FlushAsync(cancel);
            json.Reset();
            buffer.Write("\n"u8);
            await output.WriteAsync(buffer.WrittenMemory, cancel);
            buffer.ResetWrittenCount();
        }
    }

    private static (ReadOnlyMemory<byte> Text, int Rows, Guid? Next) Page(DbConnection connection, ArchivedKind kind, Guid after, Guid? author)
    {
        var until = author is null || kind.Author == "id" ? null
            : connection.QueryFirstOrDefault<byte[]>($"SELECT id FROM {kind.Table} WHERE id > @after ORDER BY id LIMIT 1 OFFSET {LookRows - 1}", new { after = Ids.Bytes(after) });
        var sql = $"""
            SELECT x.id, {string.Join(", ", kind.Fields.Select(f => f.Value))} FROM {kind.Table} x
            WHERE x.id > @after {(until is null ? "" : "AND x.id <= @until")} {(author is null ? "" : $"AND x.{kind.Author} = @author")}
              {(kind.HasRetries ? $"AND NOT EXISTS (SELECT 1 FROM {kind.Table} e WHERE e.request_key = x.request_key AND e.id < x.id)" : "")}
            ORDER BY x.id LIMIT {PageRows}
            """;
        var text = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(text, Written);
        var (rows, last) = (0, Guid.Empty);
        using var found = (DbDataReader)connection.ExecuteReader(sql, new { after = Ids.Bytes(after), until, author = author is { } a ? Ids.Bytes(a) : null });
        while (found.Read())
        {
            kind.Write(json, found);
            json.Flush();
            json.Reset();
            text.Write("\n"u8);
            last = Ids.Of((byte[])found[0]);
            rows++;
        }
        return (text.WrittenMemory, rows, rows == PageRows ? last : until is null ? null : Ids.Of(until));
    }
}
