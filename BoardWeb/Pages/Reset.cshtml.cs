using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Mail;
using Microsoft.AspNetCore.Mvc;

namespace Connect.BoardWeb.Pages;

/// <summary>Another password, with a code of an administrator's, or one that was sent to a confirmed mail address.</summary>
public sealed class ResetModel(PasswordResets resets, MailAsking mail, LastWrite lastWrite) : BoardPage(lastWrite)
{
    [BindProperty]
    public string? Name { get; set; }

    /// <summary>A code was asked for; whether one is sent is not said.</summary>
    public bool Asked { get; private set; }

    public bool MaySendMail => mail.IsSetUp;

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

    public IActionResult OnPostAsk()
    {
        if (!MaySendMail) return Refused(MailAsking.NotSetUp);
        if (Name is null or { Length: 0 or > AccountName.MaxLength + 5 }) ModelState.AddModelError(nameof(Name), T["ResetNameMissing"]);
        if (!ModelState.IsValid) return Again();
        mail.AskForReset(Name!);
        Asked = true;
        return Page();
    }
}
