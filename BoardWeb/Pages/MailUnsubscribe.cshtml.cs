using Connect.BoardWeb.Live;
using Connect.BoardWeb.Mail;
using Microsoft.AspNetCore.Mvc;

namespace Connect.BoardWeb.Pages;

/// <summary>
/// Ends digests, for whoever has a mail that has the link: by a form, or by the one click of a mail program (RFC 8058), which has no cookie and no token of a form. What lets it is the
/// token in the address, which nobody else can make; so no other site can send this form in somebody's name.
/// </summary>
[IgnoreAntiforgeryToken]
public sealed class MailUnsubscribeModel(MailAddresses addresses, MailTokens tokens, LastWrite lastWrite) : BoardPage(lastWrite)
{
    [BindProperty(SupportsGet = true)]
    public string? Token { get; set; }

    public bool IsValid => tokens.OfUnsubscribing(Token) is not null;

    public bool Done { get; private set; }

    protected override bool IsForReaders => true;

    public IActionResult OnGet() => IsValid ? Page() : Again(StatusCodes.Status400BadRequest);

    public async Task<IActionResult> OnPostAsync(CancellationToken cancel)
    {
        if (tokens.OfUnsubscribing(Token) is not { } account) return Again(StatusCodes.Status400BadRequest);
        await addresses.ChooseAsync(account, DigestFrequency.Never, cancel);
        Done = true;
        return Page();
    }
}
