using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Presence;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Connect.BoardWeb.Pages;

/// <summary>One's own account: another password, whether others see where one reads, and signing out everywhere.</summary>
[Authorize]
public sealed class AccountModel(AccountReader accounts, Registration registration, Sessions sessions, Deciding deciding, HereChoices choices, HereWatch here, LastWrite lastWrite) : BoardPage(lastWrite)
{
    public AccountView Account { get; private set; } = null!;

    /// <summary>Others see which topics this account has open; null where pages do not say so.</summary>
    public bool? IsShown { get; private set; }

    [BindProperty]
    public string? Old { get; set; }

    [BindProperty]
    public string? New { get; set; }

    protected override bool IsForReaders => true;

    public async Task<IActionResult> OnGetAsync(CancellationToken cancel) => await LoadAsync(cancel) ? Page() : NotFound();

    public async Task<IActionResult> OnPostPasswordAsync(CancellationToken cancel)
    {
        if (!await LoadAsync(cancel)) return NotFound();
        if (Passwords.Fault(New) is { } fault) ModelState.AddModelError(nameof(New), fault);
        if (!ModelState.IsValid) return Again();
        var (known, result) = await registration.ChangePasswordAsync(Account, Old ?? "", New!, cancel);
        if (!known)
        {
            ModelState.AddModelError(nameof(Old), T["NotYourPassword"]);
            return Again();
        }
        await LoadAsync(cancel); // as it is now, so that this browser's session is the first of the new ones
        await sessions.BeginAsync(HttpContext, Account);
        return Written($"/u/{Account.Id}", result!);
    }

    public async Task<IActionResult> OnPostShownAsync(bool? shown, CancellationToken cancel) =>
        shown is { } choice ? Written("/account#shown", await choices.ChooseAsync(Me!.Value, choice, cancel)) : BadRequest();

    public async Task<IActionResult> OnPostEverywhereAsync(CancellationToken cancel)
    {
        if (!await LoadAsync(cancel)) return NotFound();
        var result = await deciding.DecideAsync(User, null, [new(Account.Id, Decidable.SignedOut, "")]);
        await HttpContext.SignOutAsync();
        return Written("/signin", result);
    }

    private async Task<bool> LoadAsync(CancellationToken cancel)
    {
        if (await accounts.FindAsync(Me!.Value, cancel) is not { } account) return false;
        Account = account;
        IsShown = here.IsOn ? await choices.IsShownAsync(account.Id, cancel) : null;
        return true;
    }
}
