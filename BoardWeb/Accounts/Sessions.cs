using Connect.BoardWeb.Storage;
using Connect.Node.Database;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace Connect.BoardWeb.Accounts;

/// <summary>
/// A ticket says who somebody was when they signed in. What became of the account since (another role, a ban, signed out everywhere) is asked for every <see cref="Known"/>, so that a
/// decision made on any node holds on every other within that time of its arrival, and a page rarely costs a query for it.
/// </summary>
public sealed class Sessions(AccountReader accounts, TimeProvider time)
{
    /// <summary>For so long an account is taken for what it was. 10 s.</summary>
    public static readonly TimeSpan Known = TimeSpan.FromSeconds(10);

    private const int MaxKnown = 10_000;

    private readonly Remembered<Guid, AccountView?> _known = new(MaxKnown, time);

    /// <summary>Something was decided about it here.</summary>
    public void Forget(Guid account) => _known.Forget(account);

    /// <summary>Begins a session in this browser, with a cookie that every node understands.</summary>
    public Task BeginAsync(HttpContext context, AccountView account)
    {
        var now = time.GetUtcNow();
        // Ids can be a little ahead of this clock: a session that begins after all others were ended must not count as one of them.
        var began = account.SignedOutAt is { } ended && ended >= now ? ended.AddMilliseconds(1) : now;
        return context.SignInAsync(Identity.Of(account, CookieAuthenticationDefaults.AuthenticationScheme, now, began), new() { IsPersistent = true });
    }

    /// <summary>Looks whether the ticket still says what is so, and puts it right or ends it.</summary>
    public async Task ValidateAsync(CookieValidatePrincipalContext context)
    {
        if (context.Principal is not { } user || Identity.AccountOf(user) is not { } id) return;
        AccountView? account;
        try
        {
            account = await CurrentAsync(id, context.HttpContext.RequestAborted);
        }
        catch (DatabaseUnavailableException)
        {
            return; // nothing can be read or written here now; the ticket is as good as it was
        }
        // A node that the account has not reached yet has nothing to say against it.
        if (account is null) return;
        var began = Identity.BeganAt(user);
        if (account.SignedOutAt is { } ended && !(began > ended))
        {
            context.RejectPrincipal();
            await context.HttpContext.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
            return;
        }
        context.ReplacePrincipal(Identity.Of(account, CookieAuthenticationDefaults.AuthenticationScheme, time.GetUtcNow(), began));
    }

    private async Task<AccountView?> CurrentAsync(Guid id, CancellationToken cancel)
    {
        if (_known.Find(id) is { } known && known.Age < Known) return known.Value;
        var account = await accounts.FindAsync(id, cancel);
        _known.Put(id, account);
        return account;
    }
}
