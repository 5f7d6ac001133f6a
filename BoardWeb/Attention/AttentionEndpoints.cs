using System.Security.Claims;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Api;
using Connect.BoardWeb.Channels;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Topics;
using Connect.BoardWeb.Writes;
using Connect.Node.Database;
using Connect.Node.Settings;
using static Connect.BoardWeb.Api.Answers;

namespace Connect.BoardWeb.Attention;

/// <param name="Level">follow, normal or mute.</param>
public sealed record AttentionBody(string? Level);

/// <param name="UpTo">The id of the last post (or notification) that was read.</param>
public sealed record ReadBody(Guid? UpTo);

/// <param name="Level">follow, normal or mute.</param>
/// <param name="ReadUpTo">Nothing later has been read; at the least the caller's own id, from which on posts count.</param>
/// <param name="FirstUnread">The first post of somebody else after it; null if there is none, or the topic is muted.</param>
public sealed record AttentionItem(Guid Topic, string Level, Guid ReadUpTo, Guid? FirstUnread);

/// <summary>What was chosen or marked.</summary>
public sealed record AttentionChanged(Guid Id, string Node, int Copies);

/// <param name="FirstUnread">The post to begin with.</param>
public sealed record UnreadItem(Guid Topic, string Title, Guid FirstUnread);

/// <param name="Kind">reply, mention or topic.</param>
/// <param name="Post">The post it leads to; of new posts in a topic the first one.</param>
/// <param name="By">Who wrote it; null for new posts in a topic.</param>
/// <param name="Posts">How many new posts, 100 at the most; 1 for anything else.</param>
/// <param name="New">Neither seen in the list nor read in the topic.</param>
public sealed record NotificationItem(Guid Id, string Kind, Guid Topic, string Title, Guid Post, string? By, DateTimeOffset At, int Posts, bool New)
{
    public static NotificationItem Of(Notification n) => new(n.Id, n.Kind, n.Topic.Id, n.Topic.Title, n.Post, n.By, n.At, n.Posts, n.IsNew);
}

/// <summary>Keeping up, for programs. Everybody reads and writes what is their own: whose marks these are is never part of a request.</summary>
internal static class AttentionEndpoints
{
    public static void AddAttention(this IServiceCollection services)
    {
        services.AddSingleton<TopicAttention>().AddSingleton<Addressing>().AddSingleton<Unread>().AddSingleton<Notifications>().AddSingleton<NotificationCount>();
        services.AddSingleton<ReadMarks>().AddHostedService(p => p.GetRequiredService<ReadMarks>());
    }

    public static void MapAttention(this RouteGroupBuilder api)
    {
        api.MapGet("/topics/{id:guid}/attention", GetAttention).Produces<AttentionItem>().ProducesProblem(404).WithSummary("How one follows a topic, and how far one has read it");
        api.MapPut("/topics/{id:guid}/attention", Choose).Produces<AttentionChanged>().Produces<AttentionChanged>(202)
            .ProducesProblem(404).ProducesValidationProblem(422).WithSummary("Follow or mute a topic: follow, normal or mute");
        api.MapPut("/topics/{id:guid}/read", MarkTopic).Produces<AttentionChanged>().Produces<AttentionChanged>(202)
            .ProducesProblem(404).ProducesValidationProblem(422).WithSummary("Say how far one has read a topic; it never goes back");
        api.MapGet("/channels/{slug}/unread", ListUnread).Produces<Listing<UnreadItem>>().ProducesProblem(404).WithSummary("A channel's topics with unread posts, the latest activity first");
        api.MapPut("/channels/{slug}/read", MarkChannel).Produces<AttentionChanged>().Produces<AttentionChanged>(202)
            .ProducesProblem(404).ProducesValidationProblem(422).WithSummary("Take everything in a channel up to a post as read");
        api.MapGet("/notifications", ListNotifications).Produces<Listing<NotificationItem>>().WithSummary("Replies, mentions and new posts in followed topics, the latest first");
        api.MapPut("/notifications/seen", MarkSeen).Produces<AttentionChanged>().Produces<AttentionChanged>(202)
            .ProducesValidationProblem(422).WithSummary("Notifications up to this one have been seen");
    }

    private static async Task<IResult> GetAttention(Guid id, ClaimsPrincipal user, TopicReader topics, TopicAttention attention, Unread unread, BoardDatabase database, CancellationToken cancel)
    {
        if (await topics.FindAsync(id, user, cancel) is not { } topic) return NoTopic();
        var me = Identity.AccountOf(user)!.Value;
        var marks = await database.ReadAsync(c => ReadMarks.Of(c, me, [topic.Id, topic.Channel]), cancel);
        return Results.Ok(new AttentionItem(topic.Id, await attention.LevelAsync(me, topic.Id, cancel), Unread.Mark(marks, me, topic.Id, topic.Channel),
            (await unread.FirstAsync(me, [topic], cancel)).TryGetValue(topic.Id, out var first) ? first : null));
    }

    private static async Task<IResult> Choose(Guid id, AttentionBody body, ClaimsPrincipal user, TopicReader topics, TopicAttention attention, NodeSettings settings, CancellationToken cancel)
    {
        if (Invalid(("level", AttentionLevel.All.Contains(body.Level) ? null : $"A level is one of {string.Join(", ", AttentionLevel.All)}.")) is { } invalid) return invalid;
        if (await topics.FindAsync(id, user, cancel) is not { } topic) return NoTopic();
        return Changed(topic.Id, await attention.ChooseAsync(Identity.AccountOf(user)!.Value, topic.Id, body.Level!, cancel), settings);
    }

    private static async Task<IResult> MarkTopic(Guid id, ReadBody body, ClaimsPrincipal user, TopicReader topics, PostReader posts, ReadMarks marks, NodeSettings settings, CancellationToken cancel)
    {
        if (await topics.FindAsync(id, user, cancel) is not { } topic) return NoTopic();
        if (body.UpTo is not { } upTo || (await posts.FindAsync(upTo, user, cancel))?.Topic != topic.Id) return Invalid(("upTo", "There is no such post in this topic."))!;
        return Changed(topic.Id, await marks.MarkAsync(Identity.AccountOf(user)!.Value, topic.Id, upTo, cancel), settings);
    }

    private static async Task<IResult> ListUnread(
        string slug, string? after, int? limit, ClaimsPrincipal user, ChannelReader channels, TopicReader topics, Unread unread, CancellationToken cancel)
    {
        if (Page(after, limit, out var cursor, out var count) is { } invalid) return invalid;
        if (await channels.FindAsync(slug, cancel) is not { } channel) return NoChannel(slug);
        var pinned = cursor is null ? await topics.PinnedAsync(channel.Id, user, cancel) : [];
        var found = await topics.RecentAsync(channel.Id, user, cursor, count + 1, cancel);
        var looked = pinned.Concat(found.Take(count)).ToList();
        var first = await unread.FirstAsync(Identity.AccountOf(user)!.Value, looked, cancel);
        return Results.Ok(new Listing<UnreadItem>(
            [.. looked.Where(t => first.ContainsKey(t.Id)).Select(t => new UnreadItem(t.Id, t.Title, first[t.Id]))], found.Count > count ? found[count - 1].LastPost.ToString() : null));
    }

    private static async Task<IResult> MarkChannel(
        string slug, ReadBody body, ClaimsPrincipal user, ChannelReader channels, ReadMarks marks, TimeProvider time, NodeSettings settings, CancellationToken cancel)
    {
        if (Invalid(("upTo", MarkRules.Fault(body.UpTo, time.GetUtcNow()))) is { } invalid) return invalid;
        if (await channels.FindAsync(slug, cancel) is not { } channel) return NoChannel(slug);
        return Changed(channel.Id, await marks.MarkAsync(Identity.AccountOf(user)!.Value, channel.Id, body.UpTo!.Value, cancel), settings);
    }

    private static async Task<IResult> ListNotifications(string? after, int? limit, ClaimsPrincipal user, Notifications notifications, CancellationToken cancel)
    {
        if (Page(after, limit, out var cursor, out var count) is { } invalid) return invalid;
        var page = await notifications.PageAsync(user, cursor, count, cancel);
        return Results.Ok(new Listing<NotificationItem>([.. page.Items.Select(NotificationItem.Of)], page.Next?.ToString()));
    }

    private static async Task<IResult> MarkSeen(ReadBody body, ClaimsPrincipal user, ReadMarks marks, TimeProvider time, NodeSettings settings, CancellationToken cancel)
    {
        if (Invalid(("upTo", MarkRules.Fault(body.UpTo, time.GetUtcNow()))) is { } invalid) return invalid;
        var me = Identity.AccountOf(user)!.Value;
        return Changed(me, await marks.MarkAsync(me, me, body.UpTo!.Value, cancel), settings);
    }

    private static IResult Changed(Guid id, WriteResult result, NodeSettings settings) => Done(null, new AttentionChanged(id, settings.Name, result.Copies), result);
}

/// <summary>Up to where somebody may say that they have read.</summary>
public static class MarkRules
{
    /// <summary>What is wrong with it, or null: a mark that lies in the future would hide what is not written yet, for ever.</summary>
    public static string? Fault(Guid? upTo, DateTimeOffset now) => upTo is not { } id ? "Say up to which post."
        : id.Version != 7 || Uuid7.TimeOf(id) > now + Uuid7.MaxDrift ? "This is no post of ours." : null;
}
