using Connect.BoardWeb.Attention;
using Connect.BoardWeb.Channels;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Topics;
using Connect.BoardWeb.Web;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OutputCaching;

namespace Connect.BoardWeb.Pages;

/// <summary>A channel's topics, those with the latest posts first.</summary>
[OutputCache(PolicyName = GuestPages.Policy)]
public sealed class ChannelModel(ChannelReader channels, TopicReader topics, Unread unread, ReadMarks marks, TimeProvider time, LastWrite lastWrite) : BoardPage(lastWrite)
{
    public ChannelView Channel { get; private set; } = null!;

    public IReadOnlyList<TopicView> Topics { get; private set; } = [];

    /// <summary>Above the others, on the first page.</summary>
    public IReadOnlyList<TopicView> Pinned { get; private set; } = [];

    /// <summary>Why this reader cannot open a topic, in words; null if there is nothing against it.</summary>
    public string? Closed { get; private set; }

    /// <summary>The first unread post of those topics that have one.</summary>
    public IReadOnlyDictionary<Guid, Guid> Unread { get; private set; } = new Dictionary<Guid, Guid>();

    public Guid? Next { get; private set; }

    public bool IsLaterPage { get; private set; }

    public async Task<IActionResult> OnGetAsync(string slug, Guid? before, CancellationToken cancel)
    {
        if (await channels.FindAsync(slug, cancel) is not { } channel) return NotFound();
        Channel = channel;
        IsLaterPage = before is not null;
        Closed = TopicRules.WhyClosed(channel, User);
        if (before is null) Pinned = await topics.PinnedAsync(channel.Id, User, cancel);
        var found = await topics.RecentAsync(channel.Id, User, before, TopicReader.PageSize + 1, cancel);
        Next = found.Count > TopicReader.PageSize ? found[TopicReader.PageSize - 1].LastPost : null;
        Topics = [.. found.Take(TopicReader.PageSize)];
        if (Me is { } me) Unread = await unread.FirstAsync(me, [.. Pinned, .. Topics], cancel);
        return Page();
    }

    /// <summary>Takes everything in the channel as read that was there when the page was shown.</summary>
    public async Task<IActionResult> OnPostReadAsync(string slug, Guid? upTo, CancellationToken cancel)
    {
        if (Me is not { } me) return Challenge();
        if (await channels.FindAsync(slug, cancel) is not { } channel) return NotFound();
        return MarkRules.Fault(upTo, time.GetUtcNow()) is null ? Written($"/c/{channel.Slug}", await marks.MarkAsync(me, channel.Id, upTo!.Value, cancel)) : BadRequest();
    }
}
