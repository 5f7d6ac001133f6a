using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.DataProtection;

namespace Connect.BoardWeb.Hooks;

/// <summary>
/// The secrets that sign deliveries, as Standard Webhooks has it: 256 random bits, shown once, kept sealed with the ring's keys. What is signed is <c>ID.TIMESTAMP.BODY</c>.
/// </summary>
public sealed class HookSecrets(IDataProtectionProvider protection)
{
    private const string Prefix = "whsec_";

    public static string New() => Prefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    public string Seal(string secret) => protection.CreateProtector("webhook-secret").Protect(secret);

    /// <summary>Null if this node lacks the key that sealed it.</summary>
    public string? Open(string seal)
    {
        try
        {
            return protection.CreateProtector("webhook-secret").Unprotect(seal);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    /// <summary><c>v1,SIGNATURE</c></summary>
    /// <param name="timestamp">Seconds since 1970.</param>
    public static string Sign(string secret, string id, long timestamp, ReadOnlySpan<byte> body)
    {
        var head = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{timestamp}."));
        byte[] signed = [.. head, .. body];
        return "v1," + Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(secret[Prefix.Length..]), signed));
    }
}
