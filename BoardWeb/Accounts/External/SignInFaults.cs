using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.WebUtilities;

namespace Connect.BoardWeb.Accounts.External;

/// <summary>What went wrong with a sign-in elsewhere, as a word in an address and in plain words.</summary>
public static class SignInFaults
{
    public const string Cancelled = "cancelled", Silent = "silent", Void = "void", NotLinked = "not-linked";

    /// <summary>In words; null for a word that is none of these.</summary>
    public static string? Words(string? fault, string site) => fault switch
    {
        Cancelled => T["SignInCancelled", site],
        Silent => T["SignInSilent", site],
        Void => T["SignInVoid", site],
        NotLinked => T["SignInNotLinked"],
        _ => null,
    };

    /// <summary>What went wrong on the way back from the other site.</summary>
    public static Task SendAsync(RemoteFailureContext context, SignInProvider provider)
    {
        var silent = IsSilence(context.Failure);
        if (silent) context.HttpContext.RequestServices.GetRequiredService<ILogger<SignInProviders>>().LogWarning("{Provider} does not answer a sign-in as it should: {Reason}", provider.Name, context.Failure!.Message);
        return SendAsync(context, silent ? Silent : Void, provider, context.Properties);
    }

    public static Task SendAsync(AccessDeniedContext context, string fault, SignInProvider provider) => SendAsync(context, fault, provider, context.Properties);

    /// <summary>The site could not be asked, or its answer was none: not the fault of whoever signs in.</summary>
    public static bool IsSilence(Exception? failure) => failure is HttpRequestException or OperationCanceledException or IOException or TimeoutException
        || (failure is InvalidOperationException { InnerException: not null }) || (failure?.InnerException is { } inner && IsSilence(inner));

    /// <summary>The page that says so, with the way back of the sealed state.</summary>
    public static string AddressOf(string fault, SignInProvider provider, string? address = null) =>
        QueryHelpers.AddQueryString(address ?? SignInProviders.ReturnPath, new Dictionary<string, string?> { ["problem"] = fault, ["site"] = provider.Name });

    private static Task SendAsync<T>(HandleRequestContext<T> context, string fault, SignInProvider provider, AuthenticationProperties? properties) where T : AuthenticationSchemeOptions
    {
        context.Response.Redirect(AddressOf(fault, provider, properties?.RedirectUri));
        context.HandleResponse();
        return Task.CompletedTask;
    }
}
