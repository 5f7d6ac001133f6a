using Connect.BoardWeb.Languages;
using Connect.BoardWeb.Live;
using Microsoft.AspNetCore.Mvc;

namespace Connect.BoardWeb.Pages;

/// <summary>In which language the board speaks in this browser.</summary>
public sealed class LanguageModel(LastWrite lastWrite) : BoardPage(lastWrite)
{
    /// <summary>The language; null or empty: whatever the browser asks for.</summary>
    [BindProperty]
    public string? Name { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? ReturnUrl { get; set; }

    protected override bool IsForReaders => true;

    public void OnGet() => Name = LanguageChoice.Chosen(HttpContext);

    public IActionResult OnPost()
    {
        if (!string.IsNullOrEmpty(Name) && Language.Named(Name) is null) ModelState.AddModelError(nameof(Name), T["LanguageUnknown"]);
        if (!ModelState.IsValid) return Again();
        LanguageChoice.Choose(HttpContext, Language.Named(Name)?.Name);
        return LocalRedirect(SafeReturn(ReturnUrl));
    }
}
