using System.Security.Claims;
using Connect.Node.Settings;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;

namespace Connect.BoardWeb.Accounts.External;

/// <summary>Leads a browser to another site, to sign in there.</summary>
internal static class SignInEndpoints
{
    /// <summary>Under this name the state says to which account the sign-in shall be linked.</summary>
    public const string LinkTo = "link";

    public static void MapSignIn(this WebApplication app) => app.MapGet("/signin/with/{site}", BeginAsync).ExcludeFromDescription();

    /// <summary>The address of a button.</summary>
    public static string Address(SignInProvider provider, string? returnUrl) => QueryHelpers.AddQueryString($"/signin/with/{provider.Name}", "returnUrl", returnUrl ?? "/");

    public static string LinkAddress(SignInProvider provider, string ticket) => QueryHelpers.AddQueryString($"/signin/with/{provider.Name}", "ticket", ticket);

    private static async Task<IResult> BeginAsync(
        string site, string? returnUrl, string? ticket, ClaimsPrincipal user, HttpContext http, SignInProviders providers, LinkTickets tickets, IOptionsMonitor<OpenIdConnectOptions> oidc, ILogger<SignInProviders> log)
    {
        if (providers.Named(site) is not { } provider) return Results.NotFound();
        var properties = new AuthenticationProperties { RedirectUri = QueryHelpers.AddQueryString(SignInProviders.ReturnPath, "returnUrl", IsLocal(returnUrl) ? returnUrl! : "/") };
        if (ticket is not null)
        {
            if (!tickets.IsFor(user, ticket)) return Results.LocalRedirect(SignInFaults.AddressOf(SignInFaults.NotLinked, provider));
            properties.Items[LinkTo] = Identity.AccountOf(user)!.Value.ToString("N");
        }
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        deadline.CancelAfter(SignInProviders.Patience);
        try
        {
            // The site's addresses are asked for by one at a time; whoever comes meanwhile waits no longer than that one, where the handler by itself would wait for its turn to ask again.
            if (provider.Kind == SignInSettings.Oidc && oidc.Get(provider.Scheme).ConfigurationManager is { } addresses) await addresses.GetConfigurationAsync(deadline.Token).WaitAsync(deadline.Token);
            await http.ChallengeAsync(provider.Scheme, properties);
            return Results.Empty;
        }
        catch (Exception e) when (!http.RequestAborted.IsCancellationRequested && !http.Response.HasStarted && SignInFaults.IsSilence(e))
        {
            log.LogWarning("{Provider} cannot be asked for a sign-in: {Reason}", provider.Name, e.Message);
            return Results.LocalRedirect(SignInFaults.AddressOf(SignInFaults.Silent, provider));
        }
    }

    /// <summary>As <c>Url.IsLocalUrl</c> of pages has it.</summary>
    private static bool IsLocal(string? url) => url is ['/', ..] && !url.StartsWith("//", StringComparison.Ordinal) && !url.StartsWith("/\\", StringComparison.Ordinal) && !url.Any(char.IsControl);
}
