using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Live;
using Microsoft.AspNetCore.Mvc;

namespace Connect.BoardWeb.Pages;

/// <summary>Another password, with a code of an administrator's.</summary>
public sealed class ResetModel(PasswordResets resets, LastWrite lastWrite) : BoardPage(lastWrite)
{
    [BindProperty]
    public string? Code { get; set; }

    [BindProperty]
    public string? Password { get; set; }

    protected override bool IsForReaders => true;

    public async Task<IActionResult> OnPostAsync(CancellationToken cancel)
    {
        if (Passwords.Fault(Password) is { } fault) ModelState.AddModelError(nameof(Password), fault);
        if (!ModelState.IsValid) return Again();
        if (await resets.RedeemAsync(Code, Password!, cancel) is { } result) return Written("/signin", result);
        ModelState.AddModelError(nameof(Code), T["ResetCodeInvalid"]);
        return Again();
    }
}
