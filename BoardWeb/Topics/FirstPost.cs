using System.Data.Common;
using Connect.BoardWeb.Storage;
using Dapper;

namespace Connect.BoardWeb.Topics;

/// <summary>The post that a topic was opened with: the one with the smallest id.</summary>
public static class FirstPost
{
    /// <summary>In SQL, whether a post is one, for a post or a few. Names are constants, never input.</summary>
    /// <remarks>Compared with the smallest id of its topic instead, MySQL reads all ids of the topic for each post; and without the hint it may walk all posts by their ids.
    /// It still reads a thousand ids ahead for each post of a long topic (0.3 ms); for many posts there is <see cref="Of(DbConnection, IReadOnlyCollection{Guid})"/>.</remarks>
    /// <param name="post">A table or alias with the columns <c>id</c> and <c>topic_id</c>.</param>
    public static string Is(string post) => $"NOT EXISTS (SELECT 1 FROM post f FORCE INDEX (by_topic) WHERE f.topic_id = {post}.topic_id AND f.id < {post}.id)";

    /// <summary>Null if none of the topic's has arrived here.</summary>
    public static Guid? Of(DbConnection connection, Guid topic) =>
        Ids.OrNull(connection.ExecuteScalar<byte[]?>("SELECT MIN(id) FROM post WHERE topic_id = @id", new { id = Ids.Bytes(topic) }));

    /// <summary>Those of these topics. It costs as much as there are topics, however long these are.</summary>
    public static HashSet<Guid> Of(DbConnection connection, IReadOnlyCollection<Guid> topics) => topics.Count == 0 ? []
        : [.. connection.Query<byte[]>("SELECT MIN(id) FROM post WHERE topic_id IN @topics GROUP BY topic_id", new { topics = topics.Select(Ids.Bytes) }).Select(Ids.Of)];
}
