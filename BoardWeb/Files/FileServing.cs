using System.Security.Claims;
using Connect.BoardWeb.Storage;
using Connect.Node.Files;
using Microsoft.Net.Http.Headers;

namespace Connect.BoardWeb.Files;

/// <summary>
/// <c>GET /f/{id}/{name}</c>: a file from the node's own server, part by part. Pictures are shown, everything else is only ever downloaded; nothing that lies here can run in a page of the
/// board, whatever a browser takes it for.
/// </summary>
public sealed class FileServing(FileReader files)
{
    /// <summary>Files on their way out at the same time, each with <see cref="PartsAtATime"/> parts in memory: 128 × 512 KiB.</summary>
    public const int MaxAtATime = 128;

    /// <summary>Parts read in one query.</summary>
    public const int PartsAtATime = 8;

    /// <summary>A reader who takes longer is cut off. 2 minutes.</summary>
    public static readonly TimeSpan Slowest = TimeSpan.FromMinutes(2);

    /// <summary>Of browsers and whoever stands between: content under one address never changes, but it can be deleted. A day.</summary>
    private const string Kept = "public, max-age=86400, immutable";

    private const string Policy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox";

    private int _underWay;

    public static void Map(WebApplication app) => app.MapMethods("/f/{id:guid}/{name}", [HttpMethods.Get, HttpMethods.Head],
        (Guid id, string name, HttpContext context, FileServing serving) => serving.ServeAsync(id, name, context)).ExcludeFromDescription();

    private async Task<IResult> ServeAsync(Guid id, string name, HttpContext context)
    {
        // The name is compared with the one in the row, never looked up anywhere.
        if (await files.FindAsync(id, context.RequestAborted) is not { } file || file.Named(name) is not { } content || !FileRights.MaySee(file, context.User)) return Results.NotFound();
        Describe(context, file, content);
        var tag = new EntityTagHeaderValue($"\"{content.Id:N}\"");
        context.Response.GetTypedHeaders().ETag = tag;
        if (context.Request.GetTypedHeaders().IfNoneMatch.Any(t => t == EntityTagHeaderValue.Any || t.Compare(tag, useStrongComparison: false))) return Results.StatusCode(StatusCodes.Status304NotModified);
        context.Response.ContentType = file.Type;
        context.Response.ContentLength = content.Size;
        if (HttpMethods.IsHead(context.Request.Method)) return Results.Empty;
        try
        {
            if (Interlocked.Increment(ref _underWay) > MaxAtATime) throw new NodeBusyException(T["BusyServingFiles"]);
            await SendAsync(content, context);
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }
        return Results.Empty;
    }

    private static void Describe(HttpContext context, StoredFile file, Content content)
    {
        var headers = context.Response.Headers;
        headers.CacheControl = file.IsHidden ? "no-store" : Kept;
        headers.ContentSecurityPolicy = Policy;
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        var disposition = new ContentDispositionHeaderValue(file.IsPicture ? "inline" : "attachment");
        disposition.SetHttpFileName(content == file.Whole ? file.Name : file.ShownName);
        headers.ContentDisposition = disposition.ToString();
    }

    private async Task SendAsync(Content content, HttpContext context)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        late.CancelAfter(Slowest);
        try
        {
            for (var first = 0; first < FileRules.PartsOf(content.Size); first += PartsAtATime)
                foreach (var part in await files.PartsAsync(content.Id, first, PartsAtATime, late.Token)) await context.Response.Body.WriteAsync(part, late.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or Node.Database.DatabaseUnavailableException && context.Response.HasStarted)
        {
            context.Abort(); // half a file must not look like a whole one
        }
    }
}
