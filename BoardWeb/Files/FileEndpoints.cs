using System.Security.Claims;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Api;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Ring;
using Connect.Node.Files;
using Connect.Node.Settings;
using static Connect.BoardWeb.Api.Answers;

namespace Connect.BoardWeb.Files;

/// <summary>Files, for programs.</summary>
internal static class FileEndpoints
{
    public static void MapFiles(this RouteGroupBuilder api)
    {
        api.MapPost("/files", CreateAsync).WithMetadata(new TakesFilesAttribute()).Produces<FileCreated>(201).Produces<FileCreated>(202)
            .ProducesProblem(400).ProducesProblem(413).ProducesProblem(415).ProducesValidationProblem(422).WithSummary("Keep a file: as the only file of a form, or as the body itself with its name in the address (?name=)");
        api.MapGet("/files", ListAsync).Produces<Listing<FileItem>>().WithSummary("One's own files, the latest first");
        api.MapGet("/files/{id:guid}", GetAsync).Produces<FileItem>().ProducesProblem(404).WithSummary("One file; what is in it stands at its address");
        api.MapDelete("/files/{id:guid}", (Guid id, string? reason, ClaimsPrincipal user, FileReader files, Deciding deciding, NodeSettings settings, CancellationToken cancel) =>
                HideAsync(id, true, reason, user, files, deciding, settings, cancel)).Produces<DecisionsMade>().Produces<DecisionsMade>(202)
            .ProducesProblem(403).ProducesProblem(404).ProducesValidationProblem(422).WithSummary("Delete a file: whoever sent it, or a moderator");
        api.MapPost("/files/{id:guid}/restore", (Guid id, string? reason, ClaimsPrincipal user, FileReader files, Deciding deciding, NodeSettings settings, CancellationToken cancel) =>
                HideAsync(id, false, reason, user, files, deciding, settings, cancel)).Produces<DecisionsMade>().Produces<DecisionsMade>(202)
            .ProducesProblem(403).ProducesProblem(404).ProducesValidationProblem(422).WithSummary("Take back a deletion: a moderator, or whoever sent it if nobody else deleted it");
    }

    private static async Task<IResult> CreateAsync(HttpRequest request, string? name, ClaimsPrincipal user, Storing storing, NodeSettings settings, CancellationToken cancel)
    {
        byte[] bytes;
        try
        {
            if (request.HasFormContentType)
            {
                var form = await request.ReadFormAsync(cancel);
                if (form.Files.Count != 1) return Invalid(("file", $"Send exactly one file in the form; this one has {form.Files.Count}."))!;
                name = form.Files[0].FileName;
                await using var stream = form.Files[0].OpenReadStream();
                bytes = await ReadAsync(stream, cancel);
            }
            else bytes = await ReadAsync(request.Body, cancel);
        }
        catch (Exception e) when (e is InvalidDataException or IOException and not BadHttpRequestException)
        {
            return Problem(400, "The form cannot be read, or ended before its end. Nothing was saved; send it again.");
        }
        var stored = await storing.StoreAsync(name, bytes, user, cancel);
        return stored.File is { } file ? Created(file.Address, FileCreated.Of(file, settings.Name, stored.Result!.Copies), stored.Result)
            : stored.Status == 422 ? Invalid(("file", stored.Fault))! : Problem(stored.Status, stored.Fault!);
    }

    private static async Task<IResult> ListAsync(string? after, int? limit, ClaimsPrincipal user, FileReader files, NodeNames names, CancellationToken cancel)
    {
        if (Page(after, limit, out var cursor, out var count) is { } invalid) return invalid;
        var found = await files.OfAsync(Identity.AccountOf(user)!.Value, cursor, count + 1, cancel);
        return Results.Ok(new Listing<FileItem>([.. found.Take(count).Select(f => FileItem.Of(f, names))], found.Count > count ? found[count - 1].Id.ToString() : null));
    }

    private static async Task<IResult> GetAsync(Guid id, ClaimsPrincipal user, FileReader files, NodeNames names, CancellationToken cancel) =>
        await files.FindAsync(id, cancel) is { } file && FileRights.MayKnow(file, user) ? Results.Ok(FileItem.Of(file, names)) : NoFile();

    private static async Task<IResult> HideAsync(
        Guid id, bool hidden, string? reason, ClaimsPrincipal user, FileReader files, Deciding deciding, NodeSettings settings, CancellationToken cancel)
    {
        if (Invalid(("reason", PostRules.Reason(reason))) is { } invalid) return invalid;
        if (await files.FindAsync(id, cancel) is not { } file || !FileRights.MayKnow(file, user)) return NoFile();
        if (file.IsHidden == hidden) return Results.Ok(new DecisionsMade([], settings.Name, 0));
        if (!(hidden ? FileRights.MayDelete(file, user) : FileRights.MayRestore(file, user))) return NotTheirs("Only whoever sent it, and moderators, may do that.");
        var result = await deciding.DecideAsync(user, reason, [FileRights.Hide(file, hidden)]);
        return Done(file.Address, new DecisionsMade([Decidable.Hidden], settings.Name, result.Copies), result);
    }

    /// <summary>The bytes of a stream, or some more than the largest file has: then it is refused.</summary>
    private static async Task<byte[]> ReadAsync(Stream stream, CancellationToken cancel)
    {
        using var bytes = new MemoryStream();
        var buffer = new byte[64 << 10];
        while (bytes.Length <= FileRules.MaxPictureBytes && await stream.ReadAsync(buffer, cancel) is > 0 and var read) bytes.Write(buffer, 0, read);
        return bytes.ToArray();
    }

    private static IResult NoFile() => Problem(404, "There is no such file here (yet).");
}
