using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Mail;
using Microsoft.AspNetCore.Mvc;

namespace Connect.BoardWeb.Pages;

/// <summary>Where the link in a mail leads that confirms an address. To open it confirms nothing: programs open links too.</summary>
public sealed class MailConfirmModel(AccountReader accounts, MailAddresses addresses, MailTokens tokens, LastWrite lastWrite) : BoardPage(lastWrite)
{
    [BindProperty(SupportsGet = true)]
    public string? Token { get; set; }

    /// <summary>Whose address it is; null if the link is not valid.</summary>
    public string? Address { get; private set; }

    public string Name { get; private set; } = "";

    public bool Done { get; private set; }

    protected override bool IsForReaders => true;

    public async Task<IActionResult> OnGetAsync(CancellationToken cancel) => await LoadAsync(cancel) is null ? Again(StatusCodes.Status400BadRequest) : Page();

    public async Task<IActionResult> OnPostAsync(CancellationToken cancel)
    {
        if (await LoadAsync(cancel) is not { } account || await addresses.ConfirmAsync(account, Address!, cancel) is not { } result)
        {
            Address = null;
            return Again(StatusCodes.Status400BadRequest);
        }
        Remember(result);
        Done = true;
        return Page();
    }

    private async Task<Guid?> LoadAsync(CancellationToken cancel)
    {
        if (tokens.OfConfirming(Token) is not { } given || await accounts.FindAsync(given.Account, cancel) is not { } account) return null;
        if ((await addresses.OfAsync(account.Id, cancel)).Address != given.Address) return null;
        (Address, Name) = (given.Address, account.Name);
        return account.Id;
    }
}
