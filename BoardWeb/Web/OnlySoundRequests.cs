using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;

namespace Connect.BoardWeb.Web;

/// <summary>
/// What the framework would let through to a page, which then falls over it (both found by HttpFuzzTests): a method that the page has no handler for (TRACE, PUT, a POST
/// to a page without a form), rendered without anybody having read what it shows; and a form that cannot be read, for which every argument is null.
/// </summary>
internal sealed class OnlySoundRequests : IPageFilter
{
    public void OnPageHandlerSelected(PageHandlerSelectedContext context)
    {
        // Neither is known yet.
    }

    public void OnPageHandlerExecuting(PageHandlerExecutingContext context)
    {
        var method = context.HttpContext.Request.Method;
        // Before the handler an error without a name is the form's as a whole.
        if (context.ModelState.TryGetValue("", out var form) && form.Errors.Count > 0) context.Result = new StatusCodeResult(StatusCodes.Status400BadRequest);
        else if (context.HandlerMethod is null && !HttpMethods.IsGet(method) && !HttpMethods.IsHead(method)) context.Result = new StatusCodeResult(StatusCodes.Status405MethodNotAllowed);
    }

    public void OnPageHandlerExecuted(PageHandlerExecutedContext context)
    {
        // It went as it went.
    }
}
