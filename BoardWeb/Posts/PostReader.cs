using System.Data.Common;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Storage;
using Connect.Node.Database;
using Dapper;

namespace Connect.BoardWeb.Posts;

/// <summary>A post as readers see it.</summary>
/// <param name="Origin">The server id of the incarnation that wrote it.</param>
/// <param name="RepliesTo">The post it answers, and its author's name.</param>
public sealed record PostView(Guid Id, Guid Topic, string Author, string Body, string Html, long Origin, (Guid Post, string Author)? RepliesTo)
{
    public DateTimeOffset CreatedAt => Uuid7.TimeOf(Id);
}

/// <summary>Some posts of a topic, and whether there are others before and after them.</summary>
public sealed record PostPage(IReadOnlyList<PostView> Posts, bool HasEarlier, bool HasLater);

/// <summary>Where a page of posts begins.</summary>
public enum PageFrom { Start, At, After, Before, End }

/// <summary>Reads posts by key, never by counting from the start. Of two posts with one request key the earlier one counts.</summary>
public sealed class PostReader(BoardDatabase database, MarkdownText markdown, Uuid7 ids)
{
    public const int PageSize = 50;

    /// <summary>Posts a reader who reconnects is sent at most; with more than that the page is loaded anew.</summary>
    public const int MaxMissed = 200;

    private const string Columns = """
        SELECT p.id, p.node, p.topic_id, p.author_id, p.in_reply_to, p.body, a.name AS author,
          EXISTS (SELECT 1 FROM account e WHERE e.name_key = a.name_key AND e.id < a.id) AS shared,
          b.id AS replied_id, b.name AS replied,
          EXISTS (SELECT 1 FROM account e WHERE e.name_key = b.name_key AND e.id < b.id) AS replied_shared
        FROM post p LEFT JOIN account a ON a.id = p.author_id
          LEFT JOIN post q ON q.id = p.in_reply_to LEFT JOIN account b ON b.id = q.author_id
        """;

    private const string Counts = "NOT EXISTS (SELECT 1 FROM post e WHERE e.request_key = p.request_key AND e.id < p.id)";

    /// <summary>One page of a topic.</summary>
    public Task<PostPage> PageAsync(Guid topic, PageFrom from, Guid? id, CancellationToken cancel) => database.ReadAsync(c =>
    {
        var backwards = from is PageFrom.Before or PageFrom.End;
        var bound = from switch { PageFrom.At => "AND p.id >= @id", PageFrom.After => "AND p.id > @id", PageFrom.Before => "AND p.id < @id", _ => "" };
        var posts = Query(c, $"p.topic_id = @topic {bound}", backwards, PageSize + 1, new { topic = Ids.Bytes(topic), id = Ids.Bytes(id ?? Guid.Empty) });
        var more = posts.Count > PageSize;
        if (more) posts.RemoveAt(backwards ? 0 : PageSize);
        // Fewer than a page before it: that is the first page, and it should be a full one.
        if (from == PageFrom.Before && !more && posts.Count < PageSize) return First(c, topic);
        var otherSide = from is PageFrom.At or PageFrom.After or PageFrom.Before && posts.Count > 0;
        return backwards
            ? new PostPage(posts, more, otherSide && Any(c, topic, ">", posts[^1].Id))
            : new PostPage(posts, otherSide ? Any(c, topic, "<", posts[0].Id) : from == PageFrom.After, more);
    }, cancel);

    /// <summary>At most <paramref name="limit"/> posts after a cursor, in the order of their ids.</summary>
    public Task<List<PostView>> AfterAsync(Guid topic, Guid? after, int limit, CancellationToken cancel) => database.ReadAsync(
        c => Query(c, $"p.topic_id = @topic {(after is null ? "" : "AND p.id > @after")}", false, limit,
            new { topic = Ids.Bytes(topic), after = Ids.Bytes(after ?? Guid.Empty) }), cancel);

    /// <summary>Posts of a topic that are beyond these marks, by origin and id; at most <see cref="MaxMissed"/> and one.</summary>
    public Task<List<PostView>> BeyondAsync(Guid topic, Marks marks, CancellationToken cancel) => database.ReadAsync(c =>
    {
        var parameters = new DynamicParameters(new { topic = Ids.Bytes(topic) });
        var seen = marks.Origins.Select((mark, i) =>
        {
            parameters.Add($"id{i}", Ids.Bytes(mark.Value));
            return $"AND NOT (p.node = {mark.Key} AND p.id <= @id{i})";
        });
        return Query(c, $"p.topic_id = @topic {string.Join(' ', seen)}", false, MaxMissed + 1, parameters, "p.node, p.id");
    }, cancel);

    /// <summary>The posts with these ids, for whoever knows that they have arrived.</summary>
    public List<PostView> Arrived(DbConnection connection, long origin, Guid after, int limit) =>
        Query(connection, "p.node = @origin AND p.id > @after", false, limit, new { origin, after = Ids.Bytes(after) });

    public Task<PostView?> FindAsync(Guid id, CancellationToken cancel) => database.ReadAsync(c =>
        Query(c, "p.id = @id", false, 1, new { id = Ids.Bytes(id) }).FirstOrDefault(), cancel);

    private PostPage First(DbConnection connection, Guid topic)
    {
        var posts = Query(connection, "p.topic_id = @topic", false, PageSize + 1, new { topic = Ids.Bytes(topic) });
        var more = posts.Count > PageSize;
        if (more) posts.RemoveAt(PageSize);
        return new(posts, false, more);
    }

    private static bool Any(DbConnection connection, Guid topic, string compare, Guid id) => connection.ExecuteScalar<int?>(
        $"SELECT 1 FROM post p WHERE p.topic_id = @topic AND p.id {compare} @id AND {Counts} LIMIT 1",
        new { topic = Ids.Bytes(topic), id = Ids.Bytes(id) }) is not null;

    private List<PostView> Query(DbConnection connection, string where, bool backwards, int limit, object parameters, string order = "p.id")
    {
        var posts = connection.Query($"{Columns} WHERE {where} AND {Counts} ORDER BY {order} {(backwards ? "DESC" : "ASC")} LIMIT {limit}", parameters)
            .Select(View).ToList();
        if (backwards) posts.Reverse();
        // What is written here from now on sorts after everything that has been read here.
        if (posts.Count > 0) ids.Observe(posts.Max(p => p.Id));
        return posts;
    }

    private PostView View(dynamic row)
    {
        var id = Ids.Of((byte[])row.id);
        var body = (string)row.body;
        var reply = row.in_reply_to is byte[] bytes ? Ids.Of(bytes) : (Guid?)null;
        return new(id, Ids.Of((byte[])row.topic_id), Name((string?)row.author, (byte[])row.author_id, (long)row.shared), body, markdown.ToHtml(id, body),
            (long)row.node, reply is { } r ? (r, row.replied_id is byte[] who ? Name((string?)row.replied, who, (long)row.replied_shared) : "…") : null);
    }

    private static string Name(string? name, byte[] id, long shared) => AccountName.Shown(name, Ids.Of(id), shared != 0);
}
