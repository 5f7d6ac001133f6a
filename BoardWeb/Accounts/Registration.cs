using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Writes;

namespace Connect.BoardWeb.Accounts;

/// <summary>Signing up, signing in, and tokens.</summary>
public sealed class Registration(AccountReader accounts, ApiTokens tokens, Passwords passwords, WriteBatcher writes, Sessions sessions)
{
    /// <summary>A new account; <see cref="WriteResult.Existing"/> is set if the name is taken on this node.</summary>
    public async Task<WriteResult> SignUpAsync(string name, string password, CancellationToken cancel)
    {
        var hash = await passwords.HashAsync(password, cancel);
        return await writes.WriteAsync(New(name, (next, account) => [new NewLoginKey(next(), account, hash)]));
    }

    /// <summary>
    /// Who signs in with this name and password, or null. An API token does as a password too: it is how an administrator, who has only a token,
    /// gets into the console. One with scopes does not: a session may whatever its account may.
    /// </summary>
    public async Task<AccountView?> SignInAsync(string name, string password, CancellationToken cancel)
    {
        var candidates = name.Length > AccountName.MaxLength + 5 ? [] : await accounts.NamedAsync(name, cancel);
        if (password.StartsWith(ApiTokens.Prefix, StringComparison.Ordinal) && await tokens.OwnerAsync(password, cancel) is { } owner)
            return owner.Scopes is null ? candidates.FirstOrDefault(a => a.Id == owner.Account.Id) : null;
        foreach (var candidate in candidates)
        {
            if (await passwords.VerifyAsync(candidate.PasswordHash, password, cancel)) return candidate;
        }
        if (candidates.Count == 0) await passwords.VerifyAsync(null, password, cancel);
        return null;
    }

    /// <summary>Gives an account another password and ends all of its sessions.</summary>
    public async Task<WriteResult> SetPasswordAsync(Guid account, string password, CancellationToken cancel)
    {
        var hash = await passwords.HashAsync(password, cancel);
        var result = await writes.WriteAsync(new(next =>
            [new NewLoginKey(next(), account, hash), new NewDecision(next(), account, Decidable.SignedOut, "", account, "another password")]));
        sessions.Forget(account);
        return result;
    }

    /// <summary>The same for whoever knows the old one; false if they do not.</summary>
    public async Task<(bool Known, WriteResult? Result)> ChangePasswordAsync(AccountView account, string old, string password, CancellationToken cancel)
    {
        if (!await passwords.VerifyAsync(account.PasswordHash, old, cancel)) return (false, null);
        return (true, await SetPasswordAsync(account.Id, password, cancel));
    }

    /// <summary>A new token for an account; the account is made if nobody has the name.</summary>
    /// <param name="scopes">What it may; null: whatever its account may.</param>
    /// <returns>The token, and its id.</returns>
    public async Task<(string Token, Guid Id, WriteResult Result)> NewTokenAsync(string name, string label, bool unlimited, TokenScopes? scopes, CancellationToken cancel)
    {
        if (await accounts.NamedAsync(name, cancel) is [var account, ..]) return await NewTokenAsync(account.Id, label, unlimited, scopes);
        var token = ApiTokens.New(scopes);
        var result = await writes.WriteAsync(New(name, (next, id) => Rows(next, id, token, label, unlimited, scopes)));
        return result.Existing is { } existing ? await NewTokenAsync(existing, label, unlimited, scopes) : (token, result.Ids[1], result);
    }

    /// <summary>The same for an account that is there.</summary>
    public async Task<(string Token, Guid Id, WriteResult Result)> NewTokenAsync(Guid account, string label, bool unlimited, TokenScopes? scopes)
    {
        var token = ApiTokens.New(scopes);
        var result = await writes.WriteAsync(new(next => Rows(next, account, token, label, unlimited, scopes)));
        return (token, result.Ids[0], result);
    }

    /// <summary>A new account with other rows of its own; <see cref="WriteResult.Existing"/> is set if the name is taken on this node.</summary>
    /// <param name="more">Makes the rows that belong to the account, whose id it is given.</param>
    public Task<WriteResult> SignUpAsync(string name, Func<Func<Guid>, Guid, IReadOnlyList<NewRow>> more) => writes.WriteAsync(New(name, more));

    private static IReadOnlyList<NewRow> Rows(Func<Guid> next, Guid account, string token, string label, bool unlimited, TokenScopes? scopes)
    {
        var made = new NewApiToken(next(), account, ApiTokens.HashOf(token), label, unlimited);
        return scopes is null ? [made] : [made, new NewApiTokenGrant(next(), made.Id, scopes.ToString())];
    }

    private static Write New(string name, Func<Func<Guid>, Guid, IReadOnlyList<NewRow>> more)
    {
        var key = AccountName.KeyOf(name);
        return new(next =>
        {
            var account = next();
            return [new NewAccount(account, name, key), .. more(next, account)];
        }, new Claim("account", "name_key", key));
    }
}
