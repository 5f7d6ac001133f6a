using System.Data.Common;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Storage;
using Connect.Node.Database;
using Dapper;

namespace Connect.BoardWeb.Posts;

/// <summary>What can happen to a post after it was written.</summary>
public static class RevisionKind
{
    public const string Edit = "edit", Delete = "delete", Restore = "restore";

    /// <summary>Nothing of it is left, and nothing brings it back (<see cref="Erasure.PostErasure"/>).</summary>
    public const string Erase = "erase";
}

/// <summary>One thing that happened to a post.</summary>
/// <param name="ById">Who did it.</param>
/// <param name="Body">The whole new text of an edit.</param>
public sealed record Revision(Guid Id, Guid Post, string Kind, Guid ById, string By, string? Body, string Reason)
{
    public DateTimeOffset At => Uuid7.TimeOf(Id);
}

/// <summary>
/// What became of a post: of all edits the latest, and the latest deletion unless it was restored later. Edits and deletions do not know of each other, so what an author edited on
/// one side of a partition and a moderator deleted on the other is edited and deleted afterwards, on every node.
/// </summary>
public sealed record PostState(Revision? Edit, Revision? Deletion, Revision? Restoration, Revision? Erasure)
{
    public static readonly PostState AsWritten = new(null, null, null, null);

    /// <summary>Why it is not shown; null if it is. What was erased stays so, whatever happened to it later or elsewhere.</summary>
    public Revision? Deleted => Erasure is not null ? Erasure : Deletion is { } deletion && !(Restoration?.Id.CompareTo(deletion.Id) > 0) ? deletion : null;

    /// <summary>The id of the latest of them; the empty id if there is none.</summary>
    public Guid Latest => new[] { Edit?.Id ?? default, Deletion?.Id ?? default, Restoration?.Id ?? default, Erasure?.Id ?? default }.Max();
}

/// <summary>Reads revisions on a connection of somebody who reads posts.</summary>
public static class PostRevisions
{
    private const string Columns = """
        SELECT r.id, r.post_id, r.kind, r.author_id, r.body, r.reason, a.name,
          EXISTS (SELECT 1 FROM account e WHERE e.name_key = a.name_key AND e.id < a.id) AS shared
        FROM post_revision r LEFT JOIN account a ON a.id = r.author_id
        """;

    /// <summary>What became of each of these posts; of most nothing.</summary>
    public static IReadOnlyDictionary<Guid, PostState> Of(DbConnection connection, IReadOnlyCollection<Guid> posts)
    {
        if (posts.Count == 0) return new Dictionary<Guid, PostState>();
        return connection.Query($"{Columns} WHERE r.post_id IN @posts AND NOT EXISTS (SELECT 1 FROM post_revision l WHERE l.post_id = r.post_id AND l.kind = r.kind AND l.id > r.id)", new { posts = posts.Select(Ids.Bytes) })
            .Select(View).GroupBy(r => r.Post)
            .ToDictionary(g => g.Key, g => new PostState(Last(g, RevisionKind.Edit), Last(g, RevisionKind.Delete), Last(g, RevisionKind.Restore), Last(g, RevisionKind.Erase)));
    }

    /// <summary>Everything that happened to a post, in order; the last <paramref name="limit"/> of it.</summary>
    public static List<Revision> History(DbConnection connection, Guid post, int limit)
    {
        List<Revision> revisions = [.. connection.Query($"{Columns} WHERE r.post_id = @post ORDER BY r.id DESC LIMIT {limit}", new { post = Ids.Bytes(post) }).Select(View)];
        revisions.Reverse();
        return revisions;
    }

    private static Revision? Last(IEnumerable<Revision> revisions, string kind) => revisions.FirstOrDefault(r => r.Kind == kind);

    private static Revision View(dynamic row)
    {
        var by = Ids.Of((byte[])row.author_id);
        return new(Ids.Of((byte[])row.id), Ids.Of((byte[])row.post_id), (string)row.kind, by, AccountName.Shown((string?)row.name, by, (long)row.shared != 0), (string?)row.body, (string)row.reason);
    }
}
