using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Moderation;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Connect.BoardWeb.Pages;

/// <summary>One's own account: another password, and signing out everywhere.</summary>
[Authorize]
public sealed class AccountModel(AccountReader accounts, Registration registration, Sessions sessions, Deciding deciding, LastWrite lastWrite) : BoardPage(lastWrite)
{
    public AccountView Account { get; private set; } = null!;

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
        return true;
    }
}
