using Connect.BoardWeb.Erasure;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Posts;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Connect.BoardWeb.Pages;

/// <summary>Says what goes with a post that is erased, and erases it.</summary>
[Authorize(Roles = Roles.Administrator)]
public sealed class EraseModel(VisiblePosts posts, PostErasure erasure, LastWrite lastWrite) : BoardPage(lastWrite)
{
    public PostView Post { get; private set; } = null!;

    /// <summary>Null if it is erased already.</summary>
    public ErasurePlan? Plan { get; private set; }

    [BindProperty]
    public string? Reason { get; set; }

    public async Task<IActionResult> OnGetAsync(Guid id, CancellationToken cancel) => await LoadAsync(id, cancel) ? Page() : NotFound();

    public async Task<IActionResult> OnPostAsync(Guid id, CancellationToken cancel)
    {
        if (!await LoadAsync(id, cancel)) return NotFound();
        if (Plan is null) return LocalRedirect(Here);
        if (PostErasure.ReasonFault(Reason) is { } fault) ModelState.AddModelError(nameof(Reason), fault);
        return ModelState.IsValid ? Written(Here, await erasure.EraseAsync(Post, Plan, User, Reason!)) : Again();
    }

    private async Task<bool> LoadAsync(Guid id, CancellationToken cancel)
    {
        if (await posts.FindAsync(id, User, cancel) is not { } post) return false;
        Post = post;
        if (PostErasure.MayErase(post, User)) Plan = await erasure.PlanAsync(id, cancel);
        return true;
    }

    private string Here => $"/p/{Post.Id}/erase";
}
