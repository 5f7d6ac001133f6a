using System.Security.Cryptography;
using System.Text;
using Connect.BoardWeb.Approvals;
using Connect.BoardWeb.Attention;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Topics;
using Connect.BoardWeb.Writes;

namespace Connect.BoardWeb.Posts;

/// <summary>A topic or a post that was written, or was there already because this was a retry.</summary>
/// <param name="Id">The post's id.</param>
/// <param name="Topic">Its topic's id.</param>
/// <param name="Conflict">The key was used before for something else; nothing was written.</param>
public sealed record Posted(Guid Id, Guid Topic, WriteResult Result, bool Conflict);

/// <summary>Opens topics and posts to them; texts have been checked by then. What waits for a moderator speaks to nobody yet: whom it means is written when it is approved.</summary>
public sealed class Posting(WriteBatcher writes, TopicReader topics, PostReader posts, Addressing addressing)
{
    /// <summary>The key of a request: nobody can use up another's.</summary>
    public static byte[]? RequestKey(Guid author, string? key) =>
        string.IsNullOrEmpty(key) ? null : SHA256.HashData([.. author.ToByteArray(bigEndian: true), .. Encoding.UTF8.GetBytes(key)]);

    /// <summary>A form's key, bound to what was written in it: a double click posts once, a changed text is another post.</summary>
    public static string? FormKey(string? key, params string?[] content) => string.IsNullOrEmpty(key) || key.Length > PostRules.MaxKey ? null
        : key + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', content))));

    /// <param name="waits">Why it waits for a moderator, as <see cref="Approval.Value"/>; null: it does not.</param>
    public async Task<Posted> ReplyAsync(Guid topic, Guid author, string body, Guid? inReplyTo, byte[]? requestKey, string? waits, CancellationToken cancel)
    {
        var to = waits is null ? await addressing.OfPostAsync(topic, author, body, inReplyTo, cancel) : Addressees.None(author);
        var result = await writes.WriteAsync(new(next =>
        {
            var post = next();
            return [new NewPost(post, topic, author, inReplyTo, body, requestKey), .. Waits(next, post, author, waits), .. to.Rows(next, post, post, topic)];
        }, requestKey is null ? null : new Claim("post", "request_key", requestKey)));
        if (result.Existing is not { } existing)
        {
            addressing.Written(to, topic, result.Ids[0]);
            return new(result.Ids[0], topic, result, false);
        }
        var earlier = await posts.OriginalAsync(existing, cancel);
        return new(existing, topic, result, earlier is { } e && (e.Topic != topic || e.Body != body));
    }

    /// <param name="waits">As in <see cref="ReplyAsync"/>: it is the topic that waits, and the post with it.</param>
    public async Task<Posted> OpenAsync(Guid channel, Guid author, string title, string body, byte[]? requestKey, string? waits, CancellationToken cancel)
    {
        var to = waits is null ? await addressing.OfPostAsync(null, author, body, null, cancel) : Addressees.None(author);
        var result = await writes.WriteAsync(new(next =>
        {
            var (topic, post) = (next(), next());
            return [new NewTopic(topic, channel, author, title, requestKey), new NewPost(post, topic, author, null, body, null), .. Waits(next, topic, author, waits), .. to.Rows(next, post, post, topic)];
        }, requestKey is null ? null : new Claim("topic", "request_key", requestKey)));
        if (result.Existing is not { } existing)
        {
            addressing.Written(to, result.Ids[0], result.Ids[1]);
            return new(result.Ids[1], result.Ids[0], result, false);
        }
        var earlier = await topics.OpeningAsync(existing, cancel);
        return new(earlier?.Post ?? existing, existing, result, earlier is { } e && (e.Channel != channel || e.Title != title || e.Body != body));
    }

    private static IEnumerable<NewRow> Waits(Func<Guid> next, Guid subject, Guid author, string? waits) => waits is null ? [] : [new NewDecision(next(), subject, Decidable.Waits, waits, author, "")];
}
