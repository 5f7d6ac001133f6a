using System.Security.Claims;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Api;
using Connect.BoardWeb.Channels;
using Connect.BoardWeb.Feeds;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Storage;
using Connect.Node.Database;
using Connect.Node.Settings;
using Microsoft.AspNetCore.Mvc;
using static Connect.BoardWeb.Api.Answers;

namespace Connect.BoardWeb.Archive;

/// <summary>What became of a batch of an import.</summary>
/// <param name="Known">Objects that were here already.</param>
public sealed record ImportAnswer(int Written, int Known, IReadOnlyList<Refusal> Refused, string Node, int Copies);

/// <summary>Exports for whoever may have them, and the import for administrators. Exports are written as they are read, and few at a time.</summary>
public static class ArchiveEndpoints
{
    private const string JsonLines = "application/jsonl", Mbox = "application/mbox";

    /// <summary>The longest an export may take, and with it whoever reads it. 2 hours.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromHours(2);

    public static void AddArchive(this IServiceCollection services) =>
        services.AddSingleton<Importing>().AddSingleton<BoardExport>().AddSingleton<ChannelMbox>().AddSingleton<ExportSlots>();

    public static void MapArchive(this IEndpointRouteBuilder api)
    {
        api.MapGet("/export", ExportAll).Produces<string>(200, JsonLines).ProducesProblem(403).WithSummary("Everything, a JSON object a line (administrators)");
        api.MapGet("/account/export", ExportOwn).Produces<string>(200, JsonLines).WithSummary("Everything one wrote or did oneself");
        api.MapGet("/channels/{slug}/export.mbox", ExportChannel).Produces<string>(200, Mbox).ProducesProblem(404).WithSummary("A channel as a mailbox");
        api.MapPost("/import", Import).WithMetadata(new RequestSizeLimitAttribute(Importing.MaxBytes)).Accepts<string>(JsonLines).Produces<ImportAnswer>().Produces<ImportAnswer>(202)
            .ProducesProblem(403).ProducesProblem(409).ProducesProblem(413).WithSummary($"Import up to {Importing.MaxItems} objects of an export (administrators)");
    }

    /// <summary><c>GET /account/export</c>: the same for a browser.</summary>
    public static void MapOwnExport(this WebApplication app) => app.MapGet("/account/export", ExportOwn).RequireAuthorization().ExcludeFromDescription();

    private static async Task<IResult> ExportAll(HttpContext context, BoardExport export, ExportSlots slots, CancellationToken cancel)
    {
        if (!Deciding.MayAdminister(context.User)) return Problem(403, "Only administrators may export the whole board. /api/v1/account/export gives what is one's own.");
        return await WriteAsync(context, slots.Everything, JsonLines, "board.jsonl", (output, begin, end) => export.WriteAsync(output, null, begin, end), cancel);
    }

    private static Task<IResult> ExportOwn(HttpContext context, BoardExport export, ExportSlots slots, CancellationToken cancel) =>
        WriteAsync(context, slots.Own, JsonLines, "my-posts.jsonl", (output, begin, end) => export.WriteAsync(output, Identity.AccountOf(context.User)!.Value, begin, end), cancel);

    private static async Task<IResult> ExportChannel(string slug, HttpContext context, ChannelReader channels, ChannelMbox mbox, ExportSlots slots, NodeSettings settings, CancellationToken cancel) =>
        await channels.FindAsync(slug, cancel) is not { } channel ? NoChannel(slug)
            : await WriteAsync(context, slots.Mbox, Mbox, $"{channel.Slug}.mbox", (output, begin, end) => mbox.WriteAsync(output, channel, FeedEndpoints.RootOf(context, settings), begin, end), cancel);

    private static async Task<IResult> WriteAsync(
        HttpContext context, SemaphoreSlim slot, string type, string file, Func<Stream, Action, CancellationToken, Task> write, CancellationToken cancel)
    {
        if (!await slot.WaitAsync(TimeSpan.Zero, cancel)) throw new NodeBusyException(T["BusyExports"]);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel, context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);
        limit.CancelAfter(Longest);
        try
        {
            await write(context.Response.Body, () =>
            {
                context.Response.ContentType = $"{type}; charset=utf-8";
                context.Response.Headers.ContentDisposition = $"attachment; filename={file}";
                context.Response.Headers.CacheControl = "no-store";
            }, limit.Token);
        }
        catch (Exception e) when (context.Response.HasStarted && e is DatabaseUnavailableException or OperationCanceledException or System.Data.Common.DbException)
        {
            context.Abort(); // half an export must not look like a whole one
        }
        finally
        {
            slot.Release();
        }
        return Results.Empty;
    }

    private static async Task<IResult> Import(HttpContext context, ClaimsPrincipal user, Importing importing, NodeSettings settings, CancellationToken cancel)
    {
        if (!Deciding.MayAdminister(user)) return Problem(403, "Only administrators may import.");
        using var body = new MemoryStream();
        try
        {
            await context.Request.Body.CopyToAsync(body, cancel);
            var imported = await importing.ImportAsync(body.GetBuffer().AsMemory(0, (int)body.Length), cancel);
            var answer = new ImportAnswer(imported.Written, imported.Known, imported.Refused, settings.Name, imported.Result?.Copies ?? 0);
            return imported.Result is { } result ? Done(null, answer, result) : Results.Ok(answer);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return Problem(413, $"A request may have at most {Importing.MaxBytes:N0} bytes and {Importing.MaxItems} objects: send the next ones in another.");
        }
        catch (FormatException e)
        {
            return Problem(409, e.Message);
        }
    }
}

/// <summary>How many exports this node writes at a time, so that those who read slowly, or often, take nothing from the others.</summary>
public sealed class ExportSlots : IDisposable
{
    public SemaphoreSlim Everything { get; } = new(1);

    public SemaphoreSlim Own { get; } = new(2);

    public SemaphoreSlim Mbox { get; } = new(2);

    public void Dispose()
    {
        Everything.Dispose();
        Own.Dispose();
        Mbox.Dispose();
    }
}
