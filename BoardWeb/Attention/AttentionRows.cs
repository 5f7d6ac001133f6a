using Connect.BoardWeb.Writes;
using Connect.Node.Database;

namespace Connect.BoardWeb.Attention;

/// <param name="Subject">A topic; a channel; or the account itself, whose notifications are meant then.</param>
/// <param name="UpTo">The last post that was shown (of notifications: the last one).</param>
public sealed record NewReadMark(Guid Id, Guid Account, Guid Subject, Guid UpTo) : NewRow(Id)
{
    private static readonly (string, string[]) TheShape = ("read_mark", ["account_id", "subject_id", "up_to"]);

    public override (string, string[]) Shape => TheShape;

    public override object?[] Values => [Uuid7.ToBytes(Account), Uuid7.ToBytes(Subject), Uuid7.ToBytes(UpTo)];
}

/// <param name="Level">One of <see cref="AttentionLevel.All"/>, or <see cref="AttentionLevel.Joined"/>.</param>
public sealed record NewAttention(Guid Id, Guid Account, Guid Topic, string Level) : NewRow(Id)
{
    private static readonly (string, string[]) TheShape = ("attention", ["account_id", "topic_id", "level"]);

    public override (string, string[]) Shape => TheShape;

    public override object?[] Values => [Uuid7.ToBytes(Account), Uuid7.ToBytes(Topic), Level];
}

/// <param name="Text">The post or the edit that says so.</param>
/// <param name="Account">Who is spoken to.</param>
/// <param name="Author">Whoever wrote it.</param>
/// <param name="Kind"><see cref="NotificationKind.Reply"/> or <see cref="NotificationKind.Mention"/>.</param>
/// <param name="Named">What the account is called in the text, as <see cref="Mentions.KeyOf"/>; empty for a reply.</param>
public sealed record NewMention(Guid Id, Guid Text, Guid Post, Guid Topic, Guid Account, Guid Author, string Kind, string Named) : NewRow(Id)
{
    private static readonly (string, string[]) TheShape = ("mention", ["text_id", "post_id", "topic_id", "account_id", "author_id", "kind", "named"]);

    public override (string, string[]) Shape => TheShape;

    public override object?[] Values =>
        [Uuid7.ToBytes(Text), Uuid7.ToBytes(Post), Uuid7.ToBytes(Topic), Uuid7.ToBytes(Account), Uuid7.ToBytes(Author), Kind, Named];

    public override int Size => 300 + Named.Length * 3;
}
