using System.Collections.Concurrent;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Storage;
using Connect.Node.Files;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Connect.BoardWeb.Files;

/// <summary>An endpoint or a page whose requests may bring files, and so be larger than others.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class TakesFilesAttribute : Attribute;

/// <summary>
/// Lets large requests in where files are taken, from members, a few at a time; everybody else's are refused unread, as everywhere. Before the body is read, because a form is read before
/// its page is asked.
/// </summary>
public sealed class Uploads
{
    /// <summary>Requests with files on this node at the same time: 8 × 17 MiB on the disk, 8 × 8 MiB in memory.</summary>
    public const int MaxAtATime = 8;

    /// <summary>Of one person.</summary>
    public const int MaxOfOne = 2;

    /// <summary>Whoever sends more slowly for more than ten seconds is cut off. 32 KiB/s.</summary>
    private static readonly MinDataRate Slowest = new(32 << 10, TimeSpan.FromSeconds(10));

    private readonly ConcurrentDictionary<Guid, int> _people = new();
    private int _underWay;

    public static void Use(WebApplication app) => app.Use(app.Services.GetRequiredService<Uploads>().InvokeAsync);

    private async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (!HttpMethods.IsPost(context.Request.Method) || context.Request.ContentLength <= Board.MaxRequestBytes || context.GetEndpoint()?.Metadata.GetMetadata<TakesFilesAttribute>() is null
            || Identity.AccountOf(context.User) is not { } account || Identity.WhyReadsOnly(context.User) is not null)
        {
            await next(context);
            return;
        }
        if (context.Request.ContentLength > FileRules.MaxRequestBytes) throw new Microsoft.AspNetCore.Http.BadHttpRequestException("Too large.", StatusCodes.Status413PayloadTooLarge);
        var (all, own) = (Interlocked.Increment(ref _underWay), _people.AddOrUpdate(account, 1, (_, n) => n + 1));
        try
        {
            if (all > MaxAtATime || own > MaxOfOne)
                throw new NodeBusyException(T["BusyUploads"]);
            if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = FileRules.MaxRequestBytes;
            if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = Slowest;
            await next(context);
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
            if (_people.AddOrUpdate(account, 0, (_, n) => n - 1) == 0) _people.TryRemove(KeyValuePair.Create(account, 0));
        }
    }
}
