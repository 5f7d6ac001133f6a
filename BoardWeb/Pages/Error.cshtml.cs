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
            400 => (T["Error400"], T["Error400Advice"]),
            403 => (T["Error403"], T["Error403Advice"]),
            404 => (T["Error404"], T["Error404Advice"]),
            413 => (T["Error413"], T["Error413Advice"]),
            429 => (T["Error429"], T["Error429Advice", Response.Headers.RetryAfter.ToString()]),
            503 when writes.WhyOnlyRead is not null => (T["ErrorReadOnly"], T["ErrorReadOnlyAdvice"]),
            503 => (T["Error503"], T["Error503Advice"]),
            _ => (T["Error500"], T["Error500Advice"]),
        };
    }
}
