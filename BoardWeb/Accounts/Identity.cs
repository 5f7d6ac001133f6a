using System.Globalization;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Connect.BoardWeb.Accounts.Passkeys;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Pages;
using Connect.BoardWeb.Web;
using Connect.BoardWeb.Writes;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.Options;

namespace Connect.BoardWeb.Accounts;

/// <summary>Who is asking: a browser with a cookie, or a program with a token.</summary>
public static class Identity
{
    /// <summary>The scheme of programs.</summary>
    public const string Bearer = "Bearer";

    /// <summary>The claim that posting limits do not apply.</summary>
    public const string Unlimited = "unlimited";

    /// <summary>The claim that says why this account may not write.</summary>
    private const string ReadsOnly = "reads-only";

    /// <summary>The claim that says when the session began, in milliseconds since 1970.</summary>
    private const string Since = "since";

    /// <summary>Whoever has not signed in: sees what everybody sees.</summary>
    public static readonly ClaimsPrincipal Guest = new(new ClaimsIdentity());

    /// <summary>May look after what others wrote.</summary>
    public static bool LooksAfterPosts(ClaimsPrincipal user) => user.IsInRole(Roles.Moderator) || user.IsInRole(Roles.Administrator);

    /// <summary>Why this account may not write now, in words; null if it may.</summary>
    public static string? WhyReadsOnly(ClaimsPrincipal user) => user.FindFirstValue(ReadsOnly);

    /// <summary>When this session began; null for programs.</summary>
    public static DateTimeOffset? BeganAt(ClaimsPrincipal user) =>
        long.TryParse(user.FindFirstValue(Since), CultureInfo.InvariantCulture, out var milliseconds) ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : null;

    /// <summary>What a ticket says. Everything is in the ticket, so any node understands it without asking.</summary>
    /// <param name="now">Whether a ban is over depends on it.</param>
    /// <param name="began">When the session began; null for programs.</param>
    /// <param name="scopes">What a token may of what its account may; null: all of it.</param>
    public static ClaimsPrincipal Of(AccountView account, string scheme, DateTimeOffset now, DateTimeOffset? began = null, bool unlimited = false, TokenScopes? scopes = null)
    {
        var identity = new ClaimsIdentity(scheme, ClaimTypes.Name, ClaimTypes.Role);
        identity.AddClaim(new(ClaimTypes.NameIdentifier, account.Id.ToString("N")));
        identity.AddClaim(new(ClaimTypes.Name, account.Name));
        identity.AddClaim(new(ClaimTypes.Role, scopes?.RoleOf(account.Role) ?? account.Role));
        foreach (var scope in scopes?.Names ?? []) identity.AddClaim(new(TokenScopes.ClaimType, scope));
        if (unlimited) identity.AddClaim(new(Unlimited, "1"));
        if (began is { } at) identity.AddClaim(new(Since, at.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)));
        if (account is { BannedUntil: { } until, Ban: { } ban } && until > now)
            identity.AddClaim(new(ReadsOnly, ban.Reason.Length > 0 ? T["BannedBecause", Times.Shown(until), ban.Reason] : T["Banned", Times.Shown(until)]));
        else if (account.Role == Roles.Reader) identity.AddClaim(new(ReadsOnly, T["ReadsOnly"]));
        return new(identity);
    }

    /// <summary>The account's id, or null for a guest.</summary>
    public static Guid? AccountOf(ClaimsPrincipal user) =>
        Guid.TryParseExact(user.FindFirstValue(ClaimTypes.NameIdentifier), "N", out var id) ? id : null;

    public static void AddIdentity(this IServiceCollection services)
    {
        services.AddSingleton<Passwords>().AddSingleton<AccountReader>().AddSingleton<ApiTokens>().AddSingleton<OwnTokens>().AddSingleton<Registration>().AddSingleton<Sessions>().AddSingleton<PasswordResets>().AddSingleton<PasskeyDesk>();
        services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme)
            .AddCookie(options =>
            {
                options.Cookie.Name = "connect";
                options.Cookie.HttpOnly = true;
                options.Cookie.SameSite = SameSiteMode.Lax;
                options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
                options.ExpireTimeSpan = TimeSpan.FromDays(14);
                options.SlidingExpiration = true;
                options.LoginPath = "/signin";
                options.AccessDeniedPath = "/error/403";
                options.ReturnUrlParameter = "returnUrl";
                options.Events.OnValidatePrincipal = context => context.HttpContext.RequestServices.GetRequiredService<Sessions>().ValidateAsync(context);
            })
            .AddScheme<AuthenticationSchemeOptions, BearerHandler>(Bearer, null);
        services.AddAuthorizationBuilder()
            .AddPolicy(Bearer, policy => policy.AddAuthenticationSchemes(Bearer).RequireAuthenticatedUser().AddRequirements(new ScopeRequirement()));
    }

    /// <summary>
    /// Programs are recognised before the limits are counted: authorization, which would otherwise do it, comes after them.
    /// </summary>
    public static void UseBearerBeforeLimits(this WebApplication app) => app.Use(async (context, next) =>
    {
        if (context.Request.Path.StartsWithSegments("/api"))
        {
            var who = await context.AuthenticateAsync(Bearer);
            if (who.Failure is not null && context.RequestServices.GetRequiredService<IWriteGate>().Closed is { } closed)
            {
                // A node that has no copy of the ring's data yet knows nobody: that is its own trouble, and must not look like the client's.
                await Failures.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, closed);
                return;
            }
            context.User = who.Principal ?? new ClaimsPrincipal(new ClaimsIdentity());
        }
        await next(context);
    });

    /// <summary>Reads <c>Authorization: Bearer TOKEN</c>.</summary>
    private sealed class BearerHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory log, UrlEncoder encoder, ApiTokens tokens)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, log, encoder)
    {
        protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
        {
            var header = Request.Headers.Authorization.ToString();
            if (!header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)) return AuthenticateResult.NoResult();
            return await tokens.OwnerAsync(header["Bearer ".Length..].Trim(), Context.RequestAborted) is { } owner
                ? AuthenticateResult.Success(new(Of(owner.Account, Bearer, TimeProvider.GetUtcNow(), unlimited: owner.Unlimited, scopes: owner.Scopes), Bearer))
                : AuthenticateResult.Fail("This token is not known here.");
        }

        protected override Task HandleChallengeAsync(AuthenticationProperties properties)
        {
            Response.StatusCode = StatusCodes.Status401Unauthorized;
            Response.Headers.WWWAuthenticate = "Bearer";
            return Task.CompletedTask;
        }
    }
}
