using System.Globalization;
using System.IO.Compression;
using System.Net.Mime;
using Connect.BoardWeb.Languages;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Writes;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.Extensions.Primitives;

namespace Connect.BoardWeb.Web;

/// <summary>
/// Pages as guests see them are kept for <see cref="Lives"/>, packed, so that a page many look at is made once: a topic that is linked from elsewhere costs the servers nothing more than
/// one reader would. A write through this node makes every kept page old at once; what comes from other nodes is late by that time at the most. Whoever has signed in, or has just written
/// something, gets a page of their own (docs/adr/0027).
/// </summary>
public sealed class GuestPages : IOutputCachePolicy
{
    /// <summary>Name of the policy.</summary>
    public const string Policy = "guests";

    /// <summary>One second.</summary>
    public static readonly TimeSpan Lives = TimeSpan.FromSeconds(1);

    /// <summary>Bytes of all kept pages, and of one: a page of fifty of the longest posts is not kept.</summary>
    private const int MaxBytes = 32 * 1024 * 1024, MaxPageBytes = 1024 * 1024;

    /// <summary>What is packed. Streams are not: an event must not wait for a block to be full, and an export is as long as the board.</summary>
    private static readonly string[] Packed =
        [MediaTypeNames.Text.Html, MediaTypeNames.Text.Css, MediaTypeNames.Text.JavaScript, MediaTypeNames.Text.Xml, MediaTypeNames.Application.Json, MediaTypeNames.Application.ProblemJson, MediaTypeNames.Application.Xml, "application/atom+xml", MediaTypeNames.Image.Svg];

    public static void Add(IServiceCollection services)
    {
        services.AddOutputCache(o =>
        {
            (o.SizeLimit, o.MaximumBodySize) = (MaxBytes, MaxPageBytes);
            o.AddPolicy(Policy, new GuestPages());
        });
        services.AddResponseCompression(o =>
        {
            // The only secret that comes in a page without being asked for by a form is its antiforgery token, which is masked anew in each answer: its length tells nothing (BREACH).
            o.EnableForHttps = true;
            o.MimeTypes = Packed;
        });
        services.Configure<BrotliCompressionProviderOptions>(o => o.Level = CompressionLevel.Fastest);
        services.Configure<GzipCompressionProviderOptions>(o => o.Level = CompressionLevel.Fastest);
    }

    /// <summary>After whatever says who is asking, and before the pages.</summary>
    public static void Use(WebApplication app)
    {
        app.UseOutputCache();
        app.Use(async (context, next) =>
        {
            await next(context);
            // What was left of a page when its reader went away must not be kept for others: this version of the framework would.
            if (context.RequestAborted.IsCancellationRequested && context.Features.Get<IOutputCacheFeature>() is { } kept) kept.Context.AllowCacheStorage = false;
        });
        // Packed before it is kept. What was packed here is not packed again by the one outside, which packs styles and scripts.
        app.UseResponseCompression();
    }

    public ValueTask CacheRequestAsync(OutputCacheContext context, CancellationToken cancellation)
    {
        var http = context.HttpContext;
        var (request, writes) = (http.Request, http.RequestServices.GetRequiredService<WriteBatcher>());
        var guest = (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
            && http.User.Identity is not { IsAuthenticated: true } && StringValues.IsNullOrEmpty(request.Headers.Authorization) && !request.Cookies.ContainsKey(LastWrite.Cookie);
        (context.EnableOutputCaching, context.AllowCacheLookup, context.AllowCacheStorage) = (guest, guest, guest);
        // With locking, whoever waits for another reader's page is given what that one got: nothing, if it went away in the meantime.
        context.AllowLocking = false;
        context.ResponseExpirationTimeSpan = Lives;
        var vary = context.CacheVaryByRules;
        (vary.QueryKeys, vary.HeaderNames) = ("*", "Accept-Encoding");
        vary.VaryByValues["language"] = Language.Current;
        vary.VaryByValues["writes"] = writes.Commits.ToString(CultureInfo.InvariantCulture);
        return ValueTask.CompletedTask;
    }

    public ValueTask ServeFromCacheAsync(OutputCacheContext context, CancellationToken cancellation) => ValueTask.CompletedTask;

    public ValueTask ServeResponseAsync(OutputCacheContext context, CancellationToken cancellation)
    {
        var response = context.HttpContext.Response;
        if (response.StatusCode != StatusCodes.Status200OK || !StringValues.IsNullOrEmpty(response.Headers.SetCookie)) context.AllowCacheStorage = false;
        return ValueTask.CompletedTask;
    }
}
