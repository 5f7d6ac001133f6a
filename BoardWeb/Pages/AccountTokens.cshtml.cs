using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Live;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Connect.BoardWeb.Pages;

/// <summary>One's own tokens: made, listed, revoked.</summary>
[Authorize]
public sealed class AccountTokensModel(AccountReader accounts, Registration registration, OwnTokens tokens, Sessions sessions, LastWrite lastWrite) : BoardPage(lastWrite)
{
    public IReadOnlyList<TokenView> Tokens { get; private set; } = [];

    /// <summary>The token that was just made.</summary>
    public string? Made { get; private set; }

    [BindProperty]
    public string? Label { get; set; }

    [BindProperty]
    public List<string> Scopes { get; set; } = [];

    protected override bool IsForReaders => true;

    public static string Words(string scope) => scope switch
    {
        TokenScopes.Reading => T["ScopeRead"],
        TokenScopes.Writing => T["ScopeWrite"],
        TokenScopes.Moderate => T["ScopeModerate"],
        _ => T["ScopeAdminister"],
    };

    public async Task<IActionResult> OnGetAsync(CancellationToken cancel)
    {
        Scopes = [TokenScopes.Reading];
        Tokens = await tokens.OfAsync(Me!.Value, cancel);
        return Page();
    }

    public async Task<IActionResult> OnPostMakeAsync(CancellationToken cancel)
    {
        if (OwnTokens.LabelFault(Label) is { } label) ModelState.AddModelError(nameof(Label), label);
        if (TokenScopes.Fault(Scopes) is not null) ModelState.AddModelError(nameof(Scopes), T["ScopeMissing"]);
        if (ModelState.IsValid)
        {
            (Made, _, var result) = await registration.NewTokenAsync(Me!.Value, Label!, unlimited: false, TokenScopes.Of(Scopes));
            Remember(result);
            ModelState.Clear();
            (Label, Scopes) = (null, [TokenScopes.Reading]);
        }
        Tokens = await tokens.OfAsync(Me!.Value, cancel);
        return Made is null ? Again() : Page();
    }

    public async Task<IActionResult> OnPostRevokeAsync(Guid token, CancellationToken cancel)
    {
        if (await tokens.RevokeAsync(Me!.Value, token, cancel) is not { } result) return LocalRedirect("/account/tokens"); // it was sent twice
        // If all sessions have ended with it, this browser's is the first of the new ones.
        if (await accounts.FindAsync(Me!.Value, cancel) is { } account) await sessions.BeginAsync(HttpContext, account);
        return Written("/account/tokens", result);
    }
}
