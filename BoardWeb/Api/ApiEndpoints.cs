using System.Security.Claims;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Admission;
using Connect.BoardWeb.Approvals;
using Connect.BoardWeb.Archive;
using Connect.BoardWeb.Attention;
using Connect.BoardWeb.Channels;
using Connect.BoardWeb.Erasure;
using Connect.BoardWeb.Files;
using Connect.BoardWeb.Hooks;
using Connect.BoardWeb.Mail;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Presence;
using Connect.BoardWeb.Ring;
using Connect.BoardWeb.Search;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Topics;
using Connect.BoardWeb.Writes;
using Connect.Node.Settings;
using Microsoft.AspNetCore.Mvc;
using static Connect.BoardWeb.Api.Answers;

namespace Connect.BoardWeb.Api;

/// <summary>The board for programs: <c>/api/v1</c>, with a bearer token. Everything that cannot be done is a problem document.</summary>
public static class ApiEndpoints
{
    public static void MapApi(this WebApplication app)
    {
        var api = app.MapGroup("/api/v1").RequireAuthorization(Identity.Bearer)
            .ProducesProblem(401).ProducesProblem(429).ProducesProblem(503)
            .AddEndpointFilter(async (context, next) => !HttpMethods.IsGet(context.HttpContext.Request.Method) && Identity.WhyReadsOnly(context.HttpContext.User) is { } why
                ? Problem(403, why) : await next(context));
        api.MapModeration();
        api.MapErasure();
        api.MapWords();
        api.MapApprovals();
        api.MapAttention();
        api.MapHere();
        api.MapFiles();
        api.MapArchive();
        api.MapMail();
        api.MapHooks();
        api.MapGet("/channels", ListChannels).Produces<Listing<ChannelItem>>().WithSummary("All channels");
        api.MapPost("/channels", CreateChannel).Produces<ChannelCreated>(201).Produces<ChannelCreated>(202)
            .ProducesProblem(409).ProducesValidationProblem(422).WithSummary("Make a channel");
        api.MapGet("/channels/{slug}/topics", ListTopics).Produces<Listing<TopicItem>>()
            .ProducesProblem(404).WithSummary("A channel's topics, the latest activity first");
        api.MapPost("/channels/{slug}/topics", CreateTopic).Produces<TopicCreated>(201).Produces<TopicCreated>(202)
            .ProducesProblem(404).ProducesProblem(413).ProducesValidationProblem(422).WithSummary("Open a topic with its first post");
        api.MapGet("/search", Search).Produces<Listing<SearchItem>>()
            .ProducesProblem(404).ProducesValidationProblem(422).WithSummary("Posts that have all of these words, \"phrases\" or beginn* of words and none of the -others; the newest first");
        api.MapGet("/topics/{id:guid}/posts", ListPosts).Produces<Listing<PostItem>>()
            .ProducesProblem(404).WithSummary("A topic's posts in order");
        api.MapPost("/topics/{id:guid}/posts", CreatePost).Produces<PostCreated>(201).Produces<PostCreated>(202)
            .ProducesProblem(404).ProducesProblem(413).ProducesValidationProblem(422).WithSummary("Post; 202 while copies on other nodes are pending");
        api.MapGet("/posts/{id:guid}", GetPost).Produces<PostItem>().ProducesProblem(404).WithSummary("One post");
        api.MapPut("/posts/{id:guid}", EditPost).Produces<PostChanged>().Produces<PostChanged>(202)
            .ProducesProblem(403).ProducesProblem(404).ProducesProblem(409).ProducesProblem(413).ProducesValidationProblem(422).WithSummary("Edit a post: its author, or a moderator");
        api.MapDelete("/posts/{id:guid}", DeletePost).Produces<PostChanged>().Produces<PostChanged>(202)
            .ProducesProblem(403).ProducesProblem(404).ProducesValidationProblem(422).WithSummary("Delete a post: its author, or a moderator");
        api.MapPost("/posts/{id:guid}/restore", RestorePost).Produces<PostChanged>().Produces<PostChanged>(202)
            .ProducesProblem(403).ProducesProblem(404).WithSummary("Take back a deletion: a moderator, or its author if nobody else deleted it");
        api.MapPut("/posts/{id:guid}/reactions/{kind}", (Guid id, string kind, ClaimsPrincipal user, VisiblePosts posts, Reactions reactions, NodeSettings settings, CancellationToken cancel) =>
                React(id, kind, true, user, posts, reactions, settings, cancel)).Produces<PostChanged>().Produces<PostChanged>(202)
            .ProducesProblem(403).ProducesProblem(404).ProducesValidationProblem(422).WithSummary("React to a post: like, thanks, laugh, wow or sad");
        api.MapDelete("/posts/{id:guid}/reactions/{kind}", (Guid id, string kind, ClaimsPrincipal user, VisiblePosts posts, Reactions reactions, NodeSettings settings, CancellationToken cancel) =>
                React(id, kind, false, user, posts, reactions, settings, cancel)).Produces<PostChanged>().Produces<PostChanged>(202)
            .ProducesProblem(403).ProducesProblem(404).ProducesValidationProblem(422).WithSummary("Take a reaction back");
        api.MapGet("/posts/{id:guid}/revisions", ListRevisions).Produces<Listing<RevisionItem>>()
            .ProducesProblem(403).ProducesProblem(404).WithSummary("What happened to a post, in order");
        api.MapOwnAccess();
    }

    private const string Erased = "It was erased, and nothing of it is left. Write a new post instead.";

    private const string Held = "It waits for a moderator, or was rejected, and stays as it is. Delete it and write a new post instead.";

    private static async Task<IResult> ListChannels(ChannelReader channels, NodeNames names, CancellationToken cancel) =>
        Results.Ok(new Listing<ChannelItem>([.. (await channels.AllAsync(cancel)).Select(c => ChannelItem.Of(c, names))], null));

    private static async Task<IResult> CreateChannel(NewChannelBody body, ClaimsPrincipal user, WriteBatcher writes, NodeSettings settings)
    {
        if (Invalid(("slug", PostRules.Slug(body.Slug)), ("title", PostRules.Title(body.Title))) is { } invalid) return invalid;
        var result = await writes.WriteAsync(new(
            next => [new NewChannel(next(), Identity.AccountOf(user)!.Value, body.Slug!, body.Title!)], new Writes.Claim("channel", "slug", body.Slug!)));
        return result.Existing is not null ? Problem(409, $"There is a channel '{body.Slug}' already.")
            : Created($"/c/{body.Slug}", new ChannelCreated(result.Ids[0], body.Slug!, settings.Name, result.Copies), result);
    }

    private static async Task<IResult> ListTopics(
        string slug, string? after, int? limit, ClaimsPrincipal user, ChannelReader channels, TopicReader topics, NodeNames names, CancellationToken cancel)
    {
        if (Page(after, limit, out var cursor, out var count) is { } invalid) return invalid;
        if (await channels.FindAsync(slug, cancel) is not { } channel) return NoChannel(slug);
        var pinned = cursor is null ? await topics.PinnedAsync(channel.Id, user, cancel) : [];
        var found = await topics.RecentAsync(channel.Id, user, cursor, count + 1, cancel);
        return Results.Ok(new Listing<TopicItem>(
            [.. pinned.Concat(found.Take(count)).Select(t => TopicItem.Of(t, names))], found.Count > count ? found[count - 1].LastPost.ToString() : null));
    }

    private static async Task<IResult> Search(
        string? q, Guid? topic, string? after, int? limit, ClaimsPrincipal user, BoardSearch search, TopicReader topics, NodeNames names, CancellationToken cancel)
    {
        if (Page(after, limit, out var cursor, out var count) is { } invalid) return invalid;
        var (query, fault) = SearchQuery.Parse(q);
        if (query is null) return Invalid(("q", fault ?? "Say what to look for."))!;
        if (topic is { } id && await topics.FindAsync(id, user, cancel) is null) return NoTopic();
        var found = await search.FindAsync(query, topic, cursor, count, user, cancel);
        return found.Fault is { } why ? Problem(503, why) : Results.Ok(new Listing<SearchItem>([.. found.Hits.Select(h => SearchItem.Of(h, names))], found.Next?.ToString()));
    }

    private static async Task<IResult> CreateTopic(
        string slug, NewTopicBody body, [FromHeader(Name = "Idempotency-Key")] string? key, ClaimsPrincipal user, ChannelReader channels, Posting posting,
        PostAdmission admission, HttpContext context, NodeSettings settings, CancellationToken cancel)
    {
        var (fault, tooLarge) = PostRules.Body(body.Body);
        if (tooLarge) return Problem(413, fault!);
        if (Invalid(("title", PostRules.Title(body.Title)), ("body", fault), KeyFault(key)) is { } invalid) return invalid;
        if (await channels.FindAsync(slug, cancel) is not { } channel) return NoChannel(slug);
        if (TopicRules.WhyClosed(channel, user) is { } closed) return Problem(403, closed);
        var (refusal, waits) = await admission.OfPostAsync(user, body.Title, body.Body!, cancel);
        if (refusal is not null) return refusal.Answer(context);
        var author = Identity.AccountOf(user)!.Value;
        var posted = await posting.OpenAsync(channel.Id, author, body.Title!, body.Body!, Posting.RequestKey(author, key), waits, cancel);
        return posted.Conflict ? UsedKey()
            : Created($"/t/{posted.Topic}", new TopicCreated(posted.Topic, posted.Id, settings.Name, posted.Result.Copies), posted.Result);
    }

    private static async Task<IResult> ListPosts(
        Guid id, string? after, int? limit, ClaimsPrincipal user, TopicReader topics, PostReader posts, NodeNames names, CancellationToken cancel)
    {
        if (Page(after, limit, out var cursor, out var count) is { } invalid) return invalid;
        if (await topics.FindAsync(id, user, cancel) is not { } topic) return NoTopic();
        var found = await posts.AfterAsync(topic.Id, cursor, count + 1, user, cancel);
        return Results.Ok(new Listing<PostItem>(
            [.. found.Take(count).Select(p => PostItem.Of(p, names))], found.Count > count ? found[count - 1].Id.ToString() : null));
    }

    private static async Task<IResult> CreatePost(
        Guid id, NewPostBody body, [FromHeader(Name = "Idempotency-Key")] string? key, ClaimsPrincipal user, ChannelReader channels, TopicReader topics, PostReader posts,
        Posting posting, PostAdmission admission, HttpContext context, NodeSettings settings, CancellationToken cancel)
    {
        var (fault, tooLarge) = PostRules.Body(body.Body);
        if (tooLarge) return Problem(413, fault!);
        if (Invalid(("body", fault), KeyFault(key)) is { } invalid) return invalid;
        if (await topics.FindAsync(id, user, cancel) is not { } topic) return NoTopic();
        if (TopicRules.WhyClosed(topic, await channels.FindAsync(topic.Channel, cancel), user) is { } closed) return Problem(403, closed);
        if (body.InReplyTo is { } reply && (await posts.FindAsync(reply, Identity.Guest, cancel))?.Topic != topic.Id)
            return Invalid(("inReplyTo", "There is no such post in this topic."))!;
        var (refusal, waits) = await admission.OfPostAsync(user, null, body.Body!, cancel);
        if (refusal is not null) return refusal.Answer(context);
        var author = Identity.AccountOf(user)!.Value;
        var posted = await posting.ReplyAsync(topic.Id, author, body.Body!, body.InReplyTo, Posting.RequestKey(author, key), waits, cancel);
        return posted.Conflict ? UsedKey()
            : Created($"/t/{topic.Id}?at={posted.Id}#p-{posted.Id}", new PostCreated(posted.Id, settings.Name, posted.Result.Copies), posted.Result);
    }

    private static async Task<IResult> GetPost(Guid id, ClaimsPrincipal user, VisiblePosts posts, NodeNames names, CancellationToken cancel) =>
        await posts.FindAsync(id, user, cancel) is { } post ? Results.Ok(PostItem.Of(post, names)) : NoPost();

    private static async Task<IResult> EditPost(
        Guid id, EditBody body, ClaimsPrincipal user, VisiblePosts posts, Revising revising, PostAdmission admission, HttpContext context, NodeSettings settings, CancellationToken cancel)
    {
        var (fault, tooLarge) = PostRules.Body(body.Body);
        if (tooLarge) return Problem(413, fault!);
        if (Invalid(("body", fault), ("reason", PostRules.Reason(body.Reason))) is { } invalid) return invalid;
        if (await posts.FindAsync(id, user, cancel) is not { } post) return NoPost();
        if (!Revising.MayEdit(post, user)) return NotTheirs(post.IsErased ? Erased : post.IsDeleted ? "It is deleted: restore it first." : post.IsHeld ? Held : null);
        if (body.Body == post.Body) return Unchanged(post, settings);
        if (body.Version is { } seen && seen != post.Version) return Problem(409, "The post has been changed since: read it again.");
        if (await admission.OfEditAsync(user, post.Body, body.Body!, cancel) is { } refusal) return refusal.Answer(context);
        return Changed(post, settings, await revising.EditAsync(post, user, body.Body!, body.Reason));
    }

    private static async Task<IResult> DeletePost(Guid id, string? reason, ClaimsPrincipal user, VisiblePosts posts, Revising revising, NodeSettings settings, CancellationToken cancel)
    {
        if (Invalid(("reason", PostRules.Reason(reason))) is { } invalid) return invalid;
        if (await posts.FindAsync(id, user, cancel) is not { } post) return NoPost();
        if (post.IsDeleted) return Unchanged(post, settings);
        return Revising.MayDelete(post, user) ? Changed(post, settings, await revising.DeleteAsync(post, user, reason)) : NotTheirs(null);
    }

    private static async Task<IResult> RestorePost(Guid id, ClaimsPrincipal user, VisiblePosts posts, Revising revising, NodeSettings settings, CancellationToken cancel)
    {
        if (await posts.FindAsync(id, user, cancel) is not { } post) return NoPost();
        if (!post.IsDeleted) return Unchanged(post, settings);
        return Revising.MayRestore(post, user) ? Changed(post, settings, await revising.RestoreAsync(post, user, null)) : NotTheirs(post.IsErased ? Erased : null);
    }

    private static async Task<IResult> React(
        Guid id, string kind, bool given, ClaimsPrincipal user, VisiblePosts posts, Reactions reactions, NodeSettings settings, CancellationToken cancel)
    {
        if (ReactionKind.Named(kind) is not { } reaction) return Invalid(("kind", $"A reaction is one of {string.Join(", ", ReactionKind.All.Select(k => k.Name))}."))!;
        if (await posts.FindAsync(id, user, cancel) is not { } post) return NoPost();
        if (post.IsDeleted || post.IsHeld) return Problem(403, post.IsDeleted ? "It is deleted." : Held);
        var result = await reactions.GiveAsync(id, user, reaction, given, cancel);
        return Done($"/p/{id}", new PostChanged(id, post.Version, settings.Name, result.Copies), result);
    }

    private static async Task<IResult> ListRevisions(Guid id, ClaimsPrincipal user, VisiblePosts visible, PostReader posts, CancellationToken cancel)
    {
        if (await visible.FindAsync(id, user, cancel) is not { } post) return NoPost();
        if (!Revising.MaySeeHistory(post, user)) return NotTheirs(post.IsErased ? Erased : null);
        return Results.Ok(new Listing<RevisionItem>([.. (await posts.HistoryAsync(id, cancel)).Select(RevisionItem.Of)], null));
    }

    /// <summary>What was asked for is so already: a request that is sent again.</summary>
    private static IResult Unchanged(PostView post, NodeSettings settings) => Results.Ok(new PostChanged(post.Id, post.Version, settings.Name, 0));

    private static IResult Changed(PostView post, NodeSettings settings, WriteResult result) =>
        Done($"/p/{post.Id}", new PostChanged(post.Id, result.Ids[0], settings.Name, result.Copies), result);
}
