using System.Security.Claims;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Api;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Ring;
using Connect.Node.Settings;
using static Connect.BoardWeb.Api.Answers;

namespace Connect.BoardWeb.Approvals;

/// <param name="State">waiting or rejected.</param>
/// <param name="Reason">Why a moderator rejected it; may be empty.</param>
public sealed record HeldItem(string State, string Reason)
{
    public static HeldItem? Of(Approval? approval) => approval is { IsMissing: true } ? new(approval.IsRejected ? "rejected" : "waiting", approval.IsRejected ? approval.Reason : "") : null;
}

/// <param name="Id">What is approved or rejected: the post, or the topic that it opens.</param>
/// <param name="Kind">post or topic.</param>
/// <param name="Word">The listed word for which it waits; null: it is one of the first posts of a new member's.</param>
public sealed record WaitingItem(Guid Id, string Kind, string? Word, string Title, PostItem Post)
{
    public static WaitingItem Of(WaitingPost w, NodeNames names) => new(w.Subject, w.OpensTopic ? "topic" : "post", w.Word, w.Title, PostItem.Of(w.Post, names));
}

/// <summary>What waits for moderators before others see it, for programs.</summary>
internal static class ApprovalEndpoints
{
    public static void MapApprovals(this RouteGroupBuilder api)
    {
        api.MapGet("/waiting", ListAsync).NeedsScope(TokenScopes.Moderate).Produces<Listing<WaitingItem>>().ProducesProblem(403)
            .WithSummary("Posts, and topics with their first posts, that nobody sees before a moderator approves them, the oldest first: moderators");
        api.MapPost("/waiting/{id:guid}/approve", (Guid id, ReasonBody body, ClaimsPrincipal user, Approving queue, NodeSettings settings, CancellationToken cancel) => DecideAsync(id, true, body, user, queue, settings, cancel))
            .NeedsScope(TokenScopes.Moderate).Produces<DecisionsMade>().Produces<DecisionsMade>(202).ProducesProblem(403).ProducesProblem(404).ProducesValidationProblem(422).WithSummary("Everybody may see it: a moderator");
        api.MapPost("/waiting/{id:guid}/reject", (Guid id, ReasonBody body, ClaimsPrincipal user, Approving queue, NodeSettings settings, CancellationToken cancel) => DecideAsync(id, false, body, user, queue, settings, cancel))
            .NeedsScope(TokenScopes.Moderate).Produces<DecisionsMade>().Produces<DecisionsMade>(202).ProducesProblem(403).ProducesProblem(404).ProducesValidationProblem(422).WithSummary("Nobody but its author and moderators sees it; its author reads the reason: a moderator");
    }

    private static async Task<IResult> ListAsync(ClaimsPrincipal user, Approving queue, NodeNames names, CancellationToken cancel) => Deciding.MayModerate(user)
        ? Results.Ok(new Listing<WaitingItem>([.. (await queue.WaitingAsync(user, cancel)).Select(w => WaitingItem.Of(w, names))], null)) : OnlyModerators();

    private static async Task<IResult> DecideAsync(Guid id, bool approve, ReasonBody body, ClaimsPrincipal user, Approving queue, NodeSettings settings, CancellationToken cancel)
    {
        if (Invalid(("reason", PostRules.Reason(body.Reason))) is { } invalid) return invalid;
        if (!Deciding.MayModerate(user)) return OnlyModerators();
        var (found, result) = await queue.DecideAsync(id, approve, user, body.Reason, cancel);
        return !found ? Problem(404, "Nothing with this id waits here (yet).")
            : result is null ? Results.Ok(new DecisionsMade([], settings.Name, 0)) : Done(null, new DecisionsMade([Decidable.Waits], settings.Name, result.Copies), result);
    }
}
