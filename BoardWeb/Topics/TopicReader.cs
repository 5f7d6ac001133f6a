using System.Data.Common;
using System.Security.Claims;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Approvals;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Storage;
using Connect.Node.Database;
using Dapper;

namespace Connect.BoardWeb.Topics;

/// <summary>A topic as readers see it.</summary>
/// <param name="LastPost">The id of the newest post that does not wait for a moderator: when there was activity, and the cursor for the page after this one.</param>
/// <param name="Channel">Where it is now.</param>
/// <param name="State">What has been decided about it.</param>
public sealed record TopicView(Guid Id, Guid Channel, string Title, Guid AuthorId, string Author, long Origin, Guid LastPost, string LastAuthor, Decided State)
{
    public bool IsLocked => State.Is(Decidable.Locked);

    public bool IsPinned => State.Is(Decidable.Pinned);

    public bool IsHidden => State.Is(Decidable.Hidden);

    /// <summary>What was decided last about whether it waits for a moderator, with its first post; null if it never did.</summary>
    public Approval? Approval => State[Decidable.Waits] is { } decided ? new(decided.Id, decided.Value, decided.Reason) : null;

    public bool IsHeld => Approval is { IsMissing: true };

    public DateTimeOffset CreatedAt => Uuid7.TimeOf(Id);

    public DateTimeOffset LastActivity => Uuid7.TimeOf(LastPost);
}

/// <summary>Reads topics. Of two with one request key (a retry on another side of a partition) the earlier one counts.</summary>
public sealed class TopicReader(BoardDatabase database, TopicDirectory directory, DecisionReader decisions)
{
    public const int PageSize = 50;

    /// <summary>Pinned topics of a channel that are shown.</summary>
    private const int MaxPinned = 200;

    private const string Columns = """
        t.id, t.channel_id, t.title, t.node, t.author_id, a.name AS author,
          EXISTS (SELECT 1 FROM account e WHERE e.name_key = a.name_key AND e.id < a.id) AS shared
        """;

    private const string Tables = "FROM topic t LEFT JOIN account a ON a.id = t.author_id";

    /// <summary>
    /// A channel's topics, those with the newest posts first; <paramref name="before"/> is the last one's <see cref="TopicView.LastPost"/>. Pinned ones are not among them
    /// (<see cref="PinnedAsync"/>), nor, but for moderators, hidden ones.
    /// </summary>
    public async Task<List<TopicView>> RecentAsync(Guid channel, ClaimsPrincipal user, Guid? before, int limit, CancellationToken cancel) =>
        await ViewsAsync((await directory.CurrentAsync(cancel)).Recent(channel, Deciding.MayModerate(user), before, limit, Identity.AccountOf(user)), user, cancel);

    /// <summary>A channel's pinned topics, those with the newest posts first.</summary>
    public async Task<List<TopicView>> PinnedAsync(Guid channel, ClaimsPrincipal user, CancellationToken cancel) =>
        await ViewsAsync((await directory.CurrentAsync(cancel)).Pinned(channel, Deciding.MayModerate(user), MaxPinned, Identity.AccountOf(user)), user, cancel);

    /// <summary>In the order of the places, with the newest posts these say: the cursor of a page must be the one it was cut at.</summary>
    private Task<List<TopicView>> ViewsAsync(List<TopicPlace> places, ClaimsPrincipal user, CancellationToken cancel) => places.Count == 0 ? Task.FromResult<List<TopicView>>([])
        : database.ReadAsync(c =>
        {
            var latest = places.ToDictionary(p => p.Topic, p => p.Latest);
            var views = Views(c, c.Query($"SELECT {Columns} {Tables} WHERE t.id IN @ids", new { ids = places.Select(p => Ids.Bytes(p.Topic)) }), id => latest[id]).ToDictionary(v => v.Id);
            return places.Select(p => views.GetValueOrDefault(p.Topic)).OfType<TopicView>().Where(v => IsSeenBy(v, user)).ToList();
        }, cancel);

    /// <summary>Hidden topics are there for moderators only, those that wait for a moderator for their authors too.</summary>
    private static bool IsSeenBy(TopicView topic, ClaimsPrincipal user) => Deciding.MayModerate(user) || (!topic.IsHidden && (!topic.IsHeld || Approval.IsSeenBy(topic.AuthorId, user)));

    /// <summary>The topic with this id, or the earlier one it repeats; null if there is none (yet), or none that this reader may see.</summary>
    public async Task<TopicView?> FindAsync(Guid id, ClaimsPrincipal user, CancellationToken cancel) =>
        await FindAsync(id, cancel) is { } topic && IsSeenBy(topic, user) ? topic : null;

    /// <summary>Those of these topics that are here and that this reader may see.</summary>
    public async Task<List<TopicView>> FindAsync(IReadOnlyCollection<Guid> wanted, ClaimsPrincipal user, CancellationToken cancel) =>
        await ViewsAsync((await directory.CurrentAsync(cancel)).Places(wanted), user, cancel);

    private Task<TopicView?> FindAsync(Guid id, CancellationToken cancel) => database.ReadAsync(c =>
    {
        // A topic may arrive a moment before its first post.
        var found = c.Query($"""
            SELECT {Columns}, (SELECT p.id FROM post p WHERE p.topic_id = t.id AND {Shown.Post("p.id")} ORDER BY p.id DESC LIMIT 1) AS latest {Tables}
            WHERE t.id = COALESCE((SELECT MIN(e.id) FROM topic w JOIN topic e ON e.request_key = w.request_key WHERE w.id = @id), @id)
            """, new { id = Ids.Bytes(id) }).ToList();
        return Views(c, found, topic => found[0].latest is byte[] latest ? Ids.Of(latest) : topic).FirstOrDefault();
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

    private List<TopicView> Views(DbConnection connection, IEnumerable<dynamic> found, Func<Guid, Guid> latest)
    {
        var rows = found.Select(r => (Row: r, Id: Ids.Of((byte[])r.id))).ToList();
        if (rows.Count == 0) return [];
        var authors = connection.Query("""
            SELECT p.id, p.author_id, a.name,
              EXISTS (SELECT 1 FROM account e WHERE e.name_key = a.name_key AND e.id < a.id) AS shared
            FROM post p LEFT JOIN account a ON a.id = p.author_id WHERE p.id IN @ids
            """, new { ids = rows.Select(r => Ids.Bytes(latest(r.Id))) })
            .ToDictionary(r => Ids.Of((byte[])r.id), r => Name((string?)r.name, (byte[])r.author_id, (long)r.shared));
        var states = decisions.Of(connection, [.. rows.Select(r => r.Id)]);
        return [.. rows.Select(r => View(r.Row, r.Id, latest(r.Id), authors, states))];
    }

    private static TopicView View(dynamic row, Guid id, Guid latest, Dictionary<Guid, string> authors, IReadOnlyDictionary<Guid, Decided> states)
    {
        var author = Name((string?)row.author, (byte[])row.author_id, (long)row.shared);
        var state = states.GetValueOrDefault(id, Decided.Nothing);
        var channel = Decidable.ChannelOf(state.Text(Decidable.Channel), Ids.Of((byte[])row.channel_id));
        return new(id, channel, (string)row.title, Ids.Of((byte[])row.author_id), author, (long)row.node, latest, authors.GetValueOrDefault(latest, author), state);
    }

    private static string Name(string? name, byte[] id, long shared) => AccountName.Shown(name, Ids.Of(id), shared != 0);
}
