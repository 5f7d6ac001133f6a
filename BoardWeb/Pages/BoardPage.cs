using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Admission;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Web;
using Connect.BoardWeb.Writes;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Connect.BoardWeb.Pages;

/// <summary>What pages of the board have in common: readers see what they wrote, and are sent back only to this board.</summary>
public abstract class BoardPage(LastWrite lastWrite) : PageModel
{
    /// <summary>On the redirect after a write whose copies are pending.</summary>
    private const string PendingQuery = "pending";

    /// <summary>A page's form carries a random key, so that sending it twice writes once.</summary>
    [BindProperty]
    public string? FormKey { get; set; }

    protected Guid? Me => Identity.AccountOf(User);

    /// <summary>Its forms may be sent by those who may not write on the board.</summary>
    protected virtual bool IsForReaders => false;

    public override async Task OnPageHandlerExecutionAsync(PageHandlerExecutingContext context, PageHandlerExecutionDelegate next)
    {
        if (HttpMethods.IsGet(Request.Method)) ViewData["Behind"] = !await lastWrite.IsHereAsync(HttpContext);
        ViewData["Pending"] = Request.Query.ContainsKey(PendingQuery);
        FormKey ??= Guid.NewGuid().ToString("N");
        if (!HttpMethods.IsGet(Request.Method) && !IsForReaders && Identity.WhyReadsOnly(User) is { } why) context.Result = Refused(why);
        else await next();
    }

    /// <summary>After a write: elsewhere by GET, with a note of what to wait for there.</summary>
    protected IActionResult Written(string path, WriteResult result)
    {
        Remember(result);
        if (result.Satisfied) return LocalRedirect(path);
        var hash = path.IndexOf('#', StringComparison.Ordinal);
        var (address, fragment) = hash < 0 ? (path, "") : (path[..hash], path[hash..]);
        return LocalRedirect($"{address}{(address.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{PendingQuery}=1{fragment}");
    }

    /// <summary>After a write that leads nowhere else: readers see it wherever they go next.</summary>
    protected void Remember(WriteResult result) => lastWrite.Remember(HttpContext, result);

    /// <summary>They may not do that; the page for it says why.</summary>
    protected StatusCodeResult Refused(string? why = null)
    {
        HttpContext.Items[Failures.Why] = why;
        return StatusCode(StatusCodes.Status403Forbidden);
    }

    /// <summary>The form once more, with what is wrong in it.</summary>
    protected PageResult Again(int status = StatusCodes.Status422UnprocessableEntity)
    {
        Response.StatusCode = status;
        return Page();
    }

    /// <summary>The form once more, with why its text is not taken.</summary>
    protected PageResult Again(string field, Refusal refusal)
    {
        ModelState.AddModelError(field, refusal.Why);
        refusal.Describe(Response);
        return Again(refusal.Status);
    }

    /// <summary>The way back, if it leads to this board.</summary>
    protected string SafeReturn(string? url) => Url.IsLocalUrl(url) ? url! : "/";
}
