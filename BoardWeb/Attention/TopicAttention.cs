using System.Data.Common;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Writes;
using Connect.Node.Database;
using Dapper;

namespace Connect.BoardWeb.Attention;

/// <summary>How much of a topic somebody wants to hear.</summary>
public static class AttentionLevel
{
    /// <summary>New posts in it are notifications; it is only marked when it has unread posts; nothing of it is.</summary>
    public const string Follow = "follow", Normal = "normal", Mute = "mute";

    /// <summary>Nobody chooses this one: they have posted in the topic, and so follow it, unless they muted it.</summary>
    internal const string Joined = "joined";

    public static readonly IReadOnlyList<string> All = [Follow, Normal, Mute];

    /// <summary>
    /// What these rows come to, in whatever order they arrived. The latest counts; but who muted a topic hears nothing of it until they choose something else, also if they go on posting
    /// where the muting has not arrived yet.
    /// </summary>
    /// <param name="rows">Of one person and topic; of each level the latest.</param>
    public static string Of(IEnumerable<(Guid Id, string Level)> rows)
    {
        var latest = rows.OrderByDescending(r => r.Id).Select(r => r.Level).ToList();
        if (latest.Find(l => l != Joined) == Mute) return Mute;
        return latest is [Follow or Joined, ..] ? Follow : Normal;
    }
}

/// <summary>Who follows and who mutes which topics. Each choice is a row.</summary>
public sealed class TopicAttention(BoardDatabase database, WriteBatcher writes, Uuid7 ids, NotificationCount counts, TimeProvider time)
{
    /// <summary>For so long somebody who posts once more in a topic is taken to follow it still (or to mute it). One minute.</summary>
    private static readonly TimeSpan Known = TimeSpan.FromMinutes(1);

    private const int MaxKnown = 10_000;

    private readonly Remembered<(Guid Account, Guid Topic), bool> _chosen = new(MaxKnown, time);

    public Task<string> LevelAsync(Guid account, Guid topic, CancellationToken cancel) => database.ReadAsync(c => Level(c, account, topic), cancel);

    /// <summary>The levels of those topics that the account has chosen one of, or posted in.</summary>
    public IReadOnlyDictionary<Guid, string> Of(DbConnection connection, Guid account, IReadOnlyCollection<Guid> topics)
    {
        if (topics.Count == 0) return new Dictionary<Guid, string>();
        var rows = connection.Query<(byte[] Topic, string Level, byte[] Id)>(
                "SELECT topic_id, level, MAX(id) FROM attention WHERE account_id = @account AND topic_id IN @topics GROUP BY topic_id, level",
                new { account = Ids.Bytes(account), topics = topics.Select(Ids.Bytes) })
            .Select(r => (Topic: Ids.Of(r.Topic), r.Level, Id: Ids.Of(r.Id))).ToList();
        // Whatever is chosen here from now on sorts after everything that has been read here.
        if (rows.Count > 0) ids.Observe(rows.Max(r => r.Id));
        return rows.GroupBy(r => r.Topic).ToDictionary(g => g.Key, g => AttentionLevel.Of(g.Select(r => (r.Id, r.Level))));
    }

    /// <summary>Chooses a level; what is so already is not written again.</summary>
    /// <param name="level">One of <see cref="AttentionLevel.All"/>.</param>
    public async Task<WriteResult> ChooseAsync(Guid account, Guid topic, string level, CancellationToken cancel)
    {
        if (await LevelAsync(account, topic, cancel) == level) return new([], topic, "", 0, true);
        var result = await writes.WriteAsync(new(next => [new NewAttention(next(), account, topic, level)]));
        _chosen.Forget((account, topic));
        counts.Forget(account);
        return result;
    }

    /// <summary>True if it need not be asked whether this account, when it posts, begins to follow the topic.</summary>
    internal bool HasChosen(Guid account, Guid topic) => _chosen.Find((account, topic)) is { } chosen && chosen.Age < Known;

    /// <summary>True if this account, when it posts, begins to follow the topic.</summary>
    internal bool Joins(DbConnection connection, Guid account, Guid topic)
    {
        if (Level(connection, account, topic) == AttentionLevel.Normal) return true;
        _chosen.Put((account, topic), true);
        return false;
    }

    private string Level(DbConnection connection, Guid account, Guid topic) => Of(connection, account, [topic]).GetValueOrDefault(topic, AttentionLevel.Normal);
}
