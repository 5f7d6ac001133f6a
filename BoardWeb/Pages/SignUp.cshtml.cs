using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Moderation;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Connect.BoardWeb.Pages;

/// <summary>Makes an account and signs it in.</summary>
public sealed class SignUpModel(Registration registration, Sessions sessions, LastWrite lastWrite) : BoardPage(lastWrite)
{
    [BindProperty]
    public string? Name { get; set; }

    [BindProperty]
    public string? Password { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? ReturnUrl { get; set; }

    public async Task<IActionResult> OnPostAsync(CancellationToken cancel)
    {
        Name = Name?.Trim();
        if (AccountName.Fault(Name) is { } name) ModelState.AddModelError(nameof(Name), name);
        if (Passwords.Fault(Password) is { } password) ModelState.AddModelError(nameof(Password), password);
        if (!ModelState.IsValid) return Again(StatusCodes.Status422UnprocessableEntity);
        var result = await registration.SignUpAsync(Name!, Password!, cancel);
        if (result.Existing is not null)
        {
            ModelState.AddModelError(nameof(Name), T["NameTaken"]);
            return Again(StatusCodes.Status409Conflict);
        }
        await sessions.BeginAsync(HttpContext, new(result.Ids[0], Name!, null, Decided.Nothing));
        return Written(SafeReturn(ReturnUrl), result);
    }
}
