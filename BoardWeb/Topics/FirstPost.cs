namespace Connect.BoardWeb.Topics;

/// <summary>In SQL, whether a post is the one its topic was opened with. Names are constants, never input.</summary>
public static class FirstPost
{
    /// <remarks>Compared with the smallest id of its topic instead, MySQL reads all ids of the topic for each post; and without the hint it may walk all posts by their ids.</remarks>
    /// <param name="post">A table or alias with the columns <c>id</c> and <c>topic_id</c>.</param>
    public static string Is(string post) => $"NOT EXISTS (SELECT 1 FROM post f FORCE INDEX (by_topic) WHERE f.topic_id = {post}.topic_id AND f.id < {post}.id)";
}
