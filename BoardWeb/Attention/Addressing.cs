using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Writes;
using Dapper;

namespace Connect.BoardWeb.Attention;

/// <summary>Whom a text speaks to, and whether its author begins to follow the topic: looked up before it is written, and written together with it.</summary>
/// <param name="People">Who is mentioned, by <see cref="Mentions.KeyOf"/>.</param>
/// <param name="RepliedTo">Who wrote the post that is answered.</param>
public sealed record Addressees(Guid Author, IReadOnlyDictionary<string, Guid> People, Guid? RepliedTo, bool Joins)
{
    /// <summary>A text that speaks to nobody.</summary>
    public static Addressees None(Guid author) => new(author, new Dictionary<string, Guid>(), null, false);

    /// <param name="text">The post, or the edit of it.</param>
    public IEnumerable<NewRow> Rows(Func<Guid> next, Guid text, Guid post, Guid topic)
    {
        if (RepliedTo is { } replied && replied != Author) yield return new NewMention(next(), text, post, topic, replied, Author, NotificationKind.Reply, "");
        foreach (var (named, account) in People) yield return new NewMention(next(), text, post, topic, account, Author, NotificationKind.Mention, named);
        if (Joins) yield return new NewAttention(next(), Author, topic, AttentionLevel.Joined);
    }
}

/// <summary>Looks up <see cref="Addressees"/>, and says so when the text is there.</summary>
public sealed class Addressing(BoardDatabase database, TopicAttention attention, ReadMarks marks, NotificationCount counts)
{
    private static readonly IReadOnlyDictionary<string, Guid> Nobody = new Dictionary<string, Guid>();

    /// <param name="topic">Null: a new one.</param>
    public async Task<Addressees> OfPostAsync(Guid? topic, Guid author, string body, Guid? inReplyTo, CancellationToken cancel)
    {
        var keys = MarkdownText.MentionsIn(body);
        var asks = topic is { } there && !attention.HasChosen(author, there);
        if (keys.Count == 0 && inReplyTo is null && !asks) return new(author, Nobody, null, topic is null);
        return await database.ReadAsync(c => new Addressees(author, Mentions.Find(c, keys),
            inReplyTo is { } reply ? Ids.OrNull(c.QueryFirstOrDefault<byte[]?>("SELECT author_id FROM post WHERE id = @id", new { id = Ids.Bytes(reply) })) : null,
            topic is null || (asks && attention.Joins(c, author, topic.Value))), cancel);
    }

    public async Task<Addressees> OfEditAsync(Guid author, string body, CancellationToken cancel) => new(author, await PeopleAsync(body, cancel), null, false);

    /// <summary>Who would be mentioned by a text.</summary>
    public async Task<IReadOnlyDictionary<string, Guid>> PeopleAsync(string body, CancellationToken cancel)
    {
        var keys = MarkdownText.MentionsIn(body);
        return keys.Count == 0 ? Nobody : await database.ReadAsync(c => Mentions.Find(c, keys), cancel);
    }

    /// <summary>It has been written: its author has read what stands before it, and the others have something to look at.</summary>
    public void Written(Addressees to, Guid topic, Guid post)
    {
        marks.Note(to.Author, topic, post);
        foreach (var account in to.People.Values) counts.Forget(account);
        if (to.RepliedTo is { } replied) counts.Forget(replied);
    }
}
