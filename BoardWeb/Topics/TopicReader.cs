using System.Data.Common;
using System.Security.Claims;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Storage;
using Connect.Node.Database;
using Dapper;

namespace Connect.BoardWeb.Topics;

/// <summary>A topic as readers see it.</summary>
/// <param name="LastPost">The newest post's id: when there was activity, and the cursor for the page after this one.</param>
/// <param name="Channel">Where it is now.</param>
/// <param name="State">What has been decided about it.</param>
public sealed record TopicView(Guid Id, Guid Channel, string Title, string Author, long Origin, Guid LastPost, string LastAuthor, Decided State)
{
    public bool IsLocked => State.Is(Decidable.Locked);

    public bool IsPinned => State.Is(Decidable.Pinned);

    public bool IsHidden => State.Is(Decidable.Hidden);

    public DateTimeOffset CreatedAt => Uuid7.TimeOf(Id);

    public DateTimeOffset LastActivity => Uuid7.TimeOf(LastPost);
}

/// <summary>Reads topics. Of two with one request key (a retry on another side of a partition) the earlier one counts.</summary>
public sealed class TopicReader(BoardDatabase database, DecisionReader decisions)
{
    public const int PageSize = 50;

    /// <summary>Pinned topics of the whole board; of more the latest count.</summary>
    private const int MaxPinned = 200;

    private const string Columns = """
        SELECT t.id, t.channel_id, t.title, t.node, t.author_id, a.name AS author,
          EXISTS (SELECT 1 FROM account e WHERE e.name_key = a.name_key AND e.id < a.id) AS shared,
          (SELECT MAX(p.id) FROM post p WHERE p.topic_id = t.id) AS latest
        FROM topic t LEFT JOIN account a ON a.id = t.author_id
        """;

    private const string Counts = "NOT EXISTS (SELECT 1 FROM topic e WHERE e.request_key = t.request_key AND e.id < t.id)";

    /// <summary>
    /// A channel's topics, those with the newest posts first; <paramref name="before"/> is the last one's <see cref="TopicView.LastPost"/>. Pinned ones are not among them
    /// (<see cref="PinnedAsync"/>), nor, but for moderators, hidden ones.
    /// It looks up the newest post of every topic of the channel: a few dives into an index each, so some tens of thousands of topics.
    /// </summary>
    public Task<List<TopicView>> RecentAsync(Guid channel, ClaimsPrincipal user, Guid? before, int limit, CancellationToken cancel) => database.ReadAsync(c => Views(c, c.Query($"""
        {Columns} JOIN (SELECT id FROM topic WHERE channel_id = @channel UNION SELECT subject_id FROM decision WHERE property = 'channel' AND value = @text) here ON here.id = t.id
        WHERE {Counts} AND COALESCE({Latest(Decidable.Channel)}, @text) = @text AND COALESCE({Latest(Decidable.Pinned)}, '') = ''
          {(Deciding.MayModerate(user) ? "" : $"AND COALESCE({Latest(Decidable.Hidden)}, '') = ''")}
        HAVING latest IS NOT NULL {(before is null ? "" : "AND latest < @before")} ORDER BY latest DESC LIMIT @limit
        """, new { channel = Ids.Bytes(channel), text = Decidable.IdText(channel), before = before is { } b ? Ids.Bytes(b) : null, limit })), cancel);

    /// <summary>A channel's pinned topics, those with the newest posts first.</summary>
    public Task<List<TopicView>> PinnedAsync(Guid channel, ClaimsPrincipal user, CancellationToken cancel) => database.ReadAsync(c =>
    {
        var pinned = DecisionReader.With(c, Decidable.Pinned, Decidable.Yes, MaxPinned);
        if (pinned.Count == 0) return [];
        return Views(c, c.Query($"{Columns} WHERE t.id IN @ids AND {Counts}", new { ids = pinned.Select(Ids.Bytes) }))
            .Where(t => t.Channel == channel && IsSeenBy(t, user)).OrderByDescending(t => t.LastPost).ToList();
    }, cancel);

    /// <summary>Hidden topics are there for moderators only.</summary>
    private static bool IsSeenBy(TopicView topic, ClaimsPrincipal user) => !topic.IsHidden || Deciding.MayModerate(user);

    /// <param name="property">A constant.</param>
    private static string Latest(string property) => $"(SELECT d.value FROM decision d WHERE d.subject_id = t.id AND d.property = '{property}' ORDER BY d.id DESC LIMIT 1)";

    /// <summary>The topic with this id, or the earlier one it repeats; null if there is none (yet), or none that this reader may see.</summary>
    public async Task<TopicView?> FindAsync(Guid id, ClaimsPrincipal user, CancellationToken cancel) =>
        await FindAsync(id, cancel) is { } topic && IsSeenBy(topic, user) ? topic : null;

    /// <summary>Those of these topics that are here and that this reader may see.</summary>
    public Task<List<TopicView>> FindAsync(IReadOnlyCollection<Guid> wanted, ClaimsPrincipal user, CancellationToken cancel) => database.ReadAsync(c => wanted.Count == 0 ? []
        : Views(c, c.Query($"{Columns} WHERE t.id IN @ids AND {Counts}", new { ids = wanted.Select(Ids.Bytes) })).Where(t => IsSeenBy(t, user)).ToList(), cancel);

    private Task<TopicView?> FindAsync(Guid id, CancellationToken cancel) => database.ReadAsync(c =>
    {
        var key = c.QueryFirstOrDefault<(byte[] Id, byte[]? Key)>("SELECT id, request_key FROM topic WHERE id = @id", new { id = Ids.Bytes(id) });
        if (key.Id is null) return null;
        var counted = key.Key is null ? key.Id
            : c.QueryFirst<byte[]>("SELECT id FROM topic WHERE request_key = @Key ORDER BY id LIMIT 1", new { key.Key });
        return Views(c, c.Query($"{Columns} WHERE t.id = @id", new { id = counted })).FirstOrDefault();
    }, cancel);

    /// <summary>What a topic with this id was made of, to compare a retry with it: its channel, title, first post and that post's body.</summary>
    public Task<(Guid Channel, string Title, Guid Post, string Body)?> OpeningAsync(Guid id, CancellationToken cancel) => database.ReadAsync(c =>
    {
        var row = c.QueryFirstOrDefault(
            "SELECT t.channel_id, t.title, p.id, p.body FROM topic t JOIN post p ON p.topic_id = t.id WHERE t.id = @id ORDER BY p.id LIMIT 1",
            new { id = Ids.Bytes(id) });
        return row is null ? ((Guid, string, Guid, string)?)null
            : (Ids.Of((byte[])row.channel_id), (string)row.title, Ids.Of((byte[])row.id), (string)row.body);
    }, cancel);

    private List<TopicView> Views(DbConnection connection, IEnumerable<dynamic> found)
    {
        var rows = found.ToList();
        if (rows.Count == 0) return [];
        var authors = connection.Query("""
            SELECT p.id, p.author_id, a.name,
              EXISTS (SELECT 1 FROM account e WHERE e.name_key = a.name_key AND e.id < a.id) AS shared
            FROM post p LEFT JOIN account a ON a.id = p.author_id WHERE p.id IN @ids
            """, new { ids = rows.Select(r => (byte[]?)r.latest ?? []).ToList() })
            .ToDictionary(r => Ids.Of((byte[])r.id), r => Shown((string?)r.name, (byte[])r.author_id, (long)r.shared));
        var states = decisions.Of(connection, [.. rows.Select(r => Ids.Of((byte[])r.id))]);
        return [.. rows.Select(r => View(r, authors, states))];
    }

    private static TopicView View(dynamic row, Dictionary<Guid, string> authors, IReadOnlyDictionary<Guid, Decided> states)
    {
        var id = Ids.Of((byte[])row.id);
        // A topic may arrive a moment before its first post.
        var latest = row.latest is byte[] bytes ? Ids.Of(bytes) : id;
        var author = Shown((string?)row.author, (byte[])row.author_id, (long)row.shared);
        var state = states.GetValueOrDefault(id, Decided.Nothing);
        var channel = Guid.TryParse(state.Text(Decidable.Channel), out var moved) ? moved : Ids.Of((byte[])row.channel_id);
        return new(id, channel, (string)row.title, author, (long)row.node, latest, authors.GetValueOrDefault(latest, author), state);
    }

    private static string Shown(string? name, byte[] id, long shared) => AccountName.Shown(name, Ids.Of(id), shared != 0);
}
