using System.Data.Common;
using System.Globalization;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Storage;
using Connect.Node.Database;
using Dapper;

namespace Connect.BoardWeb.Accounts;

/// <summary>An account as it is folded from its rows.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">The name as others see it.</param>
/// <param name="PasswordHash">The latest login key, or null if it has none.</param>
/// <param name="State">What has been decided about it.</param>
public sealed record AccountView(Guid Id, string Name, string? PasswordHash, Decided State)
{
    public DateTimeOffset CreatedAt => Uuid7.TimeOf(Id);

    public string Role => State.Text(Decidable.Role) ?? Roles.Member;

    /// <summary>The latest ban, which may be over; null if there is none.</summary>
    public Decision? Ban => State.Text(Decidable.Banned) is null ? null : State[Decidable.Banned];

    /// <summary>Until when it may not write; null without a ban.</summary>
    public DateTimeOffset? BannedUntil => Ban is { } ban && DateTimeOffset.TryParse(ban.Value, CultureInfo.InvariantCulture, out var until) ? until : null;

    /// <summary>Sessions that began before have ended.</summary>
    public DateTimeOffset? SignedOutAt => State[Decidable.SignedOut]?.At;
}

/// <summary>Reads accounts: of each kind of row the latest one counts.</summary>
public sealed class AccountReader(BoardDatabase database, DecisionReader decisions)
{
    /// <summary>Accounts that may share one name and still sign in with it.</summary>
    private const int MaxSharing = 3;

    private const string Columns = """
        SELECT a.id, a.name,
          EXISTS (SELECT 1 FROM account e WHERE e.name_key = a.name_key AND e.id < a.id) AS taken,
          (SELECT k.password_hash FROM login_key k WHERE k.account_id = a.id ORDER BY k.id DESC LIMIT 1) AS hash
        FROM account a
        """;

    /// <summary>Those who may be meant by a name someone signs in with, the earliest first. <c>name~ab12</c> means exactly one.</summary>
    public async Task<IReadOnlyList<AccountView>> NamedAsync(string name, CancellationToken cancel)
    {
        var tilde = name.LastIndexOf('~');
        var suffix = tilde >= 0 ? name[(tilde + 1)..] : null;
        var key = AccountName.KeyOf(tilde >= 0 ? name[..tilde] : name);
        if (key.Length > 160) return [];
        var found = await database.ReadAsync(
            c => Views(c, c.Query($"{Columns} WHERE a.name_key = @key ORDER BY a.id LIMIT {MaxSharing}", new { key })), cancel);
        return suffix is null ? found : [.. found.Where(a => Ids.SuffixOf(a.Id) == suffix)];
    }

    public Task<AccountView?> FindAsync(Guid id, CancellationToken cancel) =>
        database.ReadAsync(c => Views(c, c.Query($"{Columns} WHERE a.id = @id", new { id = Ids.Bytes(id) })).FirstOrDefault(), cancel);

    /// <summary>Whose token this is, and what it may; null if it is nobody's, or was revoked.</summary>
    /// <param name="mustBeGranted">It is one of those that may nothing without a row that says what.</param>
    public Task<TokenOwner?> WithTokenAsync(byte[] hash, bool mustBeGranted, CancellationToken cancel) => database.ReadAsync(c => WithToken(c, hash, mustBeGranted), cancel);

    private TokenOwner? WithToken(DbConnection connection, byte[] hash, bool mustBeGranted)
    {
        var token = connection.QueryFirstOrDefault<(byte[] Account, bool Unlimited, string? Scopes)>("""
            SELECT t.account_id, t.unlimited, (SELECT g.scopes FROM api_token_grant g WHERE g.token_id = t.id ORDER BY g.id DESC LIMIT 1) AS scopes
            FROM api_token t WHERE t.token_hash = @hash ORDER BY t.id LIMIT 1
            """, new { hash });
        if (token.Account is null || token.Scopes is "" || (mustBeGranted && token.Scopes is null)) return null;
        var account = Views(connection, connection.Query($"{Columns} WHERE a.id = @id", new { id = token.Account })).FirstOrDefault();
        return account is null ? null : new(account, token.Unlimited, TokenScopes.Read(token.Scopes));
    }

    private List<AccountView> Views(DbConnection connection, IEnumerable<dynamic> found)
    {
        var rows = found.Select(r => (Id: Ids.Of((byte[])r.id), Name: (string)r.name, Taken: (long)r.taken != 0, Hash: (string?)r.hash)).ToList();
        var states = decisions.Of(connection, [.. rows.Select(r => r.Id)]);
        return [.. rows.Select(r => new AccountView(r.Id, AccountName.Shown(r.Name, r.Id, r.Taken), r.Hash, states.GetValueOrDefault(r.Id, Decided.Nothing)))];
    }
}
