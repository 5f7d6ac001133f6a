using System.Data.Common;
using System.Security.Claims;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Topics;
using Dapper;

namespace Connect.BoardWeb.Attention;

/// <summary>
/// What people have not read yet: posts of others that are later than their mark in the topic, than the mark they set in its channel, and than their own account. So a newcomer does not begin
/// with years of unread posts, and a topic that was never opened counts from the account's first day on. What is muted is never unread.
/// </summary>
public sealed class Unread(BoardDatabase database, TopicAttention attention, DecisionReader decisions, TimeProvider time)
{
    /// <summary>The board's latest posts, among which the front page looks for unread ones.</summary>
    public const int MaxRecent = 500;

    /// <summary>For so long all readers of the front page share one look at them. 2 s.</summary>
    private static readonly TimeSpan Shared = TimeSpan.FromSeconds(2);

    private volatile Latest? _latest;

    /// <summary>The first unread post of each of these topics; topics without one are left out.</summary>
    public Task<Dictionary<Guid, Guid>> FirstAsync(Guid account, IReadOnlyCollection<TopicView> topics, CancellationToken cancel) => database.ReadAsync(c => First(c, account, topics), cancel);

    /// <summary>Channels in which one of the board's latest posts (<see cref="MaxRecent"/>) is unread.</summary>
    public Task<HashSet<Guid>> ChannelsAsync(ClaimsPrincipal user, CancellationToken cancel) => database.ReadAsync(c =>
    {
        if (Identity.AccountOf(user) is not { } account) return [];
        var topics = LatestOf(c).Topics.Where(t => !t.Hidden || Deciding.MayModerate(user)).ToList();
        var (marks, muted) = State(c, account, topics.Select(t => t.Id), topics.Select(t => t.Channel));
        return topics.Where(t => !muted.Contains(t.Id) && Mark(marks, account, t.Id, t.Channel) is var mark && t.Posts.Exists(p => p.Author != account && p.Id.CompareTo(mark) > 0))
            .Select(t => t.Channel).ToHashSet();
    }, cancel);

    /// <summary>How far an account has read a topic: the greatest of all that counts.</summary>
    public static Guid Mark(IReadOnlyDictionary<Guid, Guid> marks, Guid account, Guid topic, Guid channel) =>
        new[] { account, marks.GetValueOrDefault(topic), marks.GetValueOrDefault(channel) }.Max();

    private Dictionary<Guid, Guid> First(DbConnection connection, Guid account, IReadOnlyCollection<TopicView> topics)
    {
        var (marks, muted) = State(connection, account, topics.Select(t => t.Id), topics.Select(t => t.Channel));
        var candidates = topics.Select(t => (t.Id, t.LastPost, Mark: Mark(marks, account, t.Id, t.Channel))).Where(t => !muted.Contains(t.Id) && t.LastPost.CompareTo(t.Mark) > 0).ToList();
        if (candidates.Count == 0) return [];
        var parameters = new DynamicParameters(new { account = Ids.Bytes(account) });
        var each = candidates.Select((topic, i) =>
        {
            parameters.Add($"t{i}", Ids.Bytes(topic.Id));
            parameters.Add($"m{i}", Ids.Bytes(topic.Mark));
            return $"(SELECT p.topic_id, p.id FROM post p WHERE p.topic_id = @t{i} AND p.id > @m{i} AND p.author_id <> @account AND {Shown.Post("p.id")} ORDER BY p.id LIMIT 1)";
        });
        return connection.Query<(byte[] Topic, byte[] Post)>(string.Join(" UNION ALL ", each), parameters).ToDictionary(r => Ids.Of(r.Topic), r => Ids.Of(r.Post));
    }

    private (Dictionary<Guid, Guid> Marks, HashSet<Guid> Muted) State(DbConnection connection, Guid account, IEnumerable<Guid> topics, IEnumerable<Guid> channels)
    {
        var ids = topics.Distinct().ToList();
        if (ids.Count == 0) return ([], []);
        return (ReadMarks.Of(connection, account, ids.Concat(channels).Distinct()),
            attention.Of(connection, account, ids).Where(l => l.Value == AttentionLevel.Mute).Select(l => l.Key).ToHashSet());
    }

    private Latest LatestOf(DbConnection connection)
    {
        if (_latest is { } latest && time.GetElapsedTime(latest.Since) < Shared) return latest;
        var posts = connection.Query<(byte[] Id, byte[] Topic, byte[] Author)>($"SELECT p.id, p.topic_id, p.author_id FROM post p WHERE {Shown.Post("p.id")} ORDER BY p.id DESC LIMIT {MaxRecent}")
            .Select(p => (Id: Ids.Of(p.Id), Topic: Ids.Of(p.Topic), Author: Ids.Of(p.Author))).ToLookup(p => p.Topic, p => (p.Id, p.Author));
        var ids = posts.Select(g => g.Key).ToList();
        var states = decisions.Of(connection, ids);
        List<LatestTopic> topics = ids.Count == 0 ? [] : [.. connection.Query<(byte[] Id, byte[] Channel)>("SELECT id, channel_id FROM topic WHERE id IN @ids", new { ids = ids.Select(Ids.Bytes) }).Select(t =>
        {
            var id = Ids.Of(t.Id);
            var state = states.GetValueOrDefault(id, Decided.Nothing);
            return new LatestTopic(id, Decidable.ChannelOf(state.Text(Decidable.Channel), Ids.Of(t.Channel)), state.Is(Decidable.Hidden) || state.Text(Decidable.Waits) is not null, [.. posts[id]]);
        })];
        return _latest = new(topics, time.GetTimestamp());
    }

    private sealed record LatestTopic(Guid Id, Guid Channel, bool Hidden, List<(Guid Id, Guid Author)> Posts);

    private sealed record Latest(List<LatestTopic> Topics, long Since);
}
