namespace Connect.BoardWeb.Web;

/// <summary>Headers every answer carries, errors included.</summary>
public static class Headers
{
    /// <summary>Names the node that answered.</summary>
    public const string Node = "X-Connect-Node";

    /// <summary>Scripts and styles only from files of the board's own, so no nonce is needed; nothing at all from elsewhere.</summary>
    public const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

    public static void UseBoardHeaders(this WebApplication app, string node) => app.Use((context, next) =>
    {
        // When the answer starts, because the error handler clears what was set before.
        context.Response.OnStarting(() =>
        {
            var headers = context.Response.Headers;
            headers[Node] = node;
            // A file has a stricter one of its own.
            if (!headers.ContainsKey("Content-Security-Policy")) headers.ContentSecurityPolicy = ContentSecurityPolicy;
            headers.XContentTypeOptions = "nosniff";
            headers["Referrer-Policy"] = "same-origin";
            if (!headers.ContainsKey("Cache-Control")) headers.CacheControl = "no-store";
            return Task.CompletedTask;
        });
        return next(context);
    });
}
