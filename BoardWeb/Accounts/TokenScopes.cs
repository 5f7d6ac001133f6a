using System.Security.Claims;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Web;
using Microsoft.AspNetCore.Authorization;

namespace Connect.BoardWeb.Accounts;

/// <summary>What a token may of what its account may. A token can never do more than its account, whatever its scopes say.</summary>
public sealed class TokenScopes
{
    /// <summary>Everything that is read; everything that is written by those who may write.</summary>
    public const string Reading = "read", Writing = "write";

    /// <summary>What moderators may; what administrators may, which includes what moderators may, and making and revoking tokens.</summary>
    public const string Moderate = "moderate", Administer = "administer";

    /// <summary>The claim of each scope. Somebody without any may whatever their account may.</summary>
    public const string ClaimType = "scope";

    public static readonly IReadOnlyList<string> All = [Reading, Writing, Moderate, Administer];

    private TokenScopes(IReadOnlyList<string> names) => Names = names;

    /// <summary>In the order of <see cref="All"/>, each once.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>What is wrong with them, or null; null scopes are all right, and mean everything.</summary>
    public static string? Fault(IReadOnlyList<string>? scopes) => scopes is null ? null : scopes.Count == 0 ? "Name at least one scope, or leave them out."
        : scopes.Any(s => !All.Contains(s)) ? $"A scope is one of {string.Join(", ", All)}." : null;

    /// <summary>Null for null. A scope that a later version of the board knows is left out.</summary>
    public static TokenScopes? Of(IEnumerable<string>? scopes) => scopes is null ? null : new([.. All.Where(scopes.Contains)]);

    /// <summary>As <see cref="ToString"/> wrote them.</summary>
    public static TokenScopes? Read(string? row) => Of(row?.Split(' '));

    /// <summary>The scopes that somebody shows; null: everything.</summary>
    public static TokenScopes? Of(ClaimsPrincipal user) => user.HasClaim(c => c.Type == ClaimType) ? Of(user.FindAll(ClaimType).Select(c => c.Value)) : null;

    /// <summary>The role that remains: what a role adds is there only with its scope.</summary>
    public string RoleOf(string role) => role switch
    {
        Roles.Administrator when !Names.Contains(Administer) => RoleOf(Roles.Moderator),
        Roles.Moderator when !Names.Contains(Moderate) => Roles.Member,
        _ => role,
    };

    public override string ToString() => string.Join(' ', Names);
}

/// <summary>Which scope an endpoint asks for. Those without it ask for <c>read</c> if they only read, and for <c>write</c> otherwise.</summary>
internal sealed record NeededScope(string Scope);

internal static class NeededScopes
{
    public static RouteHandlerBuilder NeedsScope(this RouteHandlerBuilder endpoint, string scope) => endpoint.WithMetadata(new NeededScope(scope));
}

/// <summary>Looks at every request of a program, before its body is read.</summary>
internal sealed class ScopeRequirement : AuthorizationHandler<ScopeRequirement>, IAuthorizationRequirement
{
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, ScopeRequirement requirement)
    {
        if (context.Resource is not HttpContext http) return Task.CompletedTask;
        var needed = http.GetEndpoint()?.Metadata.GetMetadata<NeededScope>()?.Scope
            ?? (HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method) ? TokenScopes.Reading : TokenScopes.Writing);
        if (TokenScopes.Of(context.User) is { } scopes && !scopes.Names.Contains(needed))
            http.Items[Failures.Why] = $"This token has the scopes '{scopes}'; this needs '{needed}'. Make a token that has it.";
        else context.Succeed(requirement);
        return Task.CompletedTask;
    }
}
