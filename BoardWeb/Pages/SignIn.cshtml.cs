using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Live;
using Microsoft.AspNetCore.Mvc;

namespace Connect.BoardWeb.Pages;

/// <summary>Signs in with a cookie that every node understands.</summary>
public sealed class SignInModel(Registration registration, Sessions sessions, LastWrite lastWrite) : BoardPage(lastWrite)
{
    [BindProperty]
    public string? Name { get; set; }

    [BindProperty]
    public string? Password { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? ReturnUrl { get; set; }

    public async Task<IActionResult> OnPostAsync(CancellationToken cancel)
    {
        if (await registration.SignInAsync(Name ?? "", Password ?? "", cancel) is { } account)
        {
            await sessions.BeginAsync(HttpContext, account);
            return LocalRedirect(SafeReturn(ReturnUrl));
        }
        // Which of the two was wrong is nobody's business.
        ModelState.AddModelError("", T["SignInWrong"]);
        Response.StatusCode = StatusCodes.Status422UnprocessableEntity;
        return Page();
    }
}
