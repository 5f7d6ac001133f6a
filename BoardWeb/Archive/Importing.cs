using System.Text.Json;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Writes;
using Connect.Node.Database;
using Dapper;

namespace Connect.BoardWeb.Archive;

/// <summary>An object that was not taken.</summary>
/// <param name="Line">Its line in the request, from 1.</param>
public sealed record Refusal(int Line, string Why);

/// <summary>What became of a batch.</summary>
/// <param name="Written">New objects.</param>
/// <param name="Known">Objects that were here already; nothing about them was changed.</param>
/// <param name="Result">Null if there was nothing to write.</param>
public sealed record Imported(int Written, int Known, IReadOnlyList<Refusal> Refused, WriteResult? Result);

/// <summary>Imports objects as they were exported. What is here already is left alone, so importing again does nothing.</summary>
public sealed class Importing(BoardDatabase database, WriteBatcher writes, Uuid7 ids, TimeProvider time)
{
    /// <summary>Objects in one request.</summary>
    public const int MaxItems = 250;

    /// <summary>Bytes of one request: what <see cref="WriteBatcher.MaxBatchBytes"/> allows in a transaction.</summary>
    public const int MaxBytes = 4 << 20;

    /// <summary>The object with which an export begins.</summary>
    public const string Header = "export";

    /// <summary>The object with which it ends.</summary>
    public const string End = "end";

    /// <param name="text">JSON objects, one a line.</param>
    /// <exception cref="FormatException">It is not for this board as a whole; the message says why.</exception>
    public async Task<Imported> ImportAsync(ReadOnlyMemory<byte> text, CancellationToken cancel)
    {
        var (rows, refused) = (new Dictionary<(string, Guid), ImportedRow>(), new List<Refusal>());
        var (line, known) = (0, 0);
        foreach (var range in Lines(text))
        {
            line++;
            if (text[range].Span.Trim("\r\t "u8).IsEmpty) continue;
            if (line > MaxItems) throw new FormatException($"A request may have at most {MaxItems} objects.");
            try
            {
                using var json = JsonDocument.Parse(text[range]);
                if (await IsFrameAsync(json.RootElement, cancel)) continue;
                var row = Row(json.RootElement);
                if (!rows.TryAdd((row.Table, row.Id), row)) known++;
            }
            catch (JsonException)
            {
                refused.Add(new(line, "It is no JSON."));
            }
            catch (InvalidOperationException)
            {
                refused.Add(new(line, "It has a text that is no Unicode."));
            }
            catch (RefusedException e)
            {
                refused.Add(new(line, e.Message));
            }
        }
        var here = await HereAsync(rows.Values, cancel);
        List<ImportedRow> missing = [.. rows.Values.Where(r => !here.Contains((r.Table, r.Id)))];
        known += rows.Count - missing.Count;
        if (missing.Count == 0) return new(0, known, refused, null);
        var topics = await TopicsAsync(missing, cancel);
        // What is written here from now on sorts after everything that has been imported.
        ids.Observe(missing.Max(r => r.Id));
        var result = await writes.WriteAsync(new(next => [.. topics.Select(t => new NewImportNote(next(), t)), .. missing]));
        return new(missing.Count, known, refused, result);
    }

    private ImportedRow Row(JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object) throw new RefusedException("It is no object.");
        var type = item.TryGetProperty("type", out var t) && t.ValueKind == JsonValueKind.String ? t.GetString() : null;
        if (ArchivedKind.Named(type) is not { } kind) throw new RefusedException($"A type is one of {string.Join(", ", ArchivedKind.All.Select(k => k.Name))}.");
        if (!(item.TryGetProperty("id", out var i) && i.ValueKind == JsonValueKind.String && i.TryGetGuid(out var id) && id.Version == 7)) throw new RefusedException("'id' is no UUID of version 7.");
        // A row from the future would count as the latest until then.
        if (Uuid7.TimeOf(id) > time.GetUtcNow()) throw new RefusedException("Its id lies in the future.");
        try
        {
            return kind.Row(id, item);
        }
        catch (FormatException e)
        {
            throw new RefusedException(e.Message);
        }
    }

    /// <summary>The first and the last line of an export are no objects of the board.</summary>
    private async Task<bool> IsFrameAsync(JsonElement item, CancellationToken cancel)
    {
        if (item.ValueKind != JsonValueKind.Object || !item.TryGetProperty("type", out var type) || type.ValueKind != JsonValueKind.String) return false;
        if (type.ValueEquals(End)) return true;
        if (!type.ValueEquals(Header)) return false;
        if (item.TryGetProperty("ring", out var ring) && ring.ValueKind == JsonValueKind.String && ring.TryGetGuid(out var id) && id == await RingAsync(cancel))
            throw new FormatException("This was exported from this very ring: all of it is here, or comes by replication. Import it into another one.");
        return true;
    }

    /// <summary>Which ring this is; the empty id before it has arrived.</summary>
    public Task<Guid> RingAsync(CancellationToken cancel) => database.ReadAsync(
        c => c.QueryFirstOrDefault<byte[]>("SELECT id FROM ring ORDER BY id LIMIT 1") is { } id ? Ids.Of(id) : Guid.Empty, cancel);

    private Task<HashSet<(string, Guid)>> HereAsync(IReadOnlyCollection<ImportedRow> rows, CancellationToken cancel) => database.ReadAsync(c =>
        rows.GroupBy(r => r.Table).SelectMany(g => c.Query<byte[]>($"SELECT id FROM {g.Key} WHERE id IN @ids", new { ids = g.Select(r => Ids.Bytes(r.Id)) }).Select(id => (g.Key, Ids.Of(id)))).ToHashSet(), cancel);

    /// <summary>The topics that are others after these rows.</summary>
    private async Task<IReadOnlyCollection<Guid>> TopicsAsync(List<ImportedRow> rows, CancellationToken cancel)
    {
        HashSet<Guid> topics = [.. rows.Where(r => r.Table == "topic").Select(r => r.Id), .. rows.Where(r => r.Table == "post").Select(r => Ids.Of((byte[])r.Values[0]!))];
        // Revisions and reactions name their posts, which may have come with an earlier batch.
        var posts = rows.Where(r => r.Table is "post_revision" or "reaction").Select(r => (byte[])r.Values[0]!).ToList();
        if (posts.Count > 0) topics.UnionWith(await database.ReadAsync(c => c.Query<byte[]>("SELECT DISTINCT topic_id FROM post WHERE id IN @posts", new { posts }).Select(Ids.Of).ToList(), cancel));
        return topics;
    }

    private static IEnumerable<Range> Lines(ReadOnlyMemory<byte> text)
    {
        var at = 0;
        while (at < text.Length)
        {
            var length = text.Span[at..].IndexOf((byte)'\n');
            var end = length < 0 ? text.Length : at + length;
            yield return at..end;
            at = end + 1;
        }
    }

    /// <summary>One object is not taken; the others are.</summary>
    private sealed class RefusedException(string message) : Exception(message);
}
