using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;

namespace Connect.BoardWeb.Accounts.External;

/// <summary>Who another site says somebody is. Besides the name that is proposed once, nothing of what the site tells is kept: no address, no token, no picture.</summary>
/// <param name="Provider">The site's name in the settings.</param>
/// <param name="SubjectHash">SHA-256 of issuer and subject: the same wherever the site is called something else in the settings, and another one for another issuer of the same name.</param>
/// <param name="ProposedName">One that an account may have, or empty.</param>
public sealed record ExternalIdentity(string Provider, byte[] SubjectHash, string ProposedName)
{
    private const string ProviderClaim = "connect-provider", SubjectClaim = "connect-subject", NameClaim = "connect-name";

    /// <param name="names">What the site calls them, the most wanted first.</param>
    public static ExternalIdentity Of(string provider, string issuer, string subject, params IEnumerable<string?> names) =>
        new(provider, SHA256.HashData(Encoding.UTF8.GetBytes($"{issuer}\n{subject}")), names.Select(Propose).FirstOrDefault(n => n.Length > 0) ?? "");

    /// <summary>As it travels, sealed, in a cookie.</summary>
    public ClaimsPrincipal ToPrincipal() =>
        new(new ClaimsIdentity([new(ProviderClaim, Provider), new(SubjectClaim, Convert.ToHexString(SubjectHash)), new(NameClaim, ProposedName)], SignInProviders.Scheme));

    public static ExternalIdentity? From(ClaimsPrincipal? principal) =>
        principal?.FindFirstValue(ProviderClaim) is { } provider && principal.FindFirstValue(SubjectClaim) is { } subject
            ? new(provider, Convert.FromHexString(subject), principal.FindFirstValue(NameClaim) ?? "") : null;

    /// <summary>The name, or what remains of it without what no name may contain. An e-mail address is not proposed: it would be shown to everybody.</summary>
    private static string Propose(string? name)
    {
        if (string.IsNullOrWhiteSpace(name) || name.Contains('@', StringComparison.Ordinal)) return "";
        if (AccountName.Fault(name) is null) return name;
        var kept = string.Join(' ', new string([.. name.Where(c => char.IsLetterOrDigit(c) || c is ' ' or '-' or '_' or '.')]).Split(' ', StringSplitOptions.RemoveEmptyEntries));
        kept = (kept.Length > AccountName.MaxLength ? kept[..AccountName.MaxLength] : kept).Trim(' ', '-', '_', '.');
        return AccountName.Fault(kept) is null ? kept : "";
    }
}
