using Connect.BoardWeb.Channels;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Topics;
using Microsoft.AspNetCore.Mvc;

namespace Connect.BoardWeb.Pages;

/// <summary>A channel's topics, those with the latest posts first.</summary>
public sealed class ChannelModel(ChannelReader channels, TopicReader topics, LastWrite lastWrite) : BoardPage(lastWrite)
{
    public ChannelView Channel { get; private set; } = null!;

    public IReadOnlyList<TopicView> Topics { get; private set; } = [];

    /// <summary>Above the others, on the first page.</summary>
    public IReadOnlyList<TopicView> Pinned { get; private set; } = [];

    /// <summary>Why this reader cannot open a topic, in words; null if there is nothing against it.</summary>
    public string? Closed { get; private set; }

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
        return Page();
    }
}
