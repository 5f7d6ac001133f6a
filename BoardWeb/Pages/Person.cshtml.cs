using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Posts;
using Microsoft.AspNetCore.Mvc;

namespace Connect.BoardWeb.Pages;

/// <summary>Somebody who writes here; moderators ban them from here, administrators give them roles.</summary>
public sealed class PersonModel(AccountReader accounts, Deciding deciding, PasswordResets resets, TimeProvider time, LastWrite lastWrite) : BoardPage(lastWrite)
{
    public AccountView Person { get; private set; } = null!;

    [BindProperty]
    public int? Days { get; set; }

    [BindProperty]
    public string? Role { get; set; }

    [BindProperty]
    public string? Reason { get; set; }

    /// <summary>With which they choose another password; shown to whoever has just made it.</summary>
    public string? Code { get; private set; }

    public bool IsMe => Me == Person.Id;

    public bool MayBan => Deciding.MayBan(User, Person);

    public bool MayGiveRole => Deciding.MayGiveRole(User, Person);

    /// <summary>Null without a ban that is still on.</summary>
    public DateTimeOffset? BannedUntil => Person.BannedUntil > time.GetUtcNow() ? Person.BannedUntil : null;

    public async Task<IActionResult> OnGetAsync(Guid id, CancellationToken cancel) => await LoadAsync(id, cancel) ? Page() : NotFound();

    public async Task<IActionResult> OnPostBanAsync(Guid id, CancellationToken cancel)
    {
        if (Me is null) return Challenge();
        if (!await LoadAsync(id, cancel)) return NotFound();
        if (!MayBan) return Refused();
        if (Days is not (>= 0 and <= 3652)) ModelState.AddModelError(nameof(Days), T["BanLength"]);
        return await DecideAsync(() => Days == 0 && Person.Ban is null ? [] : [Deciding.Ban(Person, Days == 0 ? null : time.GetUtcNow().AddDays(Days!.Value))]);
    }

    public async Task<IActionResult> OnPostRoleAsync(Guid id, CancellationToken cancel)
    {
        if (Me is null) return Challenge();
        if (!await LoadAsync(id, cancel)) return NotFound();
        if (!MayGiveRole) return Refused();
        if (!Roles.All.Contains(Role)) ModelState.AddModelError(nameof(Role), T["RoleUnknown", string.Join(", ", Roles.All.Select(r => T["Role." + r]))]);
        return await DecideAsync(() => Person.Role == Role ? [] : [new(id, Decidable.Role, Role!)]);
    }

    public async Task<IActionResult> OnPostResetAsync(Guid id, CancellationToken cancel)
    {
        if (Me is not { } me) return Challenge();
        if (!await LoadAsync(id, cancel)) return NotFound();
        if (!MayGiveRole) return Refused();
        (Code, _) = await resets.MakeAsync(Person, me);
        return Page();
    }

    private async Task<IActionResult> DecideAsync(Func<IReadOnlyList<Change>> changes)
    {
        if (PostRules.Reason(Reason) is { } reason) ModelState.AddModelError(nameof(Reason), reason);
        if (!ModelState.IsValid) return Again();
        var made = changes();
        return made.Count == 0 ? LocalRedirect($"/u/{Person.Id}") : Written($"/u/{Person.Id}", await deciding.DecideAsync(User, Reason, made));
    }

    private async Task<bool> LoadAsync(Guid id, CancellationToken cancel)
    {
        if (await accounts.FindAsync(id, cancel) is not { } person) return false;
        Person = person;
        return true;
    }
}
