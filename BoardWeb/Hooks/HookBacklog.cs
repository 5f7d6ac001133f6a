using System.Data.Common;
using Connect.BoardWeb.Approvals;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Topics;
using Connect.Node.Database;
using Dapper;

namespace Connect.BoardWeb.Hooks;

/// <summary>Something that a webhook has not been told yet.</summary>
/// <param name="Id">The row that is the event: of what waited for a moderator the approval.</param>
/// <param name="Post">The post that it is about.</param>
/// <param name="Origin">See <see cref="NewHookDelivery"/>.</param>
/// <param name="Attempts">That failed.</param>
/// <param name="First">When it was tried first; null if never.</param>
/// <param name="Due">When it is tried next.</param>
public sealed record HookTask(Guid Id, Guid Post, long Origin, string Event, int Attempts, DateTimeOffset? First, DateTimeOffset Due);

/// <summary>
/// What one webhook has still to be told, on the node that tells it. The rows in the database are the queue: only <see cref="MaxWaiting"/> are taken from there at a time. How far each
/// origin's rows were told is the greatest of them that was tried; what failed since is tried again. So another node goes on where the one before stopped, and may tell a little of it twice.
/// </summary>
public sealed class HookBacklog
{
    /// <summary>Events that wait in memory; the others wait in their tables.</summary>
    public const int MaxWaiting = 200;

    /// <summary>Rows of one origin taken at a time.</summary>
    private const int AtOnce = 50;

    /// <summary>Reports that arrive later than that are not told. 7 days.</summary>
    private static readonly TimeSpan LatestReport = TimeSpan.FromDays(7);

    private const int MaxReports = 1000;

    private readonly Dictionary<long, Guid> _marks = [];
    private readonly HashSet<Guid> _reports = [];

    private HookBacklog(Hook hook) => Hook = hook;

    public Hook Hook { get; set; }

    /// <summary>In the order of their ids: of their age.</summary>
    public SortedDictionary<Guid, HookTask> Waiting { get; } = [];

    /// <summary>In a row.</summary>
    public int Failures { get; set; }

    /// <summary>Nothing is told before.</summary>
    public DateTimeOffset RestsUntil { get; set; } = DateTimeOffset.MinValue;

    /// <summary>Where the node before stopped.</summary>
    public static HookBacklog Load(DbConnection connection, Hook hook, DateTimeOffset now, Func<int, TimeSpan> pauseAfter, int maxFailures)
    {
        var queue = new HookBacklog(hook);
        var of = new { hook = Ids.Bytes(hook.Id), since = Ids.Bytes(hook.Since), lately = Ids.Bytes(Later(hook.Since, Uuid7.LowestAt(now - HookRules.GiveUpAfter - TimeSpan.FromHours(1)))), reported = Ids.Bytes(Later(hook.Since, Uuid7.LowestAt(now - LatestReport))) };
        foreach (var (origin, id) in connection.Query<(long, byte[])>("SELECT origin, MAX(event_id) FROM hook_delivery WHERE hook_id = @hook AND origin <> 0 GROUP BY origin", of))
            queue._marks[origin] = Later(hook.Since, Ids.Of(id));
        foreach (var row in connection.Query($"""
            SELECT d.event_id, d.origin, d.event, MAX(d.attempt) AS attempts, MIN(d.id) AS first, MAX(d.id) AS latest, MAX(r.post_id) AS post, MAX(w.subject_id) AS approved
            FROM hook_delivery d LEFT JOIN post_revision r ON r.id = d.event_id LEFT JOIN decision w ON w.id = d.event_id
            WHERE d.hook_id = @hook AND d.id > @lately AND d.event_id > @since AND d.event <> '{HookEvent.Test}'
            GROUP BY d.event_id, d.origin, d.event HAVING SUM(d.outcome <> '{HookOutcome.Failed}') = 0 ORDER BY d.event_id LIMIT {MaxWaiting}
            """, of))
        {
            Guid id = Ids.Of((byte[])row.event_id);
            int attempts = Convert.ToInt32(row.attempts);
            string kind = (string)row.@event;
            var subject = Ids.OrNull((byte[]?)row.approved) ?? id;
            var post = kind == HookEvent.TopicCreated ? FirstPost.Of(connection, subject) ?? subject : Ids.OrNull((byte[]?)row.post) ?? subject;
            queue.Waiting[id] = new(id, post, (long)row.origin, kind, attempts, Uuid7.TimeOf(Ids.Of((byte[])row.first)), Uuid7.TimeOf(Ids.Of((byte[])row.latest)) + pauseAfter(attempts));
        }
        foreach (var outcome in connection.Query<string>($"SELECT outcome FROM hook_delivery WHERE hook_id = @hook AND id > @since AND event <> '{HookEvent.Test}' ORDER BY id DESC LIMIT {maxFailures}", of))
        {
            if (outcome != HookOutcome.Failed) break;
            queue.Failures++;
        }
        if (hook.Events.Contains(HookEvent.ReportCreated))
        {
            foreach (var id in connection.Query<byte[]>($"SELECT DISTINCT event_id FROM hook_delivery WHERE hook_id = @hook AND id > @reported AND event = '{HookEvent.ReportCreated}'", of)) queue._reports.Add(Ids.Of(id));
        }
        return queue;
    }

    /// <summary>Takes what is new from the tables, as far as there is room.</summary>
    /// <param name="newest">The newest of each origin.</param>
    public void Fill(DbConnection connection, Marks newest, DateTimeOffset now)
    {
        foreach (var (origin, id) in newest.Origins)
        {
            if (Waiting.Count + 2 * AtOnce > MaxWaiting) break;
            var mark = _marks.GetValueOrDefault(origin, Hook.Since);
            if (id.CompareTo(mark) > 0) _marks[origin] = Take(connection, origin, mark, id, now);
        }
        if (!Hook.Events.Contains(HookEvent.ReportCreated)) return;
        // Reports have no index by origin, and are few: all of the last days are looked at.
        foreach (var report in connection.Query<byte[]>($"SELECT id FROM report WHERE id > @after ORDER BY id DESC LIMIT {MaxReports}", new { after = Ids.Bytes(Later(Hook.Since, Uuid7.LowestAt(now - LatestReport))) }).Select(Ids.Of).Reverse())
        {
            if (Waiting.Count >= MaxWaiting) return;
            if (_reports.Add(report)) Waiting[report] = new(report, report, 0, HookEvent.ReportCreated, 0, null, now);
        }
    }

    /// <returns>How far the origin has been looked at.</returns>
    private Guid Take(DbConnection connection, long origin, Guid after, Guid newest, DateTimeOffset now)
    {
        var of = new { origin, after = Ids.Bytes(after), newest = Ids.Bytes(newest) };
        if (Hook.Events.Contains(HookEvent.PostCreated) || Hook.Events.Contains(HookEvent.TopicCreated))
        {
            // A topic is written just before its first post, by the same node. What waited for a moderator is told of when it is approved.
            var posts = connection.Query($"""
                SELECT p.id, t.id AS topic FROM post p LEFT JOIN topic t ON t.id = p.topic_id AND t.node = p.node AND t.id > @after AND {FirstPost.Is("p")}
                WHERE p.node = @origin AND p.id > @after AND p.id <= @newest AND NOT EXISTS (SELECT 1 FROM post e WHERE e.request_key = p.request_key AND e.id < p.id)
                  AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.subject_id = p.id AND d.property = '{Decidable.Waits}')
                  AND NOT (EXISTS (SELECT 1 FROM decision d WHERE d.subject_id = p.topic_id AND d.property = '{Decidable.Waits}') AND {FirstPost.Is("p")})
                ORDER BY p.id LIMIT {AtOnce}
                """, of).Select(r => (Id: Ids.Of((byte[])r.id), Topic: Ids.OrNull((byte[]?)r.topic))).ToList();
            if (posts.Count == AtOnce) newest = posts[^1].Id;
            foreach (var (id, topic) in posts)
            {
                if (topic is { } opened && Hook.Events.Contains(HookEvent.TopicCreated)) Waiting[opened] = new(opened, id, origin, HookEvent.TopicCreated, 0, null, now);
                if (Hook.Events.Contains(HookEvent.PostCreated)) Waiting[id] = new(id, id, origin, HookEvent.PostCreated, 0, null, now);
            }
            newest = TakeApproved(connection, origin, after, newest, now);
        }
        if (!Hook.Events.Contains(HookEvent.PostChanged)) return newest;
        // What happened while the post waited for a moderator is part of what was approved.
        var changes = connection.Query<(byte[] Id, byte[] Post)>($"""
            SELECT r.id, r.post_id FROM post_revision r WHERE r.node = @origin AND r.id > @after AND r.id <= @newest
              AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.subject_id = r.post_id AND d.property = '{Decidable.Waits}' AND d.id > r.id) ORDER BY r.id LIMIT {AtOnce}
            """, new { origin, after = Ids.Bytes(after), newest = Ids.Bytes(newest) }).ToList();
        foreach (var (id, post) in changes) Waiting[Ids.Of(id)] = new(Ids.Of(id), Ids.Of(post), origin, HookEvent.PostChanged, 0, null, now);
        return changes.Count < AtOnce ? newest : UpTo(origin, Ids.Of(changes[^1].Id));
    }

    /// <summary>What was approved: posts, and topics that waited with their first posts. The first approval counts.</summary>
    /// <returns>How far the origin has been looked at.</returns>
    private Guid TakeApproved(DbConnection connection, long origin, Guid after, Guid newest, DateTimeOffset now)
    {
        var approved = connection.Query<(byte[] Id, byte[] Subject, byte[]? Post)>($"""
            SELECT d.id, d.subject_id, p.id FROM decision d LEFT JOIN post p ON p.id = d.subject_id
            WHERE d.node = @origin AND d.id > @after AND d.id <= @newest AND d.property = '{Decidable.Waits}' AND d.value = '{Approval.Given}'
              AND NOT EXISTS (SELECT 1 FROM decision e WHERE e.subject_id = d.subject_id AND e.property = d.property AND e.value = d.value AND e.id < d.id) ORDER BY d.id LIMIT {AtOnce}
            """, new { origin, after = Ids.Bytes(after), newest = Ids.Bytes(newest) }).Select(a => (Id: Ids.Of(a.Id), Subject: Ids.Of(a.Subject), Post: Ids.OrNull(a.Post))).ToList();
        foreach (var (id, subject, post) in approved)
        {
            var kind = post is null ? HookEvent.TopicCreated : HookEvent.PostCreated;
            if (Hook.Events.Contains(kind) && (post ?? FirstPost.Of(connection, subject)) is { } about) Waiting[id] = new(id, about, origin, kind, 0, null, now);
        }
        return approved.Count < AtOnce ? newest : UpTo(origin, approved[^1].Id);
    }

    /// <summary>No further than this, so that everything of an origin is told in the order of its ids.</summary>
    private Guid UpTo(long origin, Guid last)
    {
        foreach (var later in Waiting.Values.Where(w => w.Origin == origin && w.Attempts == 0 && w.Id.CompareTo(last) > 0).ToList()) Waiting.Remove(later.Id);
        return last;
    }

    private static Guid Later(Guid one, Guid other) => one.CompareTo(other) > 0 ? one : other;
}
