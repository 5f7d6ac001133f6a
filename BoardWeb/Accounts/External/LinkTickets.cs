using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;

namespace Connect.BoardWeb.Accounts.External;

/// <summary>
/// What an antiforgery token is for a form, for the link that begins linking: nobody else can lead a person into linking somebody's sign-in to their account. (A form cannot be sent to another
/// site under the board's policy, <c>form-action 'self'</c>, so it is a link.) Bound to the session it was shown in, good for an hour.
/// </summary>
public sealed class LinkTickets(IDataProtectionProvider protection)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private const int MaxLength = 1000;

    public string For(ClaimsPrincipal user) => Seal().Protect(Content(user), Lifetime);

    public bool IsFor(ClaimsPrincipal user, string ticket)
    {
        if (ticket.Length > MaxLength || Identity.AccountOf(user) is null) return false;
        try
        {
            return Seal().Unprotect(ticket) == Content(user);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private ITimeLimitedDataProtector Seal() => protection.CreateProtector("link-sign-in").ToTimeLimitedDataProtector();

    private static string Content(ClaimsPrincipal user) => $"{Identity.AccountOf(user):N} {Identity.BeganAt(user)?.ToUnixTimeMilliseconds()}";
}
