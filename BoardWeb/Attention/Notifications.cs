using System.Data.Common;
using System.Security.Claims;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Topics;
using Connect.Node.Database;
using Dapper;

namespace Connect.BoardWeb.Attention;

/// <summary>What one can be notified of.</summary>
public static class NotificationKind
{
    /// <summary>An answer to a post of one's own; one's name in a post; new posts in a topic that one follows.</summary>
    public const string Reply = "reply", Mention = "mention", Topic = "topic";
}

/// <summary>Something to look at.</summary>
/// <param name="Id">Its place in the order of time, and the cursor for the ones before it.</param>
/// <param name="Kind">One of <see cref="NotificationKind"/>.</param>
/// <param name="Post">The post it leads to; of new posts the first one.</param>
/// <param name="By">Who wrote it; null for new posts in a topic.</param>
/// <param name="Posts">New posts, <see cref="Notifications.MaxCounted"/> at the most; 1 for anything else.</param>
/// <param name="IsNew">Neither seen in the list nor read in its topic.</param>
public sealed record Notification(Guid Id, string Kind, TopicView Topic, Guid Post, string? By, int Posts, bool IsNew)
{
    public DateTimeOffset At => Uuid7.TimeOf(Id);

    public string Address => $"/t/{Topic.Id}?at={Post}#p-{Post}";
}

/// <summary>Some notifications, the latest first.</summary>
/// <param name="Next">The cursor for those before them; null at the end. A page can have fewer than were asked for, or none, and there is more all the same.</param>
/// <param name="Latest">The latest one's id, also if it is not shown; null if there is none.</param>
public sealed record NotificationPage(IReadOnlyList<Notification> Items, Guid? Next, Guid? Latest);

/// <summary>
/// Reads what somebody may want to look at. Nothing of it is stored but whom a text speaks to (<c>mention</c>), what they follow (<c>attention</c>) and how far they have read (<c>read_mark</c>).
/// Left out are their own acts, what is deleted, what is muted, and what they may not see.
/// </summary>
public sealed class Notifications(BoardDatabase database, TopicReader topics, PostReader posts)
{
    public const int PageSize = 50;

    /// <summary>New posts in one topic that are counted.</summary>
    public const int MaxCounted = 100;

    /// <summary>Choices of topics that are looked at: the latest.</summary>
    public const int MaxFollowed = 200;

    /// <summary>Mentions and replies that are looked at for the number at the top.</summary>
    private const int MaxNew = 100;

    // Binary ids: the empty string is lower than all of them.
    private const string SeenUpTo = "COALESCE((SELECT MAX(s.up_to) FROM read_mark s WHERE s.account_id = @me AND s.subject_id = @me), '')";

    /// <summary>Replies and mentions, the latest first; what is not shown is among them, and says so.</summary>
    /// <remarks>Read in its topic is what was there when somebody read it: a post that was approved later is new, although they have read what stands after it.</remarks>
    /// <param name="before">A condition that narrows them, or nothing.</param>
    private static string Addressed(string before, int limit) => $"""
        SELECT m.id, m.post_id, m.topic_id, m.kind,
          (m.author_id <> @me AND {Exists("m.post_id")} AND {Unmuted("m.topic_id")} AND {Visible("m.topic_id")}
            AND NOT EXISTS (SELECT 1 FROM mention e WHERE e.post_id = m.post_id AND e.account_id = m.account_id AND e.id < m.id)) AS shown,
          (m.id <= {SeenUpTo} OR EXISTS (SELECT 1 FROM read_mark r WHERE r.account_id = @me AND r.subject_id = m.topic_id AND r.up_to >= m.text_id AND r.id > m.id)) AS seen
        FROM (SELECT id, text_id, post_id, topic_id, account_id, author_id, kind FROM mention WHERE account_id = @me {before} ORDER BY id DESC LIMIT {limit}) m
        """;

    /// <summary>Followed topics whose newest post (that is not deleted) is somebody else's and unread.</summary>
    private static readonly string Followed = $"""
        SELECT n.id, n.topic_id, f.since,
          (SELECT r.up_to FROM read_mark r WHERE r.account_id = @me AND r.subject_id = n.topic_id ORDER BY r.up_to DESC LIMIT 1) AS up_to,
          (n.id <= {SeenUpTo}) AS seen
        FROM (
          SELECT g.topic_id, g.since, (SELECT p.id FROM post p WHERE p.topic_id = g.topic_id AND {Exists("p.id")} ORDER BY p.id DESC LIMIT 1) AS newest
          FROM (SELECT topic_id, MAX(id) AS since FROM (SELECT topic_id, id FROM attention WHERE account_id = @me ORDER BY id DESC LIMIT {MaxFollowed}) c GROUP BY topic_id) g
        ) f JOIN post n ON n.id = f.newest
        WHERE n.id > f.since AND n.author_id <> @me AND {Unmuted("n.topic_id")} AND {Visible("n.topic_id")}
          AND (SELECT a.level FROM attention a WHERE a.account_id = @me AND a.topic_id = n.topic_id ORDER BY a.id DESC LIMIT 1) <> '{AttentionLevel.Normal}'
          AND NOT EXISTS (SELECT 1 FROM read_mark r WHERE r.account_id = @me AND r.subject_id = n.topic_id AND r.up_to >= n.id)
        """;

    private static readonly string Count = $"""
        SELECT (SELECT COUNT(*) FROM ({Addressed("", MaxNew)}) x WHERE x.shown AND NOT x.seen) + (SELECT COUNT(*) FROM ({Followed}) y WHERE NOT y.seen)
        """;

    /// <summary>How many are new; beyond 99 it does not matter.</summary>
    public Task<int> CountAsync(ClaimsPrincipal user, CancellationToken cancel) =>
        database.ReadAsync(c => (int)Math.Min(c.ExecuteScalar<long>(Count, Who(user)), MaxNew), cancel);

    /// <summary>At most <paramref name="limit"/> of them.</summary>
    /// <param name="after">The id of the last one of the page before; null for the first page.</param>
    public async Task<NotificationPage> PageAsync(ClaimsPrincipal user, Guid? after, int limit, CancellationToken cancel)
    {
        var (page, next, latest) = await database.ReadAsync(c => Candidates(c, user, after, limit), cancel);
        var visible = (await topics.FindAsync([.. page.Select(p => p.Topic).Distinct()], user, cancel)).ToDictionary(t => t.Id);
        var written = await posts.FindAsync([.. page.Where(p => p.Kind != NotificationKind.Topic).Select(p => p.Post).Distinct()], user, cancel);
        var items = new List<Notification>();
        foreach (var found in page)
        {
            if (!visible.TryGetValue(found.Topic, out var topic)) continue;
            if (found.Kind == NotificationKind.Topic) items.Add(new(found.Id, found.Kind, topic, found.Post, null, found.Posts, !found.Seen));
            else if (written.TryGetValue(found.Post, out var post)) items.Add(new(found.Id, found.Kind, topic, post.Id, post.Author, 1, !found.Seen));
        }
        return new(items, next, latest);
    }

    private static (List<Candidate> Page, Guid? Next, Guid? Latest) Candidates(DbConnection connection, ClaimsPrincipal user, Guid? after, int limit)
    {
        var parameters = new DynamicParameters(Who(user));
        if (after is { } cursor) parameters.Add("after", Ids.Bytes(cursor));
        var found = connection.Query(Addressed(after is null ? "" : "AND id < @after", limit + 1), parameters).Select(r => new Candidate(
                Ids.Of((byte[])r.id), (string)r.kind, Ids.Of((byte[])r.topic_id), Ids.Of((byte[])r.post_id), Guid.Empty, 1, Convert.ToBoolean(r.shown), Convert.ToBoolean(r.seen)))
            .Concat(connection.Query(Followed, parameters).Select(r => new Candidate(
                Ids.Of((byte[])r.id), NotificationKind.Topic, Ids.Of((byte[])r.topic_id), Guid.Empty, Later((byte[])r.since, (byte[]?)r.up_to), 0, true, Convert.ToBoolean(r.seen))))
            .Where(f => after is null || f.Id.CompareTo(after.Value) < 0).OrderByDescending(f => f.Id).ToList();
        var page = found.Take(limit).ToList();
        return ([.. Counted(connection, parameters, [.. page.Where(f => f.Shown)])], found.Count > limit ? page[^1].Id : null, found.Count > 0 ? found[0].Id : null);

        static Guid Later(byte[] since, byte[]? upTo) => upTo is null ? Ids.Of(since) : new[] { Ids.Of(since), Ids.Of(upTo) }.Max();
    }

    /// <summary>Counts the new posts of those that are topics, and finds the first of each.</summary>
    private static IEnumerable<Candidate> Counted(DbConnection connection, DynamicParameters parameters, List<Candidate> page)
    {
        var followed = page.Where(p => p.Kind == NotificationKind.Topic).ToList();
        if (followed.Count == 0) return page;
        var each = followed.Select((topic, i) =>
        {
            parameters.Add($"t{i}", Ids.Bytes(topic.Topic));
            parameters.Add($"m{i}", Ids.Bytes(topic.Mark));
            return $"SELECT {i} AS place, COUNT(*) AS posts, MIN(x{i}.id) AS first FROM (SELECT p.id FROM post p WHERE p.topic_id = @t{i} AND p.id > @m{i} AND p.author_id <> @me AND {Exists("p.id")} ORDER BY p.id LIMIT {MaxCounted}) x{i}";
        });
        var counts = connection.Query<(long Place, long Posts, byte[]? First)>(string.Join(" UNION ALL ", each), parameters)
            .Where(r => r.First is not null).ToDictionary(r => followed[(int)r.Place].Id, r => (Posts: (int)r.Posts, First: Ids.Of(r.First!)));
        return page.Where(p => p.Kind != NotificationKind.Topic || counts.ContainsKey(p.Id))
            .Select(p => p.Kind == NotificationKind.Topic ? p with { Post = counts[p.Id].First, Posts = counts[p.Id].Posts } : p);
    }

    private static object Who(ClaimsPrincipal user) => new { me = Ids.Bytes(Identity.AccountOf(user)!.Value), moderator = Deciding.MayModerate(user) ? 1 : 0 };

    /// <summary>The post is not deleted, and does not wait for a moderator.</summary>
    /// <param name="post">A column.</param>
    private static string Exists(string post) => $"{Shown.Kept(post)} AND {Shown.Post(post)}";

    /// <summary>As in <see cref="AttentionLevel.Of"/>.</summary>
    private static string Unmuted(string topic) =>
        $"COALESCE((SELECT a.level FROM attention a WHERE a.account_id = @me AND a.topic_id = {topic} AND a.level <> '{AttentionLevel.Joined}' ORDER BY a.id DESC LIMIT 1), '') <> '{AttentionLevel.Mute}'";

    private static string Visible(string topic) =>
        $"(@moderator = 1 OR ({Shown.Topic(topic)}))";

    private sealed record Candidate(Guid Id, string Kind, Guid Topic, Guid Post, Guid Mark, int Posts, bool Shown, bool Seen);
}
