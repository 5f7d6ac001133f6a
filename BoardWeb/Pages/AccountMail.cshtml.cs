using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Mail;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Connect.BoardWeb.Pages;

/// <summary>One's own mail address, and how often one wants a digest.</summary>
[Authorize]
public sealed class AccountMailModel(AccountReader accounts, Passwords passwords, MailAddresses addresses, MailAsking asking, LastWrite lastWrite) : BoardPage(lastWrite)
{
    private AccountView _account = null!;

    public MailChoice Choice { get; private set; } = null!;

    /// <summary>Why no address was taken.</summary>
    public string? Fault { get; private set; }

    public bool IsSetUp => asking.IsSetUp;

    public bool HasPassword => _account.PasswordHash is not null;

    [BindProperty]
    public string? Address { get; set; }

    [BindProperty]
    public string? Password { get; set; }

    [BindProperty]
    public string? Digest { get; set; }

    protected override bool IsForReaders => true;

    public async Task<IActionResult> OnGetAsync(CancellationToken cancel) => await LoadAsync(cancel) ? Page() : NotFound();

    public async Task<IActionResult> OnPostAddressAsync(CancellationToken cancel)
    {
        if (!await LoadAsync(cancel)) return NotFound();
        if (MailRules.Fault(Address) is { } address) ModelState.AddModelError(nameof(Address), address);
        else if (HasPassword && !await passwords.VerifyAsync(_account.PasswordHash, Password ?? "", cancel)) ModelState.AddModelError(nameof(Password), T["NotYourPassword"]);
        if (!ModelState.IsValid) return Again();
        (var result, Fault) = await asking.GiveAsync(_account, Address!, cancel);
        return result is null ? Again(StatusCodes.Status409Conflict) : Written("/account/mail", result);
    }

    public async Task<IActionResult> OnPostRemoveAsync(CancellationToken cancel) => Written("/account/mail", await addresses.RemoveAsync(Me!.Value, cancel));

    public async Task<IActionResult> OnPostChooseAsync(CancellationToken cancel)
    {
        if (!await LoadAsync(cancel)) return NotFound();
        if (!DigestFrequency.All.Contains(Digest)) ModelState.AddModelError(nameof(Digest), T["DigestFrequencyUnknown", string.Join(", ", DigestFrequency.All.Select(DigestFrequency.Words))]);
        return ModelState.IsValid ? Written("/account/mail", await addresses.ChooseAsync(Me!.Value, Digest!, cancel)) : Again();
    }

    private async Task<bool> LoadAsync(CancellationToken cancel)
    {
        if (await accounts.FindAsync(Me!.Value, cancel) is not { } account) return false;
        (_account, Choice) = (account, await addresses.OfAsync(account.Id, cancel));
        return true;
    }
}
