using Connect.BoardWeb.Web;
using Connect.BoardWeb.Writes;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Connect.BoardWeb.Pages;

/// <summary>Says what went wrong and what to do, for every kind of failure. It asks neither the database nor the key ring.</summary>
[IgnoreAntiforgeryToken]
[ResponseCache(NoStore = true, Location = ResponseCacheLocation.None)]
public sealed class ErrorModel(IWriteGate writes) : PageModel
{
    public string Heading { get; private set; } = "";

    public string Advice { get; private set; } = "";

    public string? Detail { get; private set; }

    public void OnGet(int? code) => Explain(code);

    public void OnPost(int? code) => Explain(code);

    private void Explain(int? code)
    {
        var status = code ?? Response.StatusCode;
        if (status is < 400 or > 599) status = 404; // somebody came here by hand
        Response.StatusCode = status;
        Failures.PrepareRetry(HttpContext, status);
        Detail = HttpContext.Items[Failures.Why] as string ?? Failures.DetailOf(HttpContext.Features.Get<IExceptionHandlerFeature>()?.Error);
        (Heading, Advice) = status switch
        {
            400 => ("This form has grown old", "Go back, load the page anew and send it once more. What you wrote is still in the form."),
            403 => ("This is not for you", "Your account may not do this."),
            404 => ("There is nothing here", "The address may be mistyped. Something very new may also still be on its way to this node: try again in a moment."),
            413 => ("That is too much", "A post may have at most 32 KB of text, a picture 8 MB and any other file 4 MB. Go back: what you wrote is still in the form."),
            429 => ("A little slower, please", $"You have sent a lot in a short time. Try again in {Response.Headers.RetryAfter} seconds."),
            503 when writes.WhyOnlyRead is not null => ("Reading only, for now", "Nothing was saved. Go back: what you wrote is still in the form. Send it once more when the notice above the page is gone."),
            503 => ("This node is out of breath", "It is not you. Another node will take over in a moment: load the page again."),
            _ => ("Something went wrong", "It has been noted. Try again in a moment."),
        };
    }
}
