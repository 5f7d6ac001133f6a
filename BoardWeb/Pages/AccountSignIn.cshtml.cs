using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Accounts.External;
using Connect.BoardWeb.Accounts.Passkeys;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Writes;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Connect.BoardWeb.Pages;

/// <summary>In how many ways one signs in to one's account: linking other sites, and unlinking them.</summary>
[Authorize]
public sealed class AccountSignInModel(
    AccountReader accounts, ExternalLogins logins, PasskeyDesk passkeys, SignInProviders providers, LinkTickets tickets, WaysIn ways, Sessions sessions, LastWrite lastWrite) : BoardPage(lastWrite)
{
    public AccountView Account { get; private set; } = null!;

    public IReadOnlyList<ExternalLogin> Logins { get; private set; } = [];

    public IReadOnlyList<SignInProvider> Providers => providers.All;

    /// <summary>Goes with the links that begin linking.</summary>
    public string Ticket { get; private set; } = "";

    /// <summary>Why it was not removed.</summary>
    public string? Fault { get; private set; }

    public IReadOnlyList<Passkey> Passkeys { get; private set; } = [];

    /// <summary>What the script asks the browser for another passkey.</summary>
    public PasskeyQuestion Question => field ??= passkeys.AskToMake(Account, Passkeys, Request);

    /// <summary>Why it was not added.</summary>
    public string PasskeyFault { get; private set; } = "";

    protected override bool IsForReaders => true;

    public string TitleOf(ExternalLogin login) => providers.Named(login.Provider)?.Title ?? login.Provider;

    public async Task<IActionResult> OnGetAsync(CancellationToken cancel) => await LoadAsync(cancel) ? Page() : NotFound();

    public async Task<IActionResult> OnPostUnlinkAsync(Guid link, CancellationToken cancel)
    {
        if (!await LoadAsync(cancel)) return NotFound();
        return await RemovedAsync(await ways.UnlinkAsync(Account, link, cancel), cancel);
    }

    public async Task<IActionResult> OnPostRemovePasskeyAsync(Guid passkey, CancellationToken cancel)
    {
        if (!await LoadAsync(cancel)) return NotFound();
        return await RemovedAsync(await ways.RemovePasskeyAsync(Account, passkey, cancel), cancel);
    }

    public async Task<IActionResult> OnPostAddPasskeyAsync(string? label, string? state, string? answer, CancellationToken cancel)
    {
        if (!await LoadAsync(cancel)) return NotFound();
        PasskeyFault = OwnTokens.LabelFault(label) ?? (Passkeys.Count >= PasskeyDesk.MaxPasskeys ? T["PasskeyMany", PasskeyDesk.MaxPasskeys] : "");
        if (PasskeyFault.Length == 0)
        {
            if (await passkeys.AddAsync(Account, label!, state, answer, Request, cancel) is { } result) return Written("/account/sign-in", result);
            PasskeyFault = T["PasskeyNotMade"];
        }
        return Again();
    }

    private async Task<IActionResult> RemovedAsync((WriteResult? Result, string? Fault) outcome, CancellationToken cancel)
    {
        (var result, Fault) = outcome;
        if (Fault is not null) return Again(StatusCodes.Status409Conflict);
        if (result is null) return LocalRedirect("/account/sign-in"); // it was sent twice
        await LoadAsync(cancel); // as it is now, so that this browser's session is the first of the new ones
        await sessions.BeginAsync(HttpContext, Account);
        return Written("/account/sign-in", result);
    }

    private async Task<bool> LoadAsync(CancellationToken cancel)
    {
        if (await accounts.FindAsync(Me!.Value, cancel) is not { } account) return false;
        (Account, Logins, Passkeys, Ticket) = (account, await logins.OfAsync(account.Id, cancel), await passkeys.OfAsync(account.Id, cancel), tickets.For(User));
        return true;
    }
}
