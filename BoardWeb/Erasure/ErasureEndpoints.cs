using System.Security.Claims;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Api;
using Connect.BoardWeb.Posts;
using Connect.Node.Settings;
using static Connect.BoardWeb.Api.Answers;

namespace Connect.BoardWeb.Erasure;

/// <param name="Reason">Why; it stays, so it should not repeat what is erased.</param>
public sealed record ErasureBody(string? Reason);

/// <summary>What was erased.</summary>
/// <param name="Files">Files that went with the post.</param>
/// <param name="FilesKept">Files it named that stay, because other posts name them or that could not be found out in time.</param>
public sealed record ErasureAnswer(Guid Id, IReadOnlyList<Guid> Files, IReadOnlyList<Guid> FilesKept, string Node, int Copies);

/// <summary>Erasing posts, for programs.</summary>
internal static class ErasureEndpoints
{
    public static void MapErasure(this RouteGroupBuilder api) =>
        api.MapPost("/posts/{id:guid}/erase", EraseAsync).NeedsScope(TokenScopes.Administer).Produces<ErasureAnswer>().Produces<ErasureAnswer>(202)
            .ProducesProblem(403).ProducesProblem(404).ProducesValidationProblem(422).WithSummary("Erase a post, its earlier versions and the files that are its alone, for ever: an administrator");

    private static async Task<IResult> EraseAsync(Guid id, ErasureBody body, ClaimsPrincipal user, VisiblePosts posts, PostErasure erasure, NodeSettings settings, CancellationToken cancel)
    {
        if (Invalid(("reason", PostErasure.ReasonFault(body.Reason))) is { } invalid) return invalid;
        if (await posts.FindAsync(id, user, cancel) is not { } post) return NoPost();
        if (!Moderation.Deciding.MayAdminister(user)) return Problem(403, "Only administrators may do that. A moderator can delete it.");
        if (post.IsErased) return Results.Ok(new ErasureAnswer(id, [], [], settings.Name, 0));
        var plan = await erasure.PlanAsync(id, cancel);
        var result = await erasure.EraseAsync(post, plan, user, body.Reason!);
        return Done($"/p/{id}", new ErasureAnswer(id, [.. plan.Files.Select(f => f.Id)], [.. plan.Kept.Select(f => f.Id)], settings.Name, result.Copies), result);
    }
}
