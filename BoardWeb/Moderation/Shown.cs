using Connect.BoardWeb.Posts;

namespace Connect.BoardWeb.Moderation;

/// <summary>In SQL, what everybody may see: the one place where it stands. Columns are constants, never input.</summary>
public static class Shown
{
    /// <summary>The topic is not hidden, and waits for nobody.</summary>
    /// <param name="topic">A column with its id.</param>
    public static string Topic(string topic) => $"{Without(topic, Decidable.Hidden)} AND {Without(topic, Decidable.Waits)}";

    /// <summary>The post waits for nobody; whether its topic is shown is another question.</summary>
    /// <param name="post">A column with its id.</param>
    public static string Post(string post) => Without(post, Decidable.Waits);

    /// <summary>The post is not deleted; as in <see cref="PostState.Deleted"/>.</summary>
    /// <param name="post">A column with its id.</param>
    public static string Kept(string post) =>
        $"COALESCE((SELECT MAX(d.id) FROM post_revision d WHERE d.post_id = {post} AND d.kind = '{RevisionKind.Delete}'), '') <= COALESCE((SELECT MAX(d.id) FROM post_revision d WHERE d.post_id = {post} AND d.kind = '{RevisionKind.Restore}'), '') AND NOT EXISTS (SELECT 1 FROM post_revision d WHERE d.post_id = {post} AND d.kind = '{RevisionKind.Erase}')";

    /// <remarks>Both servers may take the order for a reason to walk all decisions backwards by their ids, once for each post: with 40,000 decisions, seconds.</remarks>
    private static string Without(string subject, string property) =>
        $"COALESCE((SELECT d.value FROM decision d FORCE INDEX (by_subject) WHERE d.subject_id = {subject} AND d.property = '{property}' ORDER BY d.id DESC LIMIT 1), '') = ''";
}
