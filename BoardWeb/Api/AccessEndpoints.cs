using System.Security.Claims;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Accounts.External;
using Connect.BoardWeb.Accounts.Passkeys;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Writes;
using Connect.Node.Settings;
using static Connect.BoardWeb.Api.Answers;

namespace Connect.BoardWeb.Api;

/// <summary>With what an account gets in, for programs: its tokens, and its sign-ins elsewhere.</summary>
internal static class AccessEndpoints
{
    public static void MapOwnAccess(this RouteGroupBuilder api)
    {
        api.MapPost("/tokens", CreateToken).NeedsScope(TokenScopes.Administer).Produces<TokenCreated>(201).Produces<TokenCreated>(202)
            .ProducesProblem(403).ProducesValidationProblem(422).WithSummary("Make a token: for oneself, or (administrators) for anybody, who is made if need be");
        api.MapGet("/tokens", ListTokens).Produces<Listing<TokenItem>>().WithSummary("One's own tokens that have not been revoked, the latest first");
        api.MapDelete("/tokens/{id:guid}", RevokeToken).NeedsScope(TokenScopes.Administer).Produces<Removed>().Produces<Removed>(202)
            .ProducesProblem(403).ProducesProblem(404).WithSummary("Revoke a token of one's own");
        api.MapGet("/logins", ListLogins).Produces<Listing<LoginItem>>().WithSummary("With which other sites one signs in");
        api.MapDelete("/logins/{id:guid}", Unlink).NeedsScope(TokenScopes.Administer).Produces<Removed>().Produces<Removed>(202)
            .ProducesProblem(403).ProducesProblem(404).ProducesProblem(409).WithSummary("No more sign in with another site; not the last way to sign in");
        api.MapGet("/passkeys", ListPasskeys).Produces<Listing<PasskeyItem>>().WithSummary("One's own passkeys; adding one, and signing in with it, needs a browser");
        api.MapDelete("/passkeys/{id:guid}", RemovePasskey).NeedsScope(TokenScopes.Administer).Produces<Removed>().Produces<Removed>(202)
            .ProducesProblem(403).ProducesProblem(404).ProducesProblem(409).WithSummary("No more sign in with a passkey; not the last way to sign in");
    }

    private static async Task<IResult> ListPasskeys(ClaimsPrincipal user, PasskeyDesk passkeys, CancellationToken cancel) =>
        Results.Ok(new Listing<PasskeyItem>([.. (await passkeys.OfAsync(Identity.AccountOf(user)!.Value, cancel)).Select(PasskeyItem.Of)], null));

    private static Task<IResult> RemovePasskey(Guid id, ClaimsPrincipal user, AccountReader accounts, WaysIn ways, NodeSettings settings, CancellationToken cancel) =>
        RemoveAsync(id, user, accounts, account => ways.RemovePasskeyAsync(account, id, cancel), "You have no such passkey (any more).", settings, cancel);

    private static async Task<IResult> CreateToken(
        NewTokenBody body, ClaimsPrincipal user, Registration registration, NodeSettings settings, CancellationToken cancel)
    {
        var own = user.Identity!.Name!;
        var name = body.Account ?? own;
        var label = body.Label ?? "token";
        if (Invalid(("label", OwnTokens.LabelFault(label)), ("account", name == own ? null : AccountName.Fault(name)), ("scopes", TokenScopes.Fault(body.Scopes))) is { } invalid) return invalid;
        var unlimited = body.Unlimited ?? false;
        if (!Deciding.MayAdminister(user) && (name != own || unlimited))
            return Problem(403, "Only administrators make tokens for others, or tokens without limits.");
        if (TokenScopes.Of(user) is { } has && (body.Scopes is null || body.Scopes.Except(has.Names).Any()))
            return Problem(403, $"A token makes none that may more than it does itself: name scopes, of '{has}'.");
        var scopes = TokenScopes.Of(body.Scopes);
        var (token, id, result) = name == own ? await registration.NewTokenAsync(Identity.AccountOf(user)!.Value, label, unlimited, scopes)
            : await registration.NewTokenAsync(name, label, unlimited, scopes, cancel);
        return Created(null, new TokenCreated(id, token, name, label, unlimited, scopes?.Names, settings.Name, result.Copies), result);
    }

    private static async Task<IResult> ListTokens(ClaimsPrincipal user, OwnTokens tokens, CancellationToken cancel) =>
        Results.Ok(new Listing<TokenItem>([.. (await tokens.OfAsync(Identity.AccountOf(user)!.Value, cancel)).Select(TokenItem.Of)], null));

    private static async Task<IResult> RevokeToken(Guid id, ClaimsPrincipal user, OwnTokens tokens, NodeSettings settings, CancellationToken cancel) =>
        await tokens.RevokeAsync(Identity.AccountOf(user)!.Value, id, cancel) is { } result ? Done(null, new Removed(id, settings.Name, result.Copies), result)
            : Problem(404, "You have no such token (any more).");

    private static async Task<IResult> ListLogins(ClaimsPrincipal user, ExternalLogins logins, CancellationToken cancel) =>
        Results.Ok(new Listing<LoginItem>([.. (await logins.OfAsync(Identity.AccountOf(user)!.Value, cancel)).Select(LoginItem.Of)], null));

    private static Task<IResult> Unlink(Guid id, ClaimsPrincipal user, AccountReader accounts, WaysIn ways, NodeSettings settings, CancellationToken cancel) =>
        RemoveAsync(id, user, accounts, account => ways.UnlinkAsync(account, id, cancel), "You do not sign in with such a site (any more).", settings, cancel);

    /// <summary>Takes away a way to sign in.</summary>
    /// <param name="none">What is said if the account has no such way.</param>
    private static async Task<IResult> RemoveAsync(
        Guid id, ClaimsPrincipal user, AccountReader accounts, Func<AccountView, Task<(WriteResult? Result, string? Fault)>> remove, string none, NodeSettings settings, CancellationToken cancel)
    {
        if (await accounts.FindAsync(Identity.AccountOf(user)!.Value, cancel) is not { } account) return Problem(404, "This account has not arrived here yet.");
        var (result, fault) = await remove(account);
        return result is not null ? Done(null, new Removed(id, settings.Name, result.Copies), result) : fault is not null ? Problem(409, fault) : Problem(404, none);
    }
}
