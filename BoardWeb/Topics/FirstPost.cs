using System.Data.Common;
using Connect.BoardWeb.Storage;
using Dapper;

namespace Connect.BoardWeb.Topics;

/// <summary>Whether a post is the one its topic was opened with.</summary>
public static class FirstPost
{
    /// <summary>In SQL, for a post or a few. Names are constants, never input.</summary>
    /// <remarks>Compared with the smallest id of its topic instead, MySQL reads all ids of the topic for each post; and without the hint it may walk all posts by their ids. It still reads a thousand ids ahead for each post of a long topic (0.3 ms); for many posts there is <see cref="Of"/>.</remarks>
    /// <param name="post">A table or alias with the columns <c>id</c> and <c>topic_id</c>.</param>
    public static string Is(string post) => $"NOT EXISTS (SELECT 1 FROM post f FORCE INDEX (by_topic) WHERE f.topic_id = {post}.topic_id AND f.id < {post}.id)";

    /// <summary>Those of these posts that opened their topics. It costs as much as there are topics, however long these are.</summary>
    public static HashSet<Guid> Of(DbConnection connection, IReadOnlyCollection<Guid> posts)
    {
        var topics = connection.Query<byte[]>("SELECT DISTINCT topic_id FROM post WHERE id IN @ids", new { ids = posts.Select(Ids.Bytes) }).ToList();
        if (topics.Count == 0) return [];
        return [.. connection.Query<byte[]>("SELECT MIN(id) FROM post WHERE topic_id IN @topics GROUP BY topic_id", new { topics }).Select(Ids.Of).Intersect(posts)];
    }
}
