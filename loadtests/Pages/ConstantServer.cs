using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Connect.LoadTests.Pages;

/// <summary>Answers every request with the same bytes: the most that this machine's Kestrel can do for a page of that size.</summary>
public static class ConstantServer
{
    /// <summary>Runs until the process is asked to end.</summary>
    /// <param name="encoding">Of the bytes; empty for none.</param>
    public static async Task RunAsync(string url, byte[] page, string encoding, CancellationToken cancel)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        await using var app = builder.Build();
        app.Run(context =>
        {
            context.Response.ContentType = "text/html; charset=utf-8";
            if (encoding.Length > 0) context.Response.Headers.ContentEncoding = encoding;
            context.Response.ContentLength = page.Length;
            return context.Response.Body.WriteAsync(page, context.RequestAborted).AsTask();
        });
        await app.StartAsync(cancel);
        try
        {
            await Task.Delay(Timeout.Infinite, cancel);
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }
}
