using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.DataProtection;

namespace Connect.BoardWeb.Mail;

/// <summary>
/// What stands in the links of mails: sealed with the ring's keys, so every node understands it and nothing is stored for it. Each is good for one thing, of one account and address.
/// </summary>
public sealed class MailTokens(IDataProtectionProvider protection)
{
    /// <summary>A link that confirms an address is good for 24 hours.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    /// <summary>Characters of a token that is looked at.</summary>
    private const int MaxToken = 2000;

    public string ForConfirming(Guid account, string address) => protection.CreateProtector("mail-confirm").ToTimeLimitedDataProtector().Protect($"{account:N} {address}", Lifetime);

    /// <summary>Which address of which account; null if it is no such token, or too old.</summary>
    public (Guid Account, string Address)? OfConfirming(string? token) =>
        Open(token, t => protection.CreateProtector("mail-confirm").ToTimeLimitedDataProtector().Unprotect(t)) is { } content && Guid.TryParseExact(content.Split(' ')[0], "N", out var account)
            ? (account, content[(content.IndexOf(' ', StringComparison.Ordinal) + 1)..]) : null;

    /// <summary>Good for as long as the ring has its keys: a mail is kept for years.</summary>
    public string ForUnsubscribing(Guid account) => protection.CreateProtector("mail-unsubscribe").Protect($"{account:N}");

    public Guid? OfUnsubscribing(string? token) => Open(token, protection.CreateProtector("mail-unsubscribe").Unprotect) is { } content && Guid.TryParseExact(content, "N", out var account) ? account : null;

    private static string? Open(string? token, Func<string, string> open)
    {
        if (string.IsNullOrEmpty(token) || token.Length > MaxToken) return null;
        try
        {
            return open(token);
        }
        catch (Exception e) when (e is CryptographicException or FormatException or DecoderFallbackException)
        {
            return null;
        }
    }
}
