using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Admission;
using Connect.BoardWeb.Attention;
using Connect.BoardWeb.Channels;
using Connect.BoardWeb.Feeds;
using Connect.BoardWeb.Files;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Presence;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Topics;
using Connect.BoardWeb.Web;
using Connect.Node.Database;
using Connect.Node.Settings;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OutputCaching;

namespace Connect.BoardWeb.Pages;

/// <summary>A topic: a page of its posts, and a form to reply.</summary>
[TakesFiles]
[OutputCache(PolicyName = GuestPages.Policy)]
public sealed class TopicModel(
    BoardDatabase database, ChannelReader channels, TopicReader topics, PostReader posts, Posting posting,
    TopicAttention attention, ReadMarks marks, Addressing addressing, Attaching attaching, PostAdmission admission, HereWatch here, NodeSettings settings, LastWrite lastWrite) : BoardPage(lastWrite)
{
    public TopicView Topic { get; private set; } = null!;

    public ChannelView? Channel { get; private set; }

    public PostPage Posts { get; private set; } = null!;

    /// <summary>What this node had seen before the posts were read: where the live stream goes on.</summary>
    public Marks Seen { get; private set; } = Marks.None;

    [BindProperty]
    public string? Body { get; set; }

    [BindProperty]
    public Guid? InReplyTo { get; set; }

    public PostView? Answered { get; private set; }

    public string? Preview { get; private set; }

    /// <summary>Where readers find the board.</summary>
    public Uri Root => FeedEndpoints.RootOf(HttpContext, settings);

    /// <summary>One of <see cref="AttentionLevel.All"/>; null for guests, and for who may only read.</summary>
    public string? Level { get; private set; }

    /// <summary>Who has the topic open, as far as this node knows: the open page hears the rest. Null where pages do not say so.</summary>
    public string? Here { get; private set; }

    /// <summary>Why this reader cannot reply, in words; null if there is nothing against it.</summary>
    public string? Closed { get; private set; }

    public async Task<IActionResult> OnGetAsync(Guid id, Guid? at, Guid? after, Guid? before, string? end, Guid? reply, Guid? quote, DateOnly? date, CancellationToken cancel)
    {
        if (await topics.FindAsync(id, User, cancel) is not { } topic) return NotFound();
        // A retry on the other side of a partition made the topic twice; the earlier one counts.
        if (topic.Id != id) return RedirectPermanent($"/t/{topic.Id}");
        InReplyTo = reply ?? quote;
        if (date is { } day) at ??= Uuid7.LowestAt(day.ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc));
        var (from, key) = (at, after, before, end) switch
        {
            ({ }, _, _, _) => (PageFrom.At, at),
            (_, { }, _, _) => (PageFrom.After, after),
            (_, _, { }, _) => (PageFrom.Before, before),
            (_, _, _, { }) => (PageFrom.End, null),
            _ => (PageFrom.Start, (Guid?)null),
        };
        await LoadAsync(topic, from, key, cancel);
        if (date is not null && Posts.Posts.Count == 0) await LoadAsync(topic, PageFrom.End, null, cancel); // nothing since that day
        // A browser that fetches a page in case it is wanted has not shown it to anybody.
        if (Me is { } me && Posts.Posts.Count > 0 && HttpMethods.IsGet(Request.Method) && !Request.Headers.ContainsKey("Sec-Purpose")) marks.Note(me, topic.Id, Posts.Posts[^1].Id);
        if (quote is not null && Answered is { IsDeleted: false } quoted) Body = PostRules.Quote(quoted.Author, quoted.Body);
        return Page();
    }

    public async Task<IActionResult> OnPostAsync(Guid id, string? preview, List<IFormFile>? files, CancellationToken cancel)
    {
        if (Me is not { } me) return Challenge();
        if (await topics.FindAsync(id, User, cancel) is not { } topic) return NotFound();
        if (await WhyClosedAsync(topic, cancel) is { } closed) return Refused(closed);
        Body = await attaching.AddAsync(Body, files, User, ModelState, cancel);
        var (fault, tooLarge) = PostRules.Body(Body);
        if (InReplyTo is { } reply && (await posts.FindAsync(reply, Identity.Guest, cancel))?.Topic != topic.Id) InReplyTo = null;
        if (fault is not null && (preview is null || tooLarge))
        {
            ModelState.AddModelError(nameof(Body), fault);
            Response.StatusCode = tooLarge ? StatusCodes.Status413PayloadTooLarge : StatusCodes.Status422UnprocessableEntity;
        }
        else if (!ModelState.IsValid) Response.StatusCode = StatusCodes.Status422UnprocessableEntity; // a file was refused
        else if (preview is null)
        {
            var (refusal, waits) = await admission.OfPostAsync(User, null, Body!, cancel);
            if (refusal is not null)
            {
                await LoadAsync(topic, PageFrom.End, null, cancel);
                return Again(nameof(Body), refusal);
            }
            var key = Posting.RequestKey(me, Posting.FormKey(FormKey, topic.Id.ToString(), Body));
            var posted = await posting.ReplyAsync(topic.Id, me, Body!, InReplyTo, key, waits, cancel);
            return Written($"/t/{topic.Id}?end=1#p-{posted.Id}", posted.Result);
        }
        Preview = preview is null || tooLarge ? null : MarkdownText.ToHtml(Body ?? "", await addressing.PeopleAsync(Body ?? "", cancel));
        await LoadAsync(topic, PageFrom.End, null, cancel);
        return Page();
    }

    public async Task<IActionResult> OnPostAttentionAsync(Guid id, string? level, CancellationToken cancel)
    {
        if (Me is not { } me) return Challenge();
        if (await topics.FindAsync(id, User, cancel) is not { } topic) return NotFound();
        return AttentionLevel.All.Contains(level) ? Written($"/t/{topic.Id}", await attention.ChooseAsync(me, topic.Id, level!, cancel)) : BadRequest();
    }

    private async Task<string?> WhyClosedAsync(TopicView topic, CancellationToken cancel) =>
        TopicRules.WhyClosed(topic, await channels.FindAsync(topic.Channel, cancel), User);

    private async Task LoadAsync(TopicView topic, PageFrom from, Guid? key, CancellationToken cancel)
    {
        Topic = topic;
        Channel = await channels.FindAsync(topic.Channel, cancel);
        Closed = Identity.WhyReadsOnly(User) ?? TopicRules.WhyClosed(topic, Channel, User);
        Here = here.IsOn ? HereLine.Of(here.Known(topic.Id)) : null;
        Seen = await database.ReadAsync(ArrivalWatch.Read, cancel);
        Posts = await posts.PageAsync(topic.Id, from, key, User, cancel);
        if (Me is { } me && Identity.WhyReadsOnly(User) is null) Level = await attention.LevelAsync(me, topic.Id, cancel);
        if (InReplyTo is { } reply) Answered = Posts.Posts.FirstOrDefault(p => p.Id == reply && !p.IsHeld) ?? await posts.FindAsync(reply, Identity.Guest, cancel);
        if (Answered?.Topic != topic.Id) (Answered, InReplyTo) = (null, null);
    }
}
