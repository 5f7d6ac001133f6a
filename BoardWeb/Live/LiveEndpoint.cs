using System.Collections.Concurrent;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Security.Claims;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Languages;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Presence;
using Connect.BoardWeb.Topics;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Connect.BoardWeb.Live;

/// <summary>
/// <c>GET /t/{topic}/live</c>: server-sent events <c>post</c> (a rendered post, new or as it is after a change), <c>here</c> (who has the topic open, a line of plain text),
/// <c>ping</c> each 15 s and <c>reload</c> (something was missed; or, at the end, the topic was hidden from this reader).
/// An event's id says what has been seen of every origin, so a browser that reconnects to any other node gets exactly what it has not.
/// </summary>
public static class LiveEndpoint
{
    /// <summary>Between two pings. 15 s: below the idle time-outs of proxies.</summary>
    private static readonly TimeSpan PingEvery = TimeSpan.FromSeconds(15);

    public static void MapLive(this WebApplication app) => app.MapGet("/t/{topic:guid}/live", ListenAsync).ExcludeFromDescription();

    private static async Task<Results<ServerSentEventsResult<string>, NotFound>> ListenAsync(
        Guid topic, string? after, HttpContext context, ArrivalWatch watch, HereWatch here, TopicReader topics, TopicDirectory directory, PostReader posts, PostHtml html,
        IHostApplicationLifetime lifetime)
    {
        var cancel = context.RequestAborted;
        if (await topics.FindAsync(topic, context.User, cancel) is not { } found) return TypedResults.NotFound();
        var marks = Marks.Parse(context.Request.Headers["Last-Event-ID"]) ?? Marks.Parse(after);
        // Before the answer begins, so that a node in trouble answers 503 and the browser goes elsewhere.
        var subscription = await watch.SubscribeAsync(found.Id, cancel);
        context.Response.RegisterForDispose(subscription);
        var seat = here.Enter(found.Id, context.User);
        context.Response.RegisterForDispose(seat);
        var missed = marks is null ? [] : await posts.BeyondAsync(found.Id, marks, cancel);
        return TypedResults.ServerSentEvents(StreamAsync(subscription, seat, context.User, IsHidden, marks ?? subscription.Begin, missed, html, lifetime.ApplicationStopping, cancel));

        bool IsHidden() => !Deciding.MayModerate(context.User) && directory.Known?.IsSeenBy(Identity.AccountOf(context.User), found.Id) == false;
    }

    private static async IAsyncEnumerable<SseItem<string>> StreamAsync(
        ArrivalWatch.Subscription subscription, HereWatch.Seat seat, ClaimsPrincipal user, Func<bool> isHidden, Marks marks, List<ArrivedPost> missed, PostHtml html, CancellationToken stopping,
        [EnumeratorCancellation] CancellationToken cancel)
    {
        // An open stream must not hold up the node's stop.
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel, stopping);
        yield return new("hello", "ping") { EventId = marks.ToString(), ReconnectionInterval = TimeSpan.FromSeconds(1) };
        if (missed.Count > PostReader.MaxMissed)
        {
            yield return new("missed", "reload");
            yield break;
        }
        foreach (var arrived in missed)
        {
            marks = marks.With(arrived.Origin, arrived.Id);
            if (arrived.Post.IsSeenBy(user)) yield return new(await html.RenderAsync(arrived.Post), "post") { EventId = marks.ToString() };
        }
        while (!end.IsCancellationRequested)
        {
            var silent = !await WaitAsync(subscription, seat, end.Token);
            if (end.IsCancellationRequested) yield break;
            // Looked up in memory, which is at most a second old: this is asked for every post and every open page.
            if (isHidden())
            {
                yield return new("hidden", "reload");
                yield break;
            }
            if (subscription.TakeDropped() > 0) yield return new("slow", "reload");
            if (silent) yield return new("still here", "ping");
            // Without an id: it is nothing that could be missed.
            if (seat.Lines.TryRead(out var line)) yield return new(HereLine.Of(line), "here");
            if (!subscription.Arrivals.TryRead(out var arrival)) continue;
            // The subscription began before the database was read, so that nothing falls between the two; and this node may only now see what the reader has seen on another one.
            if (arrival.Arrived.Id.CompareTo(marks[arrival.Arrived.Origin]) <= 0) continue;
            marks = marks.With(arrival.Arrived.Origin, arrival.Arrived.Id);
            if (arrival.Arrived.Post.IsSeenBy(user)) yield return new(await html.RenderAsync(arrival.Arrived.Post), "post") { EventId = arrival.Seen.ToString() };
        }
    }

    /// <summary>Waits until there is something to say. False when it is time for a ping or for the end.</summary>
    private static async Task<bool> WaitAsync(ArrivalWatch.Subscription subscription, HereWatch.Seat seat, CancellationToken cancel)
    {
        if (subscription.Arrivals.TryPeek(out _) || seat.Lines.TryPeek(out _)) return true;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(PingEvery);
        var (arrival, line) = (subscription.Arrivals.WaitToReadAsync(limit.Token).AsTask(), seat.Lines.WaitToReadAsync(limit.Token).AsTask());
        var first = await Task.WhenAny(arrival, line);
        // The other one must not go on waiting.
        await limit.CancelAsync();
        return first.IsCompletedSuccessfully;
    }
}

/// <summary>Renders a post outside a page with the very template pages use. Renders each post once in each language, however many readers wait for it.</summary>
public sealed class PostHtml(IServiceProvider services, ILoggerFactory log)
{
    /// <summary>One for each language.</summary>
    private readonly ConcurrentDictionary<string, Latest> _latest = new();

    public Task<string> RenderAsync(PostView post)
    {
        if (_latest.TryGetValue(Language.Current, out var latest) && latest.Shows(post)) return latest.Html;
        latest = new(post, RenderNewAsync(post));
        _latest[Language.Current] = latest;
        return latest.Html;
    }

    private async Task<string> RenderNewAsync(PostView post)
    {
        await using var renderer = new HtmlRenderer(services, log);
        return await renderer.Dispatcher.InvokeAsync(async () =>
            (await renderer.RenderComponentAsync<PostCard>(ParameterView.FromDictionary(new Dictionary<string, object?> { ["Post"] = post }))).ToHtmlString());
    }

    private sealed record Latest(PostView Post, Task<string> Html)
    {
        public bool Shows(PostView post) => Post.Version == post.Version && Post.Approval == post.Approval && Post.Reactions.SequenceEqual(post.Reactions);
    }
}
