using Connect.BoardWeb.Channels;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Topics;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Connect.BoardWeb.Pages;

/// <summary>Locks, pins, hides and moves a topic: for moderators.</summary>
[Authorize(Roles = $"{Roles.Moderator},{Roles.Administrator}")]
public sealed class TopicSettingsModel(TopicReader topics, ChannelReader channels, Deciding deciding, LastWrite lastWrite) : BoardPage(lastWrite)
{
    public TopicView Topic { get; private set; } = null!;

    public IReadOnlyList<ChannelView> Channels { get; private set; } = [];

    [BindProperty]
    public bool Locked { get; set; }

    [BindProperty]
    public bool Pinned { get; set; }

    [BindProperty]
    public bool Hidden { get; set; }

    [BindProperty]
    public Guid Channel { get; set; }

    [BindProperty]
    public string? Reason { get; set; }

    public async Task<IActionResult> OnGetAsync(Guid id, CancellationToken cancel)
    {
        if (!await LoadAsync(id, cancel)) return NotFound();
        (Locked, Pinned, Hidden, Channel) = (Topic.IsLocked, Topic.IsPinned, Topic.IsHidden, Topic.Channel);
        return Page();
    }

    public async Task<IActionResult> OnPostAsync(Guid id, CancellationToken cancel)
    {
        if (!await LoadAsync(id, cancel)) return NotFound();
        if (PostRules.Reason(Reason) is { } reason) ModelState.AddModelError(nameof(Reason), reason);
        if (Channels.All(c => c.Id != Channel)) ModelState.AddModelError(nameof(Channel), T["NoSuchChannel"]);
        if (!ModelState.IsValid) return Again();
        var changes = Deciding.ChangesOf(Topic, Locked, Pinned, Hidden, Channel);
        return changes.Count == 0 ? LocalRedirect($"/t/{Topic.Id}") : Written($"/t/{Topic.Id}", await deciding.DecideAsync(User, Reason, changes));
    }

    private async Task<bool> LoadAsync(Guid id, CancellationToken cancel)
    {
        if (await topics.FindAsync(id, User, cancel) is not { } topic) return false;
        (Topic, Channels) = (topic, await channels.AllAsync(cancel));
        return true;
    }
}
