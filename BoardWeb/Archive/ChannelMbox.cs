using System.Data.Common;
using System.Globalization;
using System.Text;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Channels;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Storage;
using Connect.Node.Database;
using Connect.Node.Files;
using Dapper;
using MimeKit;

namespace Connect.BoardWeb.Archive;

/// <summary>
/// A channel as a mailbox (mboxrd): topic after topic, each post a mail with its latest text, threaded by In-Reply-To and References. Hidden topics, deleted posts and what waits for a moderator are left out.
/// Read by keys a page at a time; no snapshot.
/// </summary>
public sealed class ChannelMbox(BoardDatabase database, DecisionReader decisions)
{
    private const int TopicsAtOnce = 200, PostsAtOnce = 100;

    /// <summary>What a line of a mail may have at the most, in bytes (RFC 5322).</summary>
    private const int MaxLine = 998;

    private static readonly FormatOptions Format = MakeFormat();

    /// <summary>The name of a post among mails. Nothing is ever delivered to this domain (RFC 6761).</summary>
    public static string MessageId(Guid post) => $"{post}@connect.invalid";

    /// <param name="output">Where it is written.</param>
    /// <param name="channel">Which one.</param>
    /// <param name="root">Of this board: mails name its files by their whole addresses.</param>
    /// <param name="begin">Called when the first topics have been read, before anything is written.</param>
    /// <param name="cancel">Ends it early.</param>
    /// <exception cref="DatabaseUnavailableException">The server did not answer, again and again.</exception>
    public async Task WriteAsync(Stream output, ChannelView channel, Uri root, Action begin, CancellationToken cancel)
    {
        for (Guid? after = Guid.Empty; after is { } last;)
        {
            var (topics, next) = await Pages.ReadAsync(() => database.ReadAsync(c => Topics(c, channel.Id, last), cancel), cancel);
            if (last == Guid.Empty) begin();
            foreach (var (id, title) in topics) await WriteAsync(output, id, title, root, cancel);
            after = next;
        }
    }

    private async Task WriteAsync(Stream output, Guid topic, string title, Uri root, CancellationToken cancel)
    {
        Guid? first = null;
        for (Guid? after = Guid.Empty; after is { } last;)
        {
            var (posts, next) = await Pages.ReadAsync(() => database.ReadAsync(c => Posts(c, topic, last), cancel), cancel);
            foreach (var post in posts)
            {
                first ??= post.Id;
                if (post.Body is { } body) await output.WriteAsync(Mail(post, FileAddress.AbsoluteMarkdown(body, root), title, first.Value), cancel);
            }
            after = next;
        }
    }

    /// <summary>The topics that are in the channel now, by id.</summary>
    private (List<(Guid Id, string Title)> Topics, Guid? Next) Topics(DbConnection connection, Guid channel, Guid after)
    {
        var found = connection.Query<(byte[] Id, string Title, byte[] Channel)>($"""
            SELECT t.id, t.title, t.channel_id FROM topic t JOIN (
              (SELECT id FROM topic WHERE channel_id = @channel AND id > @after ORDER BY id LIMIT {TopicsAtOnce})
              UNION (SELECT subject_id FROM decision WHERE property = '{Decidable.Channel}' AND value = @text AND subject_id > @after ORDER BY subject_id LIMIT {TopicsAtOnce})) here ON here.id = t.id
            WHERE NOT EXISTS (SELECT 1 FROM topic e WHERE e.request_key = t.request_key AND e.id < t.id) ORDER BY t.id LIMIT {TopicsAtOnce}
            """, new { channel = Ids.Bytes(channel), text = Decidable.IdText(channel), after = Ids.Bytes(after) }).Select(t => (Id: Ids.Of(t.Id), t.Title, Channel: Ids.Of(t.Channel))).ToList();
        var states = decisions.Of(connection, [.. found.Select(t => t.Id)]);
        var seen = found.Where(t => states.GetValueOrDefault(t.Id, Decided.Nothing) is var state && !state.Is(Decidable.Hidden) && state.Text(Decidable.Waits) is null
            && Decidable.ChannelOf(state.Text(Decidable.Channel), t.Channel) == channel);
        // Retries are not among them, so a page may be short before the end.
        return ([.. seen.Select(t => (t.Id, t.Title))], found.Count > 0 ? found[^1].Id : null);
    }

    /// <param name="Body">Null if it is deleted.</param>
    private sealed record MailedPost(Guid Id, Guid AuthorId, string Author, Guid? InReplyTo, string? Body);

    private static (List<MailedPost> Posts, Guid? Next) Posts(DbConnection connection, Guid topic, Guid after)
    {
        var rows = connection.Query($"""
            SELECT p.id, p.author_id, p.in_reply_to, p.body, a.name,
              EXISTS (SELECT 1 FROM account e WHERE e.name_key = a.name_key AND e.id < a.id) AS shared
            FROM post p LEFT JOIN account a ON a.id = p.author_id
            WHERE p.topic_id = @topic AND p.id > @after AND NOT EXISTS (SELECT 1 FROM post e WHERE e.request_key = p.request_key AND e.id < p.id) AND {Shown.Post("p.id")} ORDER BY p.id LIMIT {PostsAtOnce}
            """, new { topic = Ids.Bytes(topic), after = Ids.Bytes(after) }).ToList();
        var states = PostRevisions.Of(connection, [.. rows.Select(r => Ids.Of((byte[])r.id))]);
        var posts = rows.Select(r =>
        {
            var (id, author) = (Ids.Of((byte[])r.id), Ids.Of((byte[])r.author_id));
            var state = states.GetValueOrDefault(id, PostState.AsWritten);
            return new MailedPost(id, author, AccountName.Shown((string?)r.name, author, (long)r.shared != 0), Ids.OrNull((byte[]?)r.in_reply_to),
                state.Deleted is null ? state.Edit?.Body ?? (string)r.body : null);
        }).ToList();
        return (posts, rows.Count == PostsAtOnce ? posts[^1].Id : null);
    }

    private static ReadOnlyMemory<byte> Mail(MailedPost post, string body, string title, Guid first)
    {
        var (at, isFirst) = (Uuid7.TimeOf(post.Id), post.Id == first);
        var address = $"{post.AuthorId:N}@connect.invalid";
        using var text = new TextPart("plain") { Text = body.ReplaceLineEndings("\n") + "\n" };
        using var mail = new MimeMessage { Subject = isFirst ? title : $"Re: {title}", Date = at, MessageId = MessageId(post.Id), Body = text };
        mail.From.Add(new MailboxAddress(post.Author, address));
        if (!isFirst)
        {
            mail.References.Add(MessageId(first));
            if (post.InReplyTo is { } reply && reply != first) mail.References.Add(MessageId(reply));
            mail.InReplyTo = MessageId(post.InReplyTo ?? first);
        }
        mail.Prepare(EncodingConstraint.EightBit, MaxLine);
        using var written = new MemoryStream();
        mail.WriteTo(Format, written);
        return Quoted($"From {address} {at.UtcDateTime.ToString("ddd MMM d HH:mm:ss yyyy", CultureInfo.InvariantCulture)}\n", written.GetBuffer().AsSpan(0, (int)written.Length));
    }

    /// <summary>A line that begins like a mail's first one, quoted or not, is quoted once more (mboxrd), so that it can be told from one.</summary>
    private static ReadOnlyMemory<byte> Quoted(string marker, ReadOnlySpan<byte> mail)
    {
        using var mbox = new MemoryStream();
        mbox.Write(Encoding.ASCII.GetBytes(marker));
        while (!mail.IsEmpty)
        {
            var end = mail.IndexOf((byte)'\n');
            var line = end < 0 ? mail : mail[..(end + 1)];
            if (line.TrimStart((byte)'>').StartsWith("From "u8)) mbox.WriteByte((byte)'>');
            mbox.Write(line);
            mail = mail[line.Length..];
        }
        mbox.WriteByte((byte)'\n');
        return mbox.ToArray();
    }

    private static FormatOptions MakeFormat()
    {
        var format = FormatOptions.Default.Clone();
        format.NewLineFormat = NewLineFormat.Unix;
        return format;
    }
}
