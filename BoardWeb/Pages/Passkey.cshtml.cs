using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Accounts.Passkeys;
using Connect.BoardWeb.Live;
using Microsoft.AspNetCore.Mvc;

namespace Connect.BoardWeb.Pages;

/// <summary>Signs in with a passkey.</summary>
public sealed class PasskeyModel(PasskeyDesk passkeys, Sessions sessions, LastWrite lastWrite) : BoardPage(lastWrite)
{
    [BindProperty(SupportsGet = true)]
    public string? ReturnUrl { get; set; }

    [BindProperty]
    public string? State { get; set; }

    [BindProperty]
    public string? Answer { get; set; }

    public PasskeyQuestion Question { get; private set; } = null!;

    public string Fault { get; private set; } = "";

    protected override bool IsForReaders => true;

    public void OnGet() => Question = passkeys.AskForOne(Request);

    public async Task<IActionResult> OnPostAsync(CancellationToken cancel)
    {
        if (await passkeys.WhoAsync(State, Answer, Request, cancel) is { } account)
        {
            await sessions.BeginAsync(HttpContext, account);
            return LocalRedirect(SafeReturn(ReturnUrl));
        }
        OnGet();
        ModelState.Clear();
        Fault = T["PasskeyUnknown"];
        return Again();
    }
}
