using Connect.BoardWeb.Channels;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Posts;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Connect.BoardWeb.Pages;

/// <summary>Names, describes, places and archives a channel: for administrators.</summary>
[Authorize(Roles = Roles.Administrator)]
public sealed class ChannelSettingsModel(ChannelReader channels, Deciding deciding, LastWrite lastWrite) : BoardPage(lastWrite)
{
    public ChannelView Channel { get; private set; } = null!;

    [BindProperty]
    public string? Title { get; set; }

    [BindProperty]
    public string? Description { get; set; }

    [BindProperty]
    public int? Place { get; set; }

    [BindProperty]
    public bool Archived { get; set; }

    [BindProperty]
    public string? Reason { get; set; }

    public async Task<IActionResult> OnGetAsync(string slug, CancellationToken cancel)
    {
        if (!await LoadAsync(slug, cancel)) return NotFound();
        (Title, Description, Place, Archived) = (Channel.Title, Channel.Description, Channel.Place, Channel.IsArchived);
        return Page();
    }

    public async Task<IActionResult> OnPostAsync(string slug, CancellationToken cancel)
    {
        if (!await LoadAsync(slug, cancel)) return NotFound();
        if (PostRules.Title(Title) is { } title) ModelState.AddModelError(nameof(Title), title);
        if (PostRules.Description(Description) is { } description) ModelState.AddModelError(nameof(Description), description);
        if (PostRules.Reason(Reason) is { } reason) ModelState.AddModelError(nameof(Reason), reason);
        if (!ModelState.IsValid) return Again();
        var changes = Deciding.ChangesOf(Channel, Title, Description ?? "", Place, Archived);
        return changes.Count == 0 ? LocalRedirect($"/c/{Channel.Slug}") : Written($"/c/{Channel.Slug}", await deciding.DecideAsync(User, Reason, changes));
    }

    private async Task<bool> LoadAsync(string slug, CancellationToken cancel)
    {
        if (await channels.FindAsync(slug, cancel) is not { } channel) return false;
        Channel = channel;
        return true;
    }
}
