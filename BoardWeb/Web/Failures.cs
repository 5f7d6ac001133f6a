using Connect.BoardWeb.Storage;
using Connect.Node.Database;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;

namespace Connect.BoardWeb.Web;

/// <summary>What went wrong, said once: programs get a problem document (RFC 9457), people a page. Never a stack trace.</summary>
public static class Failures
{
    /// <summary>Under this key of the request's items stands why something was refused, for people.</summary>
    public static readonly object Why = new();

    /// <summary>Seconds after which a client may try again when a server did not answer.</summary>
    private const string RetrySoon = "2";

    public static void UseFailures(this WebApplication app)
    {
        app.UseWhen(IsForPrograms, branch =>
        {
            branch.UseExceptionHandler(new ExceptionHandlerOptions
            {
                SuppressDiagnosticsCallback = c => IsExpected(c.Exception),
                ExceptionHandler = context =>
                {
                    var error = context.Features.Get<IExceptionHandlerFeature>()!.Error;
                    return WriteAsync(context, StatusOf(error), DetailOf(error));
                },
            });
            branch.UseStatusCodePages(context => WriteAsync(context.HttpContext, context.HttpContext.Response.StatusCode, context.HttpContext.Items[Why] as string));
        });
        app.UseWhen(context => !IsForPrograms(context), branch =>
        {
            branch.UseExceptionHandler(new ExceptionHandlerOptions
            {
                SuppressDiagnosticsCallback = c => IsExpected(c.Exception),
                ExceptionHandlingPath = "/error",
                StatusCodeSelector = StatusOf,
            });
            branch.UseStatusCodePagesWithReExecute("/error");
        });
    }

    public static bool IsForPrograms(HttpContext context) =>
        context.Request.Path.StartsWithSegments("/api") || context.Request.Path.StartsWithSegments("/health")
        || context.Request.Path.StartsWithSegments("/openapi") || context.Request.Path.Value!.EndsWith("/live", StringComparison.Ordinal);

    public static int StatusOf(Exception error) => error switch
    {
        // An error of the server's is its node's trouble, not the client's: another node may do better.
        DatabaseUnavailableException or TimeoutException or System.Data.Common.DbException => StatusCodes.Status503ServiceUnavailable,
        BadHttpRequestException bad => bad.StatusCode,
        AntiforgeryValidationException => StatusCodes.Status400BadRequest,
        OperationCanceledException => 499, // the client has gone; nobody reads this
        _ when IsWithoutKeys(error) => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status500InternalServerError,
    };

    /// <summary>Whoever asked is told, and the log need not be.</summary>
    private static bool IsExpected(Exception error) => error is not System.Data.Common.DbException && StatusOf(error) != StatusCodes.Status500InternalServerError;

    /// <summary>In words for whoever asked; details of the inside stay in the log.</summary>
    public static string? DetailOf(Exception? error) => error switch
    {
        OutcomeUnknownException =>
            T["OutcomeUnknown"],
        NodeBusyException e => e.Message,
        DatabaseUnavailableException => T["DatabaseSlow"],
        BadHttpRequestException { StatusCode: 413 } => T["RequestTooLarge", Posts.PostRules.MaxBodyBytes],
        BadHttpRequestException e => e.InnerException is System.Text.Json.JsonException json ? $"The body cannot be read as the JSON that belongs here (at {json.Path ?? "$"})." : e.Message,
        _ => null,
    };

    public static Task WriteAsync(HttpContext context, int status, string? detail)
    {
        PrepareRetry(context, status);
        context.Response.StatusCode = status;
        return Results.Problem(detail, statusCode: status, instance: context.Request.Path).ExecuteAsync(context);
    }

    /// <summary>A client that meets a node in trouble should come back soon, probably to another one.</summary>
    public static void PrepareRetry(HttpContext context, int status)
    {
        if (status == StatusCodes.Status503ServiceUnavailable && !context.Response.Headers.ContainsKey("Retry-After"))
            context.Response.Headers.RetryAfter = RetrySoon;
    }

    /// <summary>Data Protection without a key: the ring is not founded, or its first key has not arrived here yet.</summary>
    private static bool IsWithoutKeys(Exception error) =>
        (error as System.Security.Cryptography.CryptographicException ?? error.InnerException) is { } e
        && (e.ToString().Contains("key ring", StringComparison.OrdinalIgnoreCase));
}
