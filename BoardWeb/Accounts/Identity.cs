using System.Security.Claims;
using System.Text.Encodings.Web;
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

    public const string Administrator = "administrator";

    public const string Moderator = "moderator";

    /// <summary>May look after what others wrote.</summary>
    public static bool LooksAfterPosts(ClaimsPrincipal user) => user.IsInRole(Moderator) || user.IsInRole(Administrator);

    /// <summary>What a ticket says. Everything is in the ticket, so any node understands it without asking.</summary>
    public static ClaimsPrincipal Of(AccountView account, string scheme, bool unlimited = false)
    {
        var identity = new ClaimsIdentity(scheme, ClaimTypes.Name, ClaimTypes.Role);
        identity.AddClaim(new(ClaimTypes.NameIdentifier, account.Id.ToString("N")));
        identity.AddClaim(new(ClaimTypes.Name, account.Name));
        identity.AddClaim(new(ClaimTypes.Role, account.Role));
        if (unlimited) identity.AddClaim(new(Unlimited, "1"));
        return new(identity);
    }

    /// <summary>The account's id, or null for a guest.</summary>
    public static Guid? AccountOf(ClaimsPrincipal user) =>
        Guid.TryParseExact(user.FindFirstValue(ClaimTypes.NameIdentifier), "N", out var id) ? id : null;

    public static void AddIdentity(this IServiceCollection services)
    {
        services.AddSingleton<Passwords>().AddSingleton<AccountReader>().AddSingleton<ApiTokens>().AddSingleton<Registration>();
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
            })
            .AddScheme<AuthenticationSchemeOptions, BearerHandler>(Bearer, null);
        services.AddAuthorizationBuilder()
            .AddPolicy(Bearer, policy => policy.AddAuthenticationSchemes(Bearer).RequireAuthenticatedUser())
            .AddPolicy(Administrator, policy => policy.AddAuthenticationSchemes(Bearer).RequireRole(Administrator));
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
                ? AuthenticateResult.Success(new(Of(owner.Account, Bearer, owner.Unlimited), Bearer))
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
