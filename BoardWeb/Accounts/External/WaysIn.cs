using System.Security.Cryptography;
using Connect.BoardWeb.Accounts.Passkeys;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Writes;

namespace Connect.BoardWeb.Accounts.External;

/// <summary>
/// In how many ways an account can be signed in to, and taking one away, but not the last. Two sides of a partition may take away one each: then an administrator's code for another
/// password (<see cref="PasswordResets"/>) is the way back.
/// </summary>
public sealed class WaysIn(ExternalLogins logins, PasskeyDesk passkeys, SignInProviders providers, WriteBatcher writes, Sessions sessions) : IDisposable
{
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(3);

    /// <summary>One after the other, so that two at once do not each take the other for the one that remains.</summary>
    private readonly SemaphoreSlim _turn = new(1);

    private static string IsLast => T["LastWayIn"];

    /// <summary>No more signs in with a site. As after another password all sessions end: whoever had come in that way is out.</summary>
    /// <returns>What was written; or why it may not be; or neither, if the account has no such link.</returns>
    public Task<(WriteResult? Result, string? Fault)> UnlinkAsync(AccountView account, Guid link, CancellationToken cancel) => RemoveAsync(account, (all, keys) =>
    {
        if (all.FirstOrDefault(l => l.Id == link) is not { } gone) return (null, true);
        return (next => new NewExternalLogin(next(), account.Id, gone.Provider, gone.SubjectHash, Linked: false), keys.Count > 0 || !IsUsable(gone) || all.Any(l => l.Id != link && IsUsable(l)));
    }, cancel);

    /// <summary>The same for a passkey.</summary>
    public Task<(WriteResult? Result, string? Fault)> RemovePasskeyAsync(AccountView account, Guid passkey, CancellationToken cancel) => RemoveAsync(account, (all, keys) =>
    {
        if (keys.FirstOrDefault(k => k.Id == passkey) is not { } gone) return (null, true);
        return (next => new NewPasskey(next(), account.Id, SHA256.HashData(gone.Credential), [], [], gone.Label, Usable: false), keys.Count > 1 || all.Any(IsUsable));
    }, cancel);

    public void Dispose() => _turn.Dispose();

    /// <summary>It leads to this account, and its site is still one that the board's settings name.</summary>
    private bool IsUsable(ExternalLogin login) => login.LeadsHere && providers.Named(login.Provider) is not null;

    /// <param name="choose">Makes the row that removes it, or null if it is not there; and says whether anything remains to sign in with besides a password.</param>
    private async Task<(WriteResult? Result, string? Fault)> RemoveAsync(
        AccountView account, Func<IReadOnlyList<ExternalLogin>, IReadOnlyList<Passkey>, (Func<Func<Guid>, NewRow>? Row, bool Remains)> choose, CancellationToken cancel)
    {
        if (!await _turn.WaitAsync(MaxWait, cancel)) throw new NodeBusyException(T["BusyWaysIn"]);
        try
        {
            var (row, remains) = choose(await logins.OfAsync(account.Id, cancel), await passkeys.OfAsync(account.Id, cancel));
            if (row is null) return (null, null);
            if (account.PasswordHash is null && !remains) return (null, IsLast);
            var result = await writes.WriteAsync(new(next => [row(next), new NewDecision(next(), account.Id, Decidable.SignedOut, "", account.Id, "a way to sign in was removed")]));
            sessions.Forget(account.Id);
            return (result, null);
        }
        finally
        {
            _turn.Release();
        }
    }
}
