using System.Data.Common;
using System.Security.Claims;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Approvals;
using Connect.BoardWeb.Archive;
using Connect.BoardWeb.Attention;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Storage;
using Connect.Node.Database;
using Dapper;

namespace Connect.BoardWeb.Posts;

/// <summary>A post as readers see it.</summary>
/// <param name="Body">Its text as last edited; empty if it was deleted.</param>
/// <param name="Origin">The server id of the incarnation that wrote it.</param>
/// <param name="RepliesTo">The post it answers, and its author's name.</param>
/// <param name="State">What became of it since.</param>
/// <param name="Reactions">What people have given to it.</param>
/// <param name="Approval">What was decided last about whether it waits for a moderator, or its topic; null if neither ever did.</param>
public sealed record PostView(
    Guid Id, Guid Topic, Guid AuthorId, string Author, string Body, string Html, long Origin, (Guid Post, string Author)? RepliesTo, PostState State, IReadOnlyList<ReactionCount> Reactions,
    Approval? Approval)
{
    public DateTimeOffset CreatedAt => Uuid7.TimeOf(Id);

    /// <summary>Another id whenever its text is another one.</summary>
    public Guid Version => State.Latest == Guid.Empty ? Id : State.Latest;

    public bool IsDeleted => State.Deleted is not null;

    public bool IsErased => State.Erasure is not null;

    /// <summary>It waits for a moderator, or was rejected: for all others it does not exist.</summary>
    public bool IsHeld => Approval is { IsMissing: true };

    public bool IsSeenBy(ClaimsPrincipal user) => !IsHeld || Approval.IsSeenBy(AuthorId, user);
}

/// <summary>A post, or what became of one, that arrived on this node.</summary>
/// <param name="Origin">The server id of the incarnation that wrote what arrived.</param>
/// <param name="Id">The id of what arrived.</param>
/// <param name="Post">As it is now.</param>
public sealed record ArrivedPost(long Origin, Guid Id, PostView Post);

/// <summary>Some posts of a topic, and whether there are others before and after them.</summary>
public sealed record PostPage(IReadOnlyList<PostView> Posts, bool HasEarlier, bool HasLater);

/// <summary>Where a page of posts begins.</summary>
public enum PageFrom { Start, At, After, Before, End }

/// <summary>
/// Reads posts by key, never by counting from the start. Of two posts with one request key the earlier one counts. What waits for a moderator is only read for whoever may see it
/// (<see cref="Approval.IsSeenBy"/>), but for arrivals, which say so.
/// </summary>
public sealed class PostReader(BoardDatabase database, MarkdownText markdown, Uuid7 ids)
{
    public const int PageSize = 50;

    /// <summary>Posts a reader who reconnects is sent at most; with more than that the page is loaded anew.</summary>
    public const int MaxMissed = 200;

    /// <summary>Revisions shown of one post.</summary>
    public const int MaxHistory = 100;

    private static readonly string Columns = $"""
        SELECT p.id, p.node, p.topic_id, p.author_id, p.in_reply_to, p.body, a.name AS author,
          EXISTS (SELECT 1 FROM account e WHERE e.name_key = a.name_key AND e.id < a.id) AS shared,
          b.id AS replied_id, b.name AS replied,
          EXISTS (SELECT 1 FROM account e WHERE e.name_key = b.name_key AND e.id < b.id) AS replied_shared,
          w.id AS own_id, w.value AS own, w.reason AS own_reason, v.id AS topics_id, v.value AS topics, v.reason AS topics_reason
        FROM post p LEFT JOIN account a ON a.id = p.author_id {Waits("w", "p.id")} {Waits("v", "p.topic_id")}
          LEFT JOIN post q ON q.id = p.in_reply_to AND {Shown.Post("q.id")} LEFT JOIN account b ON b.id = q.author_id
        """;

    private static string Waits(string decision, string subject) => $"""
        LEFT JOIN decision {decision} ON {decision}.subject_id = {subject} AND {decision}.property = '{Decidable.Waits}'
          AND NOT EXISTS (SELECT 1 FROM decision l WHERE l.subject_id = {decision}.subject_id AND l.property = {decision}.property AND l.id > {decision}.id)
        """;

    /// <summary>Whether the reader sees a post that waits: their own, or everything.</summary>
    private const string Seen = "(@all = 1 OR p.author_id = @me OR (COALESCE(w.value, '') = '' AND COALESCE(v.value, '') = ''))";

    private const string Counts = "NOT EXISTS (SELECT 1 FROM post e WHERE e.request_key = p.request_key AND e.id < p.id)";

    /// <summary>One page of a topic.</summary>
    public Task<PostPage> PageAsync(Guid topic, PageFrom from, Guid? id, ClaimsPrincipal user, CancellationToken cancel) => database.ReadAsync(c =>
    {
        var backwards = from is PageFrom.Before or PageFrom.End;
        var bound = from switch { PageFrom.At => "AND p.id >= @id", PageFrom.After => "AND p.id > @id", PageFrom.Before => "AND p.id < @id", _ => "" };
        var posts = Query(c, $"p.topic_id = @topic {bound}", backwards, PageSize + 1, new { topic = Ids.Bytes(topic), id = Ids.Bytes(id ?? Guid.Empty) }, user);
        var more = posts.Count > PageSize;
        if (more) posts.RemoveAt(backwards ? 0 : PageSize);
        // Fewer than a page before it: that is the first page, and it should be a full one.
        if (from == PageFrom.Before && !more && posts.Count < PageSize) return First(c, topic, user);
        var otherSide = from is PageFrom.At or PageFrom.After or PageFrom.Before && posts.Count > 0;
        return backwards
            ? new PostPage(posts, more, otherSide && Any(c, topic, ">", posts[^1].Id, user))
            : new PostPage(posts, otherSide ? Any(c, topic, "<", posts[0].Id, user) : from == PageFrom.After, more);
    }, cancel);

    /// <summary>At most <paramref name="limit"/> posts after a cursor, in the order of their ids.</summary>
    public Task<List<PostView>> AfterAsync(Guid topic, Guid? after, int limit, ClaimsPrincipal user, CancellationToken cancel) => database.ReadAsync(
        c => Query(c, $"p.topic_id = @topic {(after is null ? "" : "AND p.id > @after")}", false, limit,
            new { topic = Ids.Bytes(topic), after = Ids.Bytes(after ?? Guid.Empty) }, user), cancel);

    /// <summary>What arrived in a topic beyond these marks, by origin and id, what waits for a moderator too; at most <see cref="MaxMissed"/> and one.</summary>
    public Task<List<ArrivedPost>> BeyondAsync(Guid topic, Marks marks, CancellationToken cancel) => database.ReadAsync(c =>
    {
        var parameters = new DynamicParameters(new { topic = Ids.Bytes(topic) });
        var seen = $"AND x.node <> {ImportedRow.Origin} " + string.Join(' ', marks.Origins.Select((mark, i) =>
        {
            parameters.Add($"id{i}", Ids.Bytes(mark.Value));
            return $"AND NOT (x.node = {mark.Key} AND x.id <= @id{i})";
        }));
        return Posts(c, Arrivals(c, $"""
            SELECT node, id, post_id FROM (
              (SELECT x.node, x.id, x.id AS post_id FROM post x WHERE x.topic_id = @topic {seen} ORDER BY x.node, x.id LIMIT {MaxMissed + 1})
              UNION ALL
              (SELECT x.node, x.id, x.post_id FROM post p JOIN post_revision x ON x.post_id = p.id WHERE p.topic_id = @topic {seen} ORDER BY x.node, x.id LIMIT {MaxMissed + 1})
              UNION ALL
              (SELECT x.node, x.id, x.post_id FROM post p JOIN reaction x ON x.post_id = p.id WHERE p.topic_id = @topic {seen} ORDER BY x.node, x.id LIMIT {MaxMissed + 1})
              UNION ALL
              (SELECT x.node, x.id, x.subject_id FROM post p JOIN decision x ON x.subject_id = p.id AND x.property = '{Decidable.Waits}' WHERE p.topic_id = @topic {seen} ORDER BY x.node, x.id LIMIT {MaxMissed + 1})
            ) a ORDER BY node, id LIMIT {MaxMissed + 1}
            """, parameters));
    }, cancel);

    /// <summary>What arrived of an origin after an id, in the order of ids. Of posts that a repeated request made twice only the one that counts is among them; what waits for a moderator is.</summary>
    /// <param name="full">There may be more.</param>
    /// <param name="last">The last id that was looked at.</param>
    public List<ArrivedPost> Arrived(DbConnection connection, long origin, Guid after, int limit, out bool full, out Guid last)
    {
        var parameters = new DynamicParameters(new { origin, after = Ids.Bytes(after) });
        var found = Arrivals(connection, $"""
            SELECT node, id, post_id FROM (
              (SELECT node, id, id AS post_id FROM post WHERE node = @origin AND id > @after ORDER BY id LIMIT {limit})
              UNION ALL
              (SELECT node, id, post_id FROM post_revision WHERE node = @origin AND id > @after ORDER BY id LIMIT {limit})
              UNION ALL
              (SELECT node, id, post_id FROM reaction WHERE node = @origin AND id > @after ORDER BY id LIMIT {limit})
              UNION ALL
              (SELECT node, id, subject_id FROM decision WHERE node = @origin AND id > @after AND property = '{Decidable.Waits}' ORDER BY id LIMIT {limit})
            ) a ORDER BY id LIMIT {limit}
            """, parameters);
        (full, last) = (found.Count == limit, found.Count > 0 ? found[^1].Id : after);
        return Posts(connection, found);
    }

    private static List<(long Origin, Guid Id, Guid Post)> Arrivals(DbConnection connection, string sql, DynamicParameters parameters) =>
        [.. connection.Query<(long Node, byte[] Id, byte[] Post)>(sql, parameters).Select(a => (a.Node, Ids.Of(a.Id), Ids.Of(a.Post)))];

    private List<ArrivedPost> Posts(DbConnection connection, List<(long Origin, Guid Id, Guid Post)> arrivals)
    {
        if (arrivals.Count == 0) return [];
        var posts = Query(connection, "p.id IN @ids", false, arrivals.Count, new { ids = arrivals.Select(a => a.Post).Distinct().Select(Ids.Bytes) }, null).ToDictionary(p => p.Id);
        return [.. arrivals.Where(a => posts.ContainsKey(a.Post)).Select(a => new ArrivedPost(a.Origin, a.Id, posts[a.Post]))];
    }

    /// <summary>A post as it was written, for whoever compares a repeated request with it; null if there is none.</summary>
    public Task<(Guid Topic, string Body)?> OriginalAsync(Guid id, CancellationToken cancel) => database.ReadAsync(c =>
        c.QueryFirstOrDefault<(byte[]? Topic, string Body)>("SELECT topic_id, body FROM post WHERE id = @id", new { id = Ids.Bytes(id) }) is { Topic: { } topic } found
            ? (Ids.Of(topic), found.Body) : ((Guid, string)?)null, cancel);

    /// <summary>Everything that happened to a post, the last <see cref="MaxHistory"/> of it, in order.</summary>
    public Task<List<Revision>> HistoryAsync(Guid id, CancellationToken cancel) => database.ReadAsync(c => PostRevisions.History(c, id, MaxHistory), cancel);

    public Task<PostView?> FindAsync(Guid id, ClaimsPrincipal user, CancellationToken cancel) => database.ReadAsync(c =>
        Query(c, "p.id = @id", false, 1, new { id = Ids.Bytes(id) }, user).FirstOrDefault(), cancel);

    /// <summary>Those of these posts that are here.</summary>
    public Task<Dictionary<Guid, PostView>> FindAsync(IReadOnlyCollection<Guid> wanted, ClaimsPrincipal user, CancellationToken cancel) => database.ReadAsync(c =>
        wanted.Count == 0 ? [] : Query(c, "p.id IN @ids", false, wanted.Count, new { ids = wanted.Select(Ids.Bytes) }, user).ToDictionary(p => p.Id), cancel);

    private PostPage First(DbConnection connection, Guid topic, ClaimsPrincipal user)
    {
        var posts = Query(connection, "p.topic_id = @topic", false, PageSize + 1, new { topic = Ids.Bytes(topic) }, user);
        var more = posts.Count > PageSize;
        if (more) posts.RemoveAt(PageSize);
        return new(posts, false, more);
    }

    private static bool Any(DbConnection connection, Guid topic, string compare, Guid id, ClaimsPrincipal user) => connection.ExecuteScalar<int?>(
        $"SELECT 1 FROM post p {Waits("w", "p.id")} {Waits("v", "p.topic_id")} WHERE p.topic_id = @topic AND p.id {compare} @id AND {Counts} AND {Seen} LIMIT 1",
        For(user, new { topic = Ids.Bytes(topic), id = Ids.Bytes(id) })) is not null;

    /// <param name="user">Who reads it; null: whoever takes care of that later.</param>
    private static DynamicParameters For(ClaimsPrincipal? user, object parameters)
    {
        var all = new DynamicParameters(parameters);
        all.Add("all", user is null || Deciding.MayModerate(user) ? 1 : 0);
        all.Add("me", Ids.Bytes(user is null ? Guid.Empty : Identity.AccountOf(user) ?? Guid.Empty));
        return all;
    }

    private List<PostView> Query(DbConnection connection, string where, bool backwards, int limit, object parameters, ClaimsPrincipal? user)
    {
        var rows = connection.Query($"{Columns} WHERE {where} AND {Counts} AND {Seen} ORDER BY p.id {(backwards ? "DESC" : "ASC")} LIMIT {limit}", For(user, parameters)).ToList();
        var states = PostRevisions.Of(connection, [.. rows.Select(r => Ids.Of((byte[])r.id))]);
        var reactions = Reactions.Of(connection, [.. rows.Select(r => Ids.Of((byte[])r.id))]);
        var people = Mentions.Of(connection, [.. rows.Select(r => (Guid?)MentioningText(r, states)).OfType<Guid>()]);
        var posts = rows.Select(r => (PostView)View(r, states, reactions, people)).ToList();
        if (backwards) posts.Reverse();
        // What is written here from now on sorts after everything that has been read here.
        if (posts.Count > 0) ids.Observe(posts.Max(p => p.Version.CompareTo(p.Id) > 0 ? p.Version : p.Id));
        if (reactions.Count > 0) ids.Observe(reactions.Values.Max(r => r.Latest));
        if (posts.Select(p => p.Approval?.Id ?? Guid.Empty).DefaultIfEmpty().Max() is var decided && decided != Guid.Empty) ids.Observe(decided);
        return posts;
    }

    /// <summary>The id of the text that is shown (the post, or its latest edit) if somebody may be mentioned in it; of most texts it need not be asked.</summary>
    private static Guid? MentioningText(dynamic row, IReadOnlyDictionary<Guid, PostState> states)
    {
        var id = Ids.Of((byte[])row.id);
        var state = states.GetValueOrDefault(id, PostState.AsWritten);
        return state.Deleted is null && (state.Edit?.Body ?? (string)row.body).Contains('@', StringComparison.Ordinal) ? state.Edit?.Id ?? id : null;
    }

    private PostView View(
        dynamic row, IReadOnlyDictionary<Guid, PostState> states, IReadOnlyDictionary<Guid, (IReadOnlyList<ReactionCount> Counts, Guid Latest)> reactions,
        IReadOnlyDictionary<Guid, IReadOnlyDictionary<string, Guid>> people)
    {
        var id = Ids.Of((byte[])row.id);
        var state = states.GetValueOrDefault(id, PostState.AsWritten);
        var body = state.Deleted is null ? state.Edit?.Body ?? (string)row.body : "";
        var text = state.Edit?.Id ?? id;
        if (state.Erasure is not null) foreach (var gone in new[] { id, text }) markdown.Forget(gone);
        var author = (byte[])row.author_id;
        var reply = row.in_reply_to is byte[] bytes ? Ids.Of(bytes) : (Guid?)null;
        Approval? approval = ApprovalOf(row);
        var mentioned = people.GetValueOrDefault(text);
        // Whom it speaks to is only known when it is approved: until then it is rendered each time.
        var html = state.Deleted is not null ? "" : approval is { IsMissing: true } ? MarkdownText.ToHtml(body, mentioned) : markdown.ToHtml(text, body, mentioned);
        return new(id, Ids.Of((byte[])row.topic_id), Ids.Of(author), Name((string?)row.author, author, (long)row.shared), body, html, (long)row.node, reply is { } r ? (r, row.replied_id is byte[] who ? Name((string?)row.replied, who, (long)row.replied_shared) : "…") : null, state,
            reactions.TryGetValue(id, out var given) ? given.Counts : [], approval);
    }

    /// <summary>The post's own, unless its topic is the one that waits.</summary>
    private static Approval? ApprovalOf(dynamic row)
    {
        Approval? own = row.own_id is byte[] id ? new(Ids.Of(id), (string)row.own, (string)row.own_reason) : null;
        Approval? topics = row.topics_id is byte[] its ? new(Ids.Of(its), (string)row.topics, (string)row.topics_reason) : null;
        return own is { IsMissing: true } ? own : topics is { IsMissing: true } ? topics : own ?? topics;
    }

    private static string Name(string? name, byte[] id, long shared) => AccountName.Shown(name, Ids.Of(id), shared != 0);
}
