using System.Text.RegularExpressions;

namespace Connect.BoardWeb.Mail;

/// <summary>What may be given as a mail address, and how often.</summary>
public static partial class MailRules
{
    /// <summary>Characters of an address (RFC 5321).</summary>
    public const int MaxAddress = 254;

    /// <summary>Mails that ask for a confirmation in 24 hours: of one account, and to one address. So the board cannot be made to flood a stranger.</summary>
    public const int MaxAsked = 3;

    /// <summary>Codes for another password that an account is sent in 24 hours.</summary>
    public const int MaxResets = 3;

    /// <summary>What is wrong with an address, or null. Plain ones only: no quotes, no comments, nothing beyond ASCII, so that it can never be more than one address.</summary>
    public static string? Fault(string? address) => address is null || address.Length > MaxAddress || !Pattern().IsMatch(address) ? T["MailAddressInvalid"] : null;

    [GeneratedRegex(@"\A[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Pattern();
}
