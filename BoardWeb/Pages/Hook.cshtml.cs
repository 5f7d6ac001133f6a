using Connect.BoardWeb.Hooks;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Moderation;
using Connect.Node.Settings;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Connect.BoardWeb.Pages;

/// <summary>One webhook: what it is told, and what became of it.</summary>
[Authorize(Roles = Roles.Administrator)]
public sealed class HookModel(HookReader hooks, HookKeeping keeping, NodeSettings settings, LastWrite lastWrite) : BoardPage(lastWrite)
{
    public Hook Hook { get; private set; } = null!;

    public IReadOnlyList<HookDelivery> Deliveries { get; private set; } = [];

    /// <summary>That was just made.</summary>
    public string? Secret { get; private set; }

    [BindProperty]
    public string? Address { get; set; }

    [BindProperty]
    public List<string> Events { get; set; } = [];

    [BindProperty]
    public bool On { get; set; }

    public async Task<IActionResult> OnGetAsync(Guid id, CancellationToken cancel) => await LoadAsync(id, cancel) ? Shown() : NotFound();

    public async Task<IActionResult> OnPostChangeAsync(Guid id, CancellationToken cancel)
    {
        if (!await LoadAsync(id, cancel)) return NotFound();
        if (HookRules.UrlFault(Address, settings.Hooks) is { } url) ModelState.AddModelError(nameof(Address), url);
        if (HookRules.EventsFault(Events) is { } events) ModelState.AddModelError(nameof(Events), events);
        return ModelState.IsValid ? Written($"/hooks/{id}", await keeping.ChangeAsync(Hook, User, Address, Events, On)) : Again();
    }

    public async Task<IActionResult> OnPostTestAsync(Guid id, CancellationToken cancel)
    {
        if (!await LoadAsync(id, cancel)) return NotFound();
        await keeping.TestAsync(Hook, cancel);
        return LocalRedirect($"/hooks/{id}");
    }

    public async Task<IActionResult> OnPostRotateAsync(Guid id, CancellationToken cancel)
    {
        if (!await LoadAsync(id, cancel)) return NotFound();
        (Secret, var result) = await keeping.RotateAsync(Hook, User);
        Remember(result);
        return Shown();
    }

    public async Task<IActionResult> OnPostDeleteAsync(Guid id, CancellationToken cancel) =>
        await LoadAsync(id, cancel) ? Written("/hooks", await keeping.DeleteAsync(Hook, User)) : LocalRedirect("/hooks"); // it was sent twice

    private PageResult Shown()
    {
        ModelState.Clear();
        (Address, Events) = (Hook.Url, [.. Hook.Events]);
        return Page();
    }

    private async Task<bool> LoadAsync(Guid id, CancellationToken cancel)
    {
        if (await hooks.FindAsync(id, cancel) is not { } hook) return false;
        (Hook, Deliveries) = (hook, await hooks.DeliveriesAsync(id, null, HookReader.MaxShown, cancel));
        return true;
    }
}
