using Connect.BoardWeb.Files;
using Connect.BoardWeb.Live;
using Microsoft.AspNetCore.Authorization;

namespace Connect.BoardWeb.Pages;

/// <summary>One's own files, the latest first.</summary>
[Authorize]
public sealed class FilesModel(FileReader files, LastWrite lastWrite) : BoardPage(lastWrite)
{
    public IReadOnlyList<StoredFile> Files { get; private set; } = [];

    public Guid? Next { get; private set; }

    public async Task OnGetAsync(Guid? before, CancellationToken cancel)
    {
        var found = await files.OfAsync(Me!.Value, before, FileReader.PageSize + 1, cancel);
        Files = [.. found.Take(FileReader.PageSize)];
        Next = found.Count > FileReader.PageSize ? Files[^1].Id : null;
    }

    public static string Size(int bytes) => bytes < 1000 ? T.Count("Bytes", bytes) : bytes < 1_000_000 ? T["Kilobytes", bytes / 1000.0] : T["Megabytes", bytes / 1_000_000.0];
}
