using System.Security.Claims;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Attention;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Writes;

namespace Connect.BoardWeb.Posts;

/// <summary>
/// Edits, deletes and restores posts: each is a row of its own, so nothing is ever overwritten. Whoever wrote a post may edit and delete it, and take back a deletion of their own;
/// moderators may do all of it to every post.
/// </summary>
public sealed class Revising(WriteBatcher writes, Addressing addressing)
{
    /// <summary>What waits for a moderator stays as it is: what is approved is what was looked at.</summary>
    public static bool MayEdit(PostView post, ClaimsPrincipal user) => !post.IsHeld && MayDelete(post, user);

    public static bool MayDelete(PostView post, ClaimsPrincipal user) => !post.IsDeleted && IsTheirs(post, user);

    public static bool MayRestore(PostView post, ClaimsPrincipal user) =>
        !post.IsErased && post.State.Deleted is { } deleted && (Identity.LooksAfterPosts(user) || (IsTheirs(post, user) && deleted.ById == Identity.AccountOf(user)));

    /// <summary>What was deleted is shown to whoever wrote it and to moderators, what was erased to nobody.</summary>
    public static bool MaySeeHistory(PostView post, ClaimsPrincipal user) => !post.IsErased && (!post.IsDeleted || IsTheirs(post, user));

    public async Task<WriteResult> EditAsync(PostView post, ClaimsPrincipal user, string body, string? reason) =>
        await WriteAsync(post, user, RevisionKind.Edit, body, reason, await addressing.OfEditAsync(Identity.AccountOf(user)!.Value, body, default));

    public Task<WriteResult> DeleteAsync(PostView post, ClaimsPrincipal user, string? reason) => WriteAsync(post, user, RevisionKind.Delete, null, reason);

    public Task<WriteResult> RestoreAsync(PostView post, ClaimsPrincipal user, string? reason) => WriteAsync(post, user, RevisionKind.Restore, null, reason);

    private Task<WriteResult> WriteAsync(PostView post, ClaimsPrincipal user, string kind, string? body, string? reason, Addressees? to = null) =>
        writes.WriteAsync(new(next =>
        {
            var author = Identity.AccountOf(user)!.Value;
            var revision = new NewPostRevision(next(), post.Id, author, kind, body, reason ?? "");
            // What is done to somebody else's post stands in the moderators' log too.
            return [revision, .. author == post.AuthorId ? Array.Empty<NewRow>() : [new NewDecision(next(), post.Id, Decidable.Post, kind, author, reason ?? "")],
                .. to?.Rows(next, revision.Id, post.Id, post.Topic) ?? []];
        }));

    private static bool IsTheirs(PostView post, ClaimsPrincipal user) => Identity.AccountOf(user) == post.AuthorId || Identity.LooksAfterPosts(user);
}
