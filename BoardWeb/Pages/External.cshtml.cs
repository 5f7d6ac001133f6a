using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Accounts.External;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Moderation;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Connect.BoardWeb.Pages;

/// <summary>Back from another site: signs in whoever is known, links what was to be linked, and lets a newcomer choose a name.</summary>
public sealed class ExternalModel(AccountReader accounts, ExternalLogins logins, SignInProviders providers, Sessions sessions, LastWrite lastWrite) : BoardPage(lastWrite)
{
    [BindProperty]
    public string? Name { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? ReturnUrl { get; set; }

    /// <summary>What went wrong, in words; null if nothing did.</summary>
    public string? Problem { get; private set; }

    /// <summary>The other site's name as people know it.</summary>
    public string Site { get; private set; } = "";

    public async Task<IActionResult> OnGetAsync(string? problem, string? site, CancellationToken cancel)
    {
        Site = providers.Named(site)?.Title ?? T["TheOtherSite"];
        if (SignInFaults.Words(problem, Site) is { } words) return Stopped(words, problem == SignInFaults.Silent ? StatusCodes.Status502BadGateway : StatusCodes.Status400BadRequest);
        if (await WhoAsync() is not var (who, link)) return Stopped(SignInFaults.Words(SignInFaults.Void, Site)!);
        if (link is not null) return await LinkAsync(who, link, cancel);
        if (await logins.OwnerAsync(who.SubjectHash, cancel) is { } owner) return await SignInAsync(owner, cancel);
        Name = who.ProposedName;
        return Page();
    }

    public async Task<IActionResult> OnPostAsync(CancellationToken cancel)
    {
        if (await WhoAsync() is not var (who, link) || link is not null) return Stopped(SignInFaults.Words(SignInFaults.Void, T["TheOtherSite"])!);
        if (await logins.OwnerAsync(who.SubjectHash, cancel) is { } owner) return await SignInAsync(owner, cancel); // the form was sent twice
        Name = Name?.Trim();
        if (AccountName.Fault(Name) is { } fault) ModelState.AddModelError(nameof(Name), fault);
        if (!ModelState.IsValid) return Again();
        var result = await logins.SignUpAsync(Name!, who);
        if (result.Existing is not null)
        {
            if (await logins.OwnerAsync(who.SubjectHash, cancel) is { } made) return await SignInAsync(made, cancel);
            ModelState.AddModelError(nameof(Name), T["NameTaken"]);
            return Again(StatusCodes.Status409Conflict);
        }
        await HttpContext.SignOutAsync(SignInProviders.Scheme);
        await sessions.BeginAsync(HttpContext, new(result.Ids[0], Name!, null, Decided.Nothing));
        return Written(SafeReturn(ReturnUrl), result);
    }

    private async Task<IActionResult> SignInAsync(Guid owner, CancellationToken cancel)
    {
        if (await accounts.FindAsync(owner, cancel) is not { } account) return Stopped(T["AccountNotHere"], StatusCodes.Status503ServiceUnavailable);
        await HttpContext.SignOutAsync(SignInProviders.Scheme);
        await sessions.BeginAsync(HttpContext, account);
        return LocalRedirect(SafeReturn(ReturnUrl));
    }

    private async Task<IActionResult> LinkAsync(ExternalIdentity who, string link, CancellationToken cancel)
    {
        await HttpContext.SignOutAsync(SignInProviders.Scheme);
        if (Me is not { } me || me.ToString("N") != link) return Stopped(SignInFaults.Words(SignInFaults.NotLinked, Site)!);
        switch (await logins.OwnerAsync(who.SubjectHash, cancel))
        {
            case { } owner when owner == me:
                return LocalRedirect("/account/sign-in");
            case { } owner:
                var name = (await accounts.FindAsync(owner, cancel))?.Name ?? T["AnotherAccount"];
                return Stopped(T["LinkedToOther", Site, name], StatusCodes.Status409Conflict);
            default:
                if ((await logins.OfAsync(me, cancel)).Count >= ExternalLogins.MaxLinked) return Stopped(T["TooManyLinks", ExternalLogins.MaxLinked], StatusCodes.Status409Conflict);
                return Written("/account/sign-in", await logins.LinkAsync(me, who));
        }
    }

    private async Task<(ExternalIdentity Who, string? Link)?> WhoAsync()
    {
        var ticket = await HttpContext.AuthenticateAsync(SignInProviders.Scheme);
        if (ExternalIdentity.From(ticket.Principal) is not { } who) return null;
        Site = providers.Named(who.Provider)?.Title ?? who.Provider;
        return (who, ticket.Properties?.Items.TryGetValue(SignInEndpoints.LinkTo, out var link) == true ? link : null);
    }

    private PageResult Stopped(string words, int status = StatusCodes.Status400BadRequest)
    {
        Problem = words;
        return Again(status);
    }
}
