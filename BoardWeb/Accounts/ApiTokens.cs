using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace Connect.BoardWeb.Accounts;

/// <summary>Tokens of programs: 256 random bits, shown once; the board keeps only their SHA-256.</summary>
public sealed class ApiTokens(AccountReader accounts)
{
    public const string Prefix = "connect_";

    private const int MaxKnown = 10_000;

    private readonly ConcurrentDictionary<string, (AccountView Account, bool Unlimited, long Since)> _known = new();

    public static string New() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    public static byte[] HashOf(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    /// <summary>Whose token it is; remembered as long as a session is (<see cref="Sessions.Known"/>), so that a busy program does not cost a query each time.</summary>
    /// <exception cref="Connect.Node.Database.DatabaseUnavailableException">The server did not answer in time.</exception>
    public async Task<(AccountView Account, bool Unlimited)?> OwnerAsync(string token, CancellationToken cancel)
    {
        if (token.Length > 100) return null;
        var hash = HashOf(token);
        var key = Convert.ToHexString(hash);
        if (_known.TryGetValue(key, out var known) && Stopwatch.GetElapsedTime(known.Since) < Sessions.Known) return (known.Account, known.Unlimited);
        if (await accounts.WithTokenAsync(hash, cancel) is not { } owner) return null;
        if (_known.Count >= MaxKnown) _known.Clear();
        _known[key] = (owner.Account, owner.Unlimited, Stopwatch.GetTimestamp());
        return owner;
    }
}
