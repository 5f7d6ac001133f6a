using System.Security.Claims;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Channels;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Ring;
using Connect.BoardWeb.Topics;
using Connect.BoardWeb.Writes;
using Connect.Node.Settings;
using static Connect.BoardWeb.Api.Answers;

namespace Connect.BoardWeb.Api;

/// <summary>Looking after the board, for programs: what moderators and administrators decide, reports, and the log of it all.</summary>
internal static class ModerationEndpoints
{
    public static void MapModeration(this RouteGroupBuilder api)
    {
        api.MapGet("/topics/{id:guid}", GetTopic).Produces<TopicItem>().ProducesProblem(404).WithSummary("One topic");
        api.MapPatch("/topics/{id:guid}", ChangeTopic).NeedsScope(TokenScopes.Moderate).Produces<DecisionsMade>().Produces<DecisionsMade>(202)
            .ProducesProblem(403).ProducesProblem(404).ProducesValidationProblem(422).WithSummary("Lock, pin, hide or move a topic: a moderator");
        api.MapPatch("/channels/{slug}", ChangeChannel).NeedsScope(TokenScopes.Administer).Produces<DecisionsMade>().Produces<DecisionsMade>(202)
            .ProducesProblem(403).ProducesProblem(404).ProducesValidationProblem(422).WithSummary("Name, describe, place or archive a channel: an administrator");
        api.MapGet("/accounts/{id:guid}", GetAccount).Produces<AccountItem>().ProducesProblem(404).WithSummary("One account");
        api.MapPut("/accounts/{id:guid}/role", GiveRole).NeedsScope(TokenScopes.Administer).Produces<DecisionsMade>().Produces<DecisionsMade>(202)
            .ProducesProblem(403).ProducesProblem(404).ProducesValidationProblem(422).WithSummary("Give somebody a role: an administrator");
        api.MapPut("/accounts/{id:guid}/ban", Ban).NeedsScope(TokenScopes.Moderate).Produces<DecisionsMade>().Produces<DecisionsMade>(202)
            .ProducesProblem(403).ProducesProblem(404).ProducesValidationProblem(422).WithSummary("Let somebody not write for a time, or end that: a moderator");
        api.MapPost("/accounts/{id:guid}/reset", Reset).NeedsScope(TokenScopes.Administer).Produces<ResetCode>().Produces<ResetCode>(202)
            .ProducesProblem(403).ProducesProblem(404).WithSummary("A code with which somebody who has forgotten their password chooses another: an administrator");
        api.MapPost("/posts/{id:guid}/reports", CreateReport).Produces<ReportCreated>(201).Produces<ReportCreated>(202)
            .ProducesProblem(404).ProducesValidationProblem(422).WithSummary("Ask the moderators to look at a post");
        api.MapGet("/reports", ListReports).NeedsScope(TokenScopes.Moderate).Produces<Listing<ReportItem>>().ProducesProblem(403).WithSummary("Open reports, the oldest first: moderators");
        api.MapPost("/reports/{id:guid}/handled", HandleReport).NeedsScope(TokenScopes.Moderate).Produces<DecisionsMade>().Produces<DecisionsMade>(202)
            .ProducesProblem(403).ProducesProblem(404).ProducesValidationProblem(422).WithSummary("A report needs nothing more: a moderator");
        api.MapGet("/decisions", ListDecisions).NeedsScope(TokenScopes.Moderate).Produces<Listing<DecisionItem>>().ProducesProblem(403).WithSummary("Who decided what and why, the latest first: moderators");
    }

    private static async Task<IResult> GetTopic(Guid id, ClaimsPrincipal user, TopicReader topics, NodeNames names, CancellationToken cancel) =>
        await topics.FindAsync(id, user, cancel) is { } topic ? Results.Ok(TopicItem.Of(topic, names)) : NoTopic();

    private static async Task<IResult> ChangeTopic(
        Guid id, TopicChangesBody body, ClaimsPrincipal user, TopicReader topics, ChannelReader channels, Deciding deciding, NodeSettings settings, CancellationToken cancel)
    {
        if (Invalid(("reason", PostRules.Reason(body.Reason))) is { } invalid) return invalid;
        if (await topics.FindAsync(id, user, cancel) is not { } topic) return NoTopic();
        if (!Deciding.MayModerate(user)) return OnlyModerators();
        var to = body.Channel is null ? null : await channels.FindAsync(body.Channel, cancel);
        if (body.Channel is not null && to is null) return Invalid(("channel", "There is no such channel here."))!;
        return await DecideAsync(deciding, user, body.Reason, Deciding.ChangesOf(topic, body.Locked, body.Pinned, body.Hidden, to?.Id), settings);
    }

    private static async Task<IResult> ChangeChannel(
        string slug, ChannelChangesBody body, ClaimsPrincipal user, ChannelReader channels, Deciding deciding, NodeSettings settings, CancellationToken cancel)
    {
        if (Invalid(("title", body.Title is null ? null : PostRules.Title(body.Title)), ("description", PostRules.Description(body.Description)), ("reason", PostRules.Reason(body.Reason))) is { } invalid)
            return invalid;
        if (await channels.FindAsync(slug, cancel) is not { } channel) return NoChannel(slug);
        if (!Deciding.MayAdminister(user)) return Problem(403, "Only administrators may do that.");
        return await DecideAsync(deciding, user, body.Reason, Deciding.ChangesOf(channel, body.Title, body.Description, body.Place, body.Archived), settings);
    }

    private static async Task<IResult> GetAccount(Guid id, AccountReader accounts, TimeProvider time, CancellationToken cancel) =>
        await accounts.FindAsync(id, cancel) is { } account ? Results.Ok(AccountItem.Of(account, time.GetUtcNow())) : NoAccount();

    private static async Task<IResult> GiveRole(Guid id, RoleBody body, ClaimsPrincipal user, AccountReader accounts, Deciding deciding, NodeSettings settings, CancellationToken cancel)
    {
        if (Invalid(("role", Roles.All.Contains(body.Role) ? null : $"A role is one of {string.Join(", ", Roles.All)}."), ("reason", PostRules.Reason(body.Reason))) is { } invalid) return invalid;
        if (await accounts.FindAsync(id, cancel) is not { } account) return NoAccount();
        if (!Deciding.MayGiveRole(user, account)) return Problem(403, "Only administrators give roles, and not to themselves.");
        return await DecideAsync(deciding, user, body.Reason, account.Role == body.Role ? [] : [new(id, Decidable.Role, body.Role!)], settings);
    }

    private static async Task<IResult> Ban(
        Guid id, BanBody body, ClaimsPrincipal user, AccountReader accounts, Deciding deciding, TimeProvider time, NodeSettings settings, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        if (Invalid(("until", Deciding.BanFault(body.Until, now)), ("reason", PostRules.Reason(body.Reason))) is { } invalid) return invalid;
        if (await accounts.FindAsync(id, cancel) is not { } account) return NoAccount();
        if (!Deciding.MayBan(user, account)) return Problem(403, "Moderators ban members, administrators everybody; nobody bans themselves.");
        return await DecideAsync(deciding, user, body.Reason, body.Until == account.BannedUntil ? [] : [Deciding.Ban(account, body.Until)], settings);
    }

    private static async Task<IResult> Reset(
        Guid id, ClaimsPrincipal user, AccountReader accounts, PasswordResets resets, TimeProvider time, NodeSettings settings, CancellationToken cancel)
    {
        if (await accounts.FindAsync(id, cancel) is not { } account) return NoAccount();
        if (!Deciding.MayGiveRole(user, account)) return Problem(403, "Only administrators do that, and not for themselves.");
        var (code, result) = await resets.MakeAsync(account, Identity.AccountOf(user)!.Value);
        return Done(null, new ResetCode(code, time.GetUtcNow() + PasswordResets.Lifetime, settings.Name, result.Copies), result);
    }

    private static async Task<IResult> CreateReport(
        Guid id, ReasonBody body, ClaimsPrincipal user, VisiblePosts posts, Reports reports, NodeSettings settings, CancellationToken cancel)
    {
        if (Invalid(("reason", string.IsNullOrWhiteSpace(body.Reason) ? "Say what is wrong with it." : PostRules.Reason(body.Reason))) is { } invalid) return invalid;
        if (await posts.FindAsync(id, user, cancel) is null) return NoPost();
        var result = await reports.ReportAsync(id, Identity.AccountOf(user)!.Value, body.Reason!, cancel);
        return Created(null, new ReportCreated(result.Existing ?? result.Ids[0], settings.Name, result.Copies), result);
    }

    private static async Task<IResult> ListReports(ClaimsPrincipal user, Reports reports, CancellationToken cancel) => Deciding.MayModerate(user)
        ? Results.Ok(new Listing<ReportItem>([.. (await reports.OpenAsync(cancel)).Select(ReportItem.Of)], null)) : OnlyModerators();

    private static async Task<IResult> HandleReport(
        Guid id, ReasonBody body, ClaimsPrincipal user, Reports reports, DecisionReader decisions, Deciding deciding, NodeSettings settings, CancellationToken cancel)
    {
        if (Invalid(("reason", PostRules.Reason(body.Reason))) is { } invalid) return invalid;
        if (!Deciding.MayModerate(user)) return OnlyModerators();
        if (await reports.FindAsync(id, cancel) is null) return Problem(404, "There is no such report here (yet).");
        var handled = (await decisions.OfAsync(id, cancel)).Is(Decidable.Handled);
        return await DecideAsync(deciding, user, body.Reason, handled ? [] : [new(id, Decidable.Handled, Decidable.Yes)], settings);
    }

    private static async Task<IResult> ListDecisions(string? after, int? limit, ClaimsPrincipal user, DecisionReader decisions, CancellationToken cancel)
    {
        if (Page(after, limit, out var cursor, out var count) is { } invalid) return invalid;
        if (!Deciding.MayModerate(user)) return OnlyModerators();
        var found = await decisions.LogAsync(cursor, count + 1, cancel);
        return Results.Ok(new Listing<DecisionItem>([.. found.Take(count).Select(DecisionItem.Of)], found.Count > count ? found[count - 1].Decision.Id.ToString() : null));
    }

    /// <summary>What is so already is done: a request that is sent again.</summary>
    private static async Task<IResult> DecideAsync(Deciding deciding, ClaimsPrincipal user, string? reason, IReadOnlyList<Change> changes, NodeSettings settings)
    {
        if (changes.Count == 0) return Results.Ok(new DecisionsMade([], settings.Name, 0));
        var result = await deciding.DecideAsync(user, reason, changes);
        return Done(null, new DecisionsMade([.. changes.Select(c => c.Property)], settings.Name, result.Copies), result);
    }

    private static IResult NoAccount() => Problem(404, "There is no such account here (yet).");
}
