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
    /// gets into the console.
    /// </summary>
    public async Task<AccountView?> SignInAsync(string name, string password, CancellationToken cancel)
    {
        var candidates = name.Length > AccountName.MaxLength + 5 ? [] : await accounts.NamedAsync(name, cancel);
        if (password.StartsWith(ApiTokens.Prefix, StringComparison.Ordinal) && await tokens.OwnerAsync(password, cancel) is { } owner)
            return candidates.FirstOrDefault(a => a.Id == owner.Account.Id);
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
    /// <returns>The token, and the account's id.</returns>
    public async Task<(string Token, Guid Account, WriteResult Result)> NewTokenAsync(string name, string label, bool unlimited, CancellationToken cancel)
    {
        var token = ApiTokens.New();
        if (await accounts.NamedAsync(name, cancel) is [var account, ..]) return await ForAsync(account.Id);
        var result = await writes.WriteAsync(New(name, (next, id) => [new NewApiToken(next(), id, ApiTokens.HashOf(token), label, unlimited)]));
        return result.Existing is { } existing ? await ForAsync(existing) : (token, result.Ids[0], result);

        async Task<(string, Guid, WriteResult)> ForAsync(Guid id) => (token, id, await writes.WriteAsync(
            new(next => [new NewApiToken(next(), id, ApiTokens.HashOf(token), label, unlimited)])));
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
