using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Writes;
using Connect.Node.Database;
using Dapper;

namespace Connect.BoardWeb.Accounts;

/// <summary>A token as its owner sees it; the token itself is nowhere.</summary>
/// <param name="Scopes">What it may; null: whatever its account may.</param>
public sealed record TokenView(Guid Id, string Label, bool Unlimited, TokenScopes? Scopes, byte[] Hash)
{
    public DateTimeOffset CreatedAt => Uuid7.TimeOf(Id);
}

/// <summary>
/// The tokens of an account: listed, and revoked. A revocation is a row, of each token the latest counts; another node remembers a token for <see cref="Sessions.Known"/>
/// after it looked, so a revocation holds everywhere within that time of its arrival.
/// </summary>
public sealed class OwnTokens(BoardDatabase database, WriteBatcher writes, ApiTokens tokens, Sessions sessions, Uuid7 ids)
{
    /// <summary>Tokens that are listed, the latest ones.</summary>
    public const int MaxListed = 200;

    private const string Columns = """
        SELECT t.id, t.label, t.unlimited, t.token_hash, g.id AS granted, g.scopes
        FROM api_token t LEFT JOIN api_token_grant g ON g.token_id = t.id AND NOT EXISTS (SELECT 1 FROM api_token_grant l WHERE l.token_id = g.token_id AND l.id > g.id)
        WHERE t.account_id = @account AND (g.scopes IS NULL OR g.scopes <> '')
        """;

    /// <summary>What is wrong with what a token is called, or null.</summary>
    public static string? LabelFault(string? label) => label is null or { Length: 0 or > 80 } ? T["LabelLength"] : null;

    /// <summary>Those that are good for something, the latest first.</summary>
    public Task<List<TokenView>> OfAsync(Guid account, CancellationToken cancel) => database.ReadAsync(c =>
        c.Query($"{Columns} ORDER BY t.id DESC LIMIT {MaxListed}", new { account = Ids.Bytes(account) }).Select(View).ToList(), cancel);

    /// <summary>Revokes one; null if this account has none such. One without scopes may have signed a browser in: all of the account's sessions end.</summary>
    public async Task<WriteResult?> RevokeAsync(Guid account, Guid token, CancellationToken cancel)
    {
        var found = await database.ReadAsync(c => c.Query($"{Columns} AND t.id = @token", new { account = Ids.Bytes(account), token = Ids.Bytes(token) }).Select(View).FirstOrDefault(), cancel);
        if (found is null) return null;
        var result = await writes.WriteAsync(new(next => found.Scopes is not null ? [new NewApiTokenGrant(next(), token, "")]
            : [new NewApiTokenGrant(next(), token, ""), new NewDecision(next(), account, Decidable.SignedOut, "", account, "a token was revoked")]));
        tokens.Forget(found.Hash);
        if (found.Scopes is null) sessions.Forget(account);
        return result;
    }

    private TokenView View(dynamic row)
    {
        // What is revoked here from now on sorts after everything that has been read here.
        if ((byte[]?)row.granted is { } granted) ids.Observe(Ids.Of(granted));
        return new(Ids.Of((byte[])row.id), (string)row.label, (bool)row.unlimited, TokenScopes.Read((string?)row.scopes), (byte[])row.token_hash);
    }
}
