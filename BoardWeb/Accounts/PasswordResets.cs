using System.Security.Cryptography;
using System.Text;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Writes;
using Microsoft.AspNetCore.DataProtection;

namespace Connect.BoardWeb.Accounts;

/// <summary>
/// For whoever has forgotten their password: an administrator makes a code and gives it to them in some other way, and with it they choose another password. Nothing is stored for a code:
/// it is sealed with the ring's keys, so every node understands it, it ends after <see cref="Lifetime"/>, and it is bound to the password that was forgotten, so it opens once.
/// </summary>
public sealed class PasswordResets(IDataProtectionProvider protection, AccountReader accounts, Registration registration, WriteBatcher writes)
{
    /// <summary>24 hours.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    /// <summary>Characters of a code that is looked at.</summary>
    private const int MaxCode = 1000;

    /// <summary>A code, which stands in the log by its maker's name, but for itself.</summary>
    public async Task<(string Code, WriteResult Result)> MakeAsync(AccountView account, Guid by)
    {
        var result = await writes.WriteAsync(new(next => [new NewDecision(next(), account.Id, Decidable.Reset, "", by, "")]));
        return (Seal().Protect(Content(account), Lifetime), result);
    }

    /// <summary>Gives the account of a code another password and ends its sessions; null if the code is none, too old, or was used.</summary>
    public async Task<WriteResult?> RedeemAsync(string? code, string password, CancellationToken cancel) =>
        await OwnerAsync(code, cancel) is { } account ? await registration.SetPasswordAsync(account.Id, password, cancel) : null;

    private async Task<AccountView?> OwnerAsync(string? code, CancellationToken cancel)
    {
        if (string.IsNullOrWhiteSpace(code) || code.Length > MaxCode) return null;
        try
        {
            var content = Seal().Unprotect(code.Trim());
            return Guid.TryParseExact(content.Split(' ')[0], "N", out var id) && await accounts.FindAsync(id, cancel) is { } account && content == Content(account) ? account : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private ITimeLimitedDataProtector Seal() => protection.CreateProtector("password-reset").ToTimeLimitedDataProtector();

    private static string Content(AccountView account) => $"{account.Id:N} {Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(account.PasswordHash ?? "")))}";
}
