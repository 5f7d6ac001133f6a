using System.Data.Common;
using System.Security.Claims;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Attention;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Topics;
using Connect.BoardWeb.Writes;
using Dapper;

namespace Connect.BoardWeb.Approvals;

/// <summary>A post that waits for a moderator.</summary>
/// <param name="Subject">What is decided about: the post, or the topic that it opens.</param>
/// <param name="Value">Why it waits, as in <see cref="Approval"/>.</param>
/// <param name="Title">Of its topic; empty if that has not arrived here.</param>
public sealed record WaitingPost(Guid Subject, string Value, PostView Post, string Title)
{
    public bool OpensTopic => Subject == Post.Topic;

    /// <summary>The listed word it has; null if it waits for another reason.</summary>
    public string? Word => Approval.WordOf(Value);
}

/// <summary>What waits for moderators before others see it, and what they decide about it.</summary>
public sealed class Approving(BoardDatabase database, DecisionReader decisions, PostReader posts, TopicReader topics, Addressing addressing, WriteBatcher writes)
{
    /// <summary>Posts that are shown.</summary>
    public const int MaxShown = 100;

    /// <summary>A topic's first post stands for it. What its author has deleted meanwhile, or has not arrived here, needs no decision.</summary>
    private static readonly string Queue = $"""
        SELECT x.subject_id, x.value, x.post FROM (
          SELECT d.id, d.subject_id, d.value, COALESCE((SELECT MIN(p.id) FROM post p WHERE p.topic_id = d.subject_id), d.subject_id) AS post
          FROM decision d WHERE d.property = '{Decidable.Waits}' AND d.value LIKE '{Approval.Waiting}%'
            AND NOT EXISTS (SELECT 1 FROM decision l WHERE l.subject_id = d.subject_id AND l.property = d.property AND l.id > d.id)) x
        WHERE EXISTS (SELECT 1 FROM post q WHERE q.id = x.post) AND {Shown.Kept("x.post")} ORDER BY x.id LIMIT {MaxShown}
        """;

    /// <summary>What waits, and has not been deleted: the oldest <see cref="MaxShown"/>, in order.</summary>
    public async Task<List<WaitingPost>> WaitingAsync(ClaimsPrincipal moderator, CancellationToken cancel)
    {
        var waiting = await database.ReadAsync(c => c.Query<(byte[] Subject, string Value, byte[] Post)>(Queue).Select(w => (Subject: Ids.Of(w.Subject), w.Value, Post: Ids.Of(w.Post))).ToList(), cancel);
        var written = await posts.FindAsync([.. waiting.Select(w => w.Post)], moderator, cancel);
        var titles = (await topics.FindAsync([.. written.Values.Select(p => p.Topic).Distinct()], moderator, cancel)).ToDictionary(t => t.Id, t => t.Title);
        return [.. waiting.Where(w => written.ContainsKey(w.Post)).Select(w => new WaitingPost(w.Subject, w.Value, written[w.Post], titles.GetValueOrDefault(written[w.Post].Topic, "")))];
    }

    /// <summary>
    /// Approves or rejects what waits, or what was decided about otherwise. Whom an approved post speaks to is looked up and written only now, so that it is new for them. Of a topic the first post is
    /// approved by a row of its own: it is what arrives.
    /// </summary>
    /// <param name="id">The post, or the topic that it opens.</param>
    /// <returns>Found is false if nothing with this id ever waited here; the result is null if it is so already.</returns>
    public async Task<(bool Found, WriteResult? Result)> DecideAsync(Guid id, bool approve, ClaimsPrincipal by, string? reason, CancellationToken cancel)
    {
        var (subject, opening, before) = await database.ReadAsync(c => Find(c, id), cancel);
        if (before is null || await posts.FindAsync(opening, by, cancel) is not { } post) return (false, null);
        var value = approve ? Approval.Given : Approval.Rejected;
        if (before.Value == value) return (true, null);
        var to = approve ? await addressing.OfPostAsync(post.Topic, post.AuthorId, post.Body, post.RepliesTo?.Post, cancel) : null;
        var author = Identity.AccountOf(by)!.Value;
        var result = await writes.WriteAsync(new(next =>
        {
            List<NewRow> rows = [New(subject)];
            if (approve && subject != post.Id) rows.Add(New(post.Id));
            if (to is not null) rows.AddRange(to.Rows(next, post.State.Edit?.Id ?? post.Id, post.Id, post.Topic));
            return rows;

            NewDecision New(Guid of) => new(next(), of, Decidable.Waits, value, author, reason ?? "");
        }));
        if (to is not null) addressing.Written(to, post.Topic, post.Id);
        return (true, result);
    }

    /// <summary>What is decided about, its post, and what was decided last.</summary>
    private (Guid Subject, Guid Post, Decision? Before) Find(DbConnection connection, Guid id)
    {
        var opening = FirstPost.Of(connection, id);
        var topic = opening is not null ? id : Ids.OrNull(connection.QueryFirstOrDefault<byte[]?>($"""
            SELECT p.topic_id FROM post p WHERE p.id = @id AND {FirstPost.Is("p")}
              AND EXISTS (SELECT 1 FROM decision d WHERE d.subject_id = p.topic_id AND d.property = '{Decidable.Waits}')
            """, new { id = Ids.Bytes(id) }));
        var subject = topic ?? id;
        return (subject, opening ?? id, decisions.Of(connection, subject)[Decidable.Waits]);
    }
}
