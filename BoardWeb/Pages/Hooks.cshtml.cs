using Connect.BoardWeb.Hooks;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Moderation;
using Connect.Node.Settings;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Connect.BoardWeb.Pages;

/// <summary>All webhooks, and another one.</summary>
[Authorize(Roles = Roles.Administrator)]
public sealed class HooksModel(HookReader hooks, HookKeeping keeping, NodeSettings settings, LastWrite lastWrite) : BoardPage(lastWrite)
{
    public IReadOnlyList<Hook> All { get; private set; } = [];

    /// <summary>Of the one that was just made.</summary>
    public string? Secret { get; private set; }

    [BindProperty]
    public string? Address { get; set; }

    [BindProperty]
    public List<string> Events { get; set; } = [];

    public static string Words(string name) => T["HookEvent." + name];

    public async Task OnGetAsync(CancellationToken cancel) => All = await hooks.AllAsync(cancel);

    public async Task<IActionResult> OnPostAsync(CancellationToken cancel)
    {
        if (HookRules.UrlFault(Address, settings.Hooks) is { } url) ModelState.AddModelError(nameof(Address), url);
        if (HookRules.EventsFault(Events) is { } events) ModelState.AddModelError(nameof(Events), events);
        if (ModelState.IsValid)
        {
            (Secret, var result) = await keeping.MakeAsync(User, Address!, Events, cancel);
            if (result is null) ModelState.AddModelError(nameof(Address), T["HooksFull", HookRules.MaxHooks]);
            else
            {
                Remember(result);
                ModelState.Clear();
                (Address, Events) = (null, []);
            }
        }
        All = await hooks.AllAsync(cancel);
        return Secret is null ? Again() : Page();
    }
}
