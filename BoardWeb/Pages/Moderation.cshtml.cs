using Connect.BoardWeb.Approvals;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Posts;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Connect.BoardWeb.Pages;

/// <summary>What waits for moderators: posts that nobody sees before, and reported posts; those that have waited longest first.</summary>
[Authorize(Roles = $"{Roles.Moderator},{Roles.Administrator}")]
public sealed class ModerationModel(Approving approvals, Reports reports, PostReader posts, Revising revising, Deciding deciding, LastWrite lastWrite) : BoardPage(lastWrite)
{
    public IReadOnlyList<WaitingPost> Waiting { get; private set; } = [];

    public IReadOnlyList<(PostView Post, IReadOnlyList<Report> Reports)> Queue { get; private set; } = [];

    [BindProperty]
    public Guid Post { get; set; }

    [BindProperty]
    public string? Reason { get; set; }

    public async Task OnGetAsync(CancellationToken cancel)
    {
        Waiting = await approvals.WaitingAsync(User, cancel);
        var open = (await reports.OpenAsync(cancel)).GroupBy(r => r.Post).ToList();
        var found = await posts.FindAsync([.. open.Select(g => g.Key)], User, cancel);
        // A report may arrive before its post.
        Queue = [.. open.Where(g => found.ContainsKey(g.Key)).Select(g => (found[g.Key], (IReadOnlyList<Report>)[.. g]))];
    }

    /// <summary>Lets everybody see a post, and the topic that it opens, or nobody.</summary>
    public async Task<IActionResult> OnPostApproveAsync(string? act, CancellationToken cancel)
    {
        if (act is not ("approve" or "reject")) return BadRequest();
        if (PostRules.Reason(Reason) is { } reason) return Refused(reason);
        var (found, result) = await approvals.DecideAsync(Post, act == "approve", User, Reason, cancel);
        return !found ? NotFound() : result is null ? LocalRedirect("/moderation") : Written("/moderation", result);
    }

    /// <summary>The post is deleted first: if that is all that came to pass, its reports are still open.</summary>
    public async Task<IActionResult> OnPostAsync(string? act, CancellationToken cancel)
    {
        if (PostRules.Reason(Reason) is { } reason) return Refused(reason);
        if (await posts.FindAsync(Post, User, cancel) is not { } post) return NotFound();
        if (act == "delete" && !post.IsDeleted) await revising.DeleteAsync(post, User, Reason);
        var open = await reports.OpenOfAsync(Post, cancel);
        return open.Count == 0 ? LocalRedirect("/moderation")
            : Written("/moderation", await deciding.DecideAsync(User, Reason, [.. open.Select(r => new Change(r.Id, Decidable.Handled, Decidable.Yes))]));
    }
}
