using Connect.BoardWeb.Live;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Posts;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Connect.BoardWeb.Pages;

/// <summary>Asks the moderators to look at a post.</summary>
[Authorize]
public sealed class ReportModel(VisiblePosts posts, Reports reports, LastWrite lastWrite) : BoardPage(lastWrite)
{
    public PostView Post { get; private set; } = null!;

    public bool IsReported { get; private set; }

    [BindProperty]
    public string? Reason { get; set; }

    public async Task<IActionResult> OnGetAsync(Guid id, string? done, CancellationToken cancel)
    {
        IsReported = done is not null;
        return await LoadAsync(id, cancel) ? Page() : NotFound();
    }

    public async Task<IActionResult> OnPostAsync(Guid id, CancellationToken cancel)
    {
        if (!await LoadAsync(id, cancel)) return NotFound();
        var fault = string.IsNullOrWhiteSpace(Reason) ? T["ReportReasonMissing"] : PostRules.Reason(Reason);
        if (fault is not null) ModelState.AddModelError(nameof(Reason), fault);
        return ModelState.IsValid ? Written($"/p/{id}/report?done=1", await reports.ReportAsync(id, Me!.Value, Reason!, cancel)) : Again();
    }

    private async Task<bool> LoadAsync(Guid id, CancellationToken cancel)
    {
        if (await posts.FindAsync(id, User, cancel) is not { } post) return false;
        Post = post;
        return true;
    }
}
