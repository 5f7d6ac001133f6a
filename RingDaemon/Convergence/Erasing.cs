using System.Data.Common;
using Connect.Node.Database;
using Connect.Node.Settings;
using Dapper;

namespace Connect.RingDaemon.Convergence;

/// <summary>
/// Takes the text out of rows that an administrator erased: the one place where rows of the board are changed. That something is erased is a decision, a row that replicates as any other;
/// what follows from it every node does on its own server, outside the binary log, where an update would write the text down once more. What is left depends on the decision alone, so all
/// nodes end with the same rows, and whatever brings an old one back (a backup, a repair, a transaction that is applied again) brings it to the next pass.
/// </summary>
public sealed class Erasing(Database database, NodeSettings settings)
{
    /// <summary>The property of a decision about a post or a file.</summary>
    public const string Property = "erased";

    /// <summary>Subjects, and rows, in one statement.</summary>
    private const int AtOnce = 500;

    private const string NoHash = "REPEAT(CHAR(0), 32)";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private static readonly Told[] OfPosts =
    [
        new("post", "id", "body = ''", "LENGTH(body) > 0"),
        // Why it was erased stays.
        new("post_revision", "post_id", "body = IF(body IS NULL, NULL, ''), reason = ''", "kind <> 'erase' AND (LENGTH(body) > 0 OR LENGTH(reason) > 0)"),
        new("mention", "post_id", "named = ''", "LENGTH(named) > 0"),
        new("report", "post_id", "reason = ''", "LENGTH(reason) > 0"),
    ];

    // A name without an ending would be none.
    private static readonly Told File = new("file", "id", $"name = 'erased.bin', source_hash = {NoHash}", $"name <> 'erased.bin' OR source_hash <> {NoHash}");

    private static readonly Told FilePart = new("file_part", "content_id", "bytes = ''", "LENGTH(bytes) > 0");

    /// <summary>How many decisions to erase have arrived here.</summary>
    public Task<long> CountAsync(CancellationToken cancel) => database.RunAsync(c =>
        c.ExecuteScalar<long>($"SELECT COUNT(*) FROM {Table("decision")} WHERE property = '{Property}'"), Deadline, cancel);

    /// <summary>Takes the text out of whatever still has some. Doing it once too often does no harm, and where there is nothing to do it only reads.</summary>
    /// <returns>How many rows were changed, by table; empty if there was nothing to do.</returns>
    /// <exception cref="DatabaseUnavailableException">The server did not answer in time; what was done stays done.</exception>
    public Task<IReadOnlyDictionary<string, int>> RunAsync(CancellationToken cancel) => database.RunAsync<IReadOnlyDictionary<string, int>>(connection =>
    {
        var changed = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var erased = connection.Query<byte[]>($"SELECT DISTINCT subject_id FROM {Table("decision")} WHERE property = '{Property}'").AsList();
        if (erased.Count == 0) return changed;
        foreach (var subjects in erased.Chunk(AtOnce))
        {
            byte[][] posts = [.. subjects, .. Repeated(connection, subjects)];
            foreach (var told in OfPosts) Silence(connection, told, posts, changed);
            var contents = connection.Query<byte[]>($"SELECT content_id FROM {Table("file")} WHERE id IN @subjects UNION SELECT shown_id FROM {Table("file")} WHERE id IN @subjects AND shown_id IS NOT NULL", new { subjects }).AsList();
            Silence(connection, File, subjects, changed);
            if (contents.Count > 0) Silence(connection, FilePart, contents, changed);
        }
        return changed;
    }, Deadline, cancel);

    /// <summary>A request that was repeated on another node left the same text there once more, under the same key: in a post, or in a topic with its first post.</summary>
    private IEnumerable<byte[]> Repeated(DbConnection connection, byte[][] subjects) => connection.Query<byte[]>($"""
        SELECT q.id FROM {Table("post")} p JOIN {Table("post")} q ON q.request_key = p.request_key AND q.id <> p.id WHERE p.id IN @subjects
        UNION
        SELECT f.id FROM {Table("post")} p JOIN {Table("topic")} t ON t.id = p.topic_id JOIN {Table("topic")} u ON u.request_key = t.request_key AND u.id <> t.id JOIN {Table("post")} f ON f.topic_id = u.id
        WHERE p.id IN @subjects AND p.id = (SELECT MIN(m.id) FROM {Table("post")} m WHERE m.topic_id = t.id) AND f.id = (SELECT MIN(m.id) FROM {Table("post")} m WHERE m.topic_id = u.id)
        """, new { subjects });

    private void Silence(DbConnection connection, Told told, IReadOnlyCollection<byte[]> of, SortedDictionary<string, int> changed)
    {
        // Looked for first: an update would lock what it only reads, and keep the ring's own transactions waiting.
        var rows = connection.Query<byte[]>($"SELECT id FROM {Table(told.Table)} WHERE {told.Column} IN @of AND ({told.Speaks})", new { of }).AsList();
        if (rows.Count == 0) return;
        using var unlogged = new UnloggedWrites(connection);
        foreach (var page in rows.Chunk(AtOnce))
            changed[told.Table] = changed.GetValueOrDefault(told.Table) + connection.Execute($"UPDATE {Table(told.Table)} SET {told.Silent} WHERE id IN @page", new { page });
    }

    private string Table(string name) => TableRows.Quoted(settings, name);

    /// <summary>What a table tells of something that is erased.</summary>
    /// <param name="Column">Holds the id of what is erased.</param>
    /// <param name="Silent">Assignments after which it tells nothing more.</param>
    /// <param name="Speaks">It still does.</param>
    private sealed record Told(string Table, string Column, string Silent, string Speaks);
}
