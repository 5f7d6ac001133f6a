using System.Security.Claims;
using Connect.Node.Files;
using Microsoft.AspNetCore.Mvc.ModelBinding;

namespace Connect.BoardWeb.Files;

/// <summary>Files that a form with a text brings: they are kept, and the text names them from then on. If something else is wrong with the form, it comes back with what was kept in its text.</summary>
public sealed class Attaching(Storing storing)
{
    /// <summary>The form's field.</summary>
    public const string Field = "Files";

    /// <summary>The text with the files that were kept at its end.</summary>
    /// <param name="text">As it was typed.</param>
    /// <param name="files">What the form brought; null or empty if nothing.</param>
    /// <param name="user">Whose they are.</param>
    /// <param name="faults">Where it is said what was refused, and why.</param>
    /// <param name="cancel">Ends it early.</param>
    public async Task<string?> AddAsync(string? text, IReadOnlyList<IFormFile>? files, ClaimsPrincipal user, ModelStateDictionary faults, CancellationToken cancel)
    {
        if (files is not { Count: > 0 }) return text;
        if (files.Count > FileRules.MaxInForm)
        {
            faults.AddModelError(Field, T["TooManyFiles", files.Count, FileRules.MaxInForm]);
            return text;
        }
        List<string> named = [];
        foreach (var file in files)
        {
            if (await StoreAsync(file, user, cancel) is var stored && stored.File is { } kept) named.Add(kept.Markdown);
            else faults.AddModelError(Field, $"{FileRules.Name(file.FileName, FileKind.Text)[..^4]}: {stored.Fault}");
        }
        if (named.Count == 0) return text;
        var links = string.Join("\n\n", named);
        return string.IsNullOrWhiteSpace(text) ? links : $"{text.TrimEnd()}\n\n{links}";
    }

    private async Task<Stored> StoreAsync(IFormFile file, ClaimsPrincipal user, CancellationToken cancel)
    {
        if (file.Length > FileRules.MaxPictureBytes) return new(null, null, Storing.TooLarge(null));
        var bytes = new byte[file.Length];
        await using (var stream = file.OpenReadStream()) await stream.ReadExactlyAsync(bytes, cancel);
        return await storing.StoreAsync(file.FileName, bytes, user, cancel);
    }
}
