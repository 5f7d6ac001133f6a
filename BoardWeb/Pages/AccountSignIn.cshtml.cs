using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Accounts.External;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Writes;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Connect.BoardWeb.Pages;

/// <summary>In how many ways one signs in to one's account: linking other sites, and unlinking them.</summary>
[Authorize]
public sealed class AccountSignInModel(
    AccountReader accounts, ExternalLogins logins, SignInProviders providers, LinkTickets tickets, WaysIn ways, Sessions sessions, LastWrite lastWrite) : BoardPage(lastWrite)
{
    public AccountView Account { get; private set; } = null!;

    public IReadOnlyList<ExternalLogin> Logins { get; private set; } = [];

    public IReadOnlyList<SignInProvider> Providers => providers.All;

    /// <summary>Goes with the links that begin linking.</summary>
    public string Ticket { get; private set; } = "";

    /// <summary>Why it was not removed.</summary>
    public string? Fault { get; private set; }

    protected override bool IsForReaders => true;

    public string TitleOf(ExternalLogin login) => providers.Named(login.Provider)?.Title ?? login.Provider;

    public async Task<IActionResult> OnGetAsync(CancellationToken cancel) => await LoadAsync(cancel) ? Page() : NotFound();

    public async Task<IActionResult> OnPostUnlinkAsync(Guid link, CancellationToken cancel)
    {
        if (!await LoadAsync(cancel)) return NotFound();
        return await RemovedAsync(await ways.UnlinkAsync(Account, link, cancel), cancel);
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
        (Account, Logins, Ticket) = (account, await logins.OfAsync(account.Id, cancel), tickets.For(User));
        return true;
    }
}
