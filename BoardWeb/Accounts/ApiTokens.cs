using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Connect.BoardWeb.Storage;

namespace Connect.BoardWeb.Accounts;

/// <summary>Who shows a token.</summary>
/// <param name="Unlimited">Posting limits do not apply.</param>
/// <param name="Scopes">What it may; null: whatever its account may.</param>
public sealed record TokenOwner(AccountView Account, bool Unlimited, TokenScopes? Scopes);

/// <summary>Tokens of programs: 256 random bits, shown once; the board keeps only their SHA-256.</summary>
public sealed class ApiTokens(AccountReader accounts, TimeProvider time)
{
    public const string Prefix = "connect_";

    /// <summary>Begins a token with scopes: it may nothing until the row that says what has arrived too, also where rows are repaired table by table.</summary>
    private const string ScopedPrefix = Prefix + "scoped_";

    private const int MaxKnown = 10_000;

    private readonly Remembered<string, TokenOwner> _known = new(MaxKnown, time);

    public static string New(TokenScopes? scopes = null) => (scopes is null ? Prefix : ScopedPrefix) + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    public static byte[] HashOf(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    /// <summary>Whose token it is; remembered as long as a session is (<see cref="Sessions.Known"/>), so that a busy program does not cost a query each time.</summary>
    /// <exception cref="Connect.Node.Database.DatabaseUnavailableException">The server did not answer in time.</exception>
    public async Task<TokenOwner?> OwnerAsync(string token, CancellationToken cancel)
    {
        if (token.Length > 100) return null;
        var hash = HashOf(token);
        var key = Convert.ToHexString(hash);
        if (_known.Find(key) is { } known && known.Age < Sessions.Known) return known.Value;
        if (await accounts.WithTokenAsync(hash, token.StartsWith(ScopedPrefix, StringComparison.Ordinal), cancel) is not { } owner) return null;
        _known.Put(key, owner);
        return owner;
    }

    /// <summary>It was revoked here.</summary>
    public void Forget(byte[] hash) => _known.Forget(Convert.ToHexString(hash));
}
