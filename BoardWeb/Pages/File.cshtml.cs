using Connect.BoardWeb.Files;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Posts;
using Microsoft.AspNetCore.Mvc;

namespace Connect.BoardWeb.Pages;

/// <summary>One file: who sent it, and what may be done with it by whoever looks.</summary>
public sealed class FileModel(FileReader files, Deciding deciding, LastWrite lastWrite) : BoardPage(lastWrite)
{
    public new StoredFile File { get; private set; } = null!;

    [BindProperty]
    public string? Reason { get; set; }

    public bool IsMine => Me == File.AuthorId;

    public bool MaySee => FileRights.MaySee(File, User);

    public bool MayDelete => FileRights.MayDelete(File, User);

    public bool MayRestore => FileRights.MayRestore(File, User);

    public async Task<IActionResult> OnGetAsync(Guid id, CancellationToken cancel) => await LoadAsync(id, cancel) ? Page() : NotFound();

    public Task<IActionResult> OnPostDeleteAsync(Guid id, CancellationToken cancel) => HideAsync(id, true, cancel);

    public Task<IActionResult> OnPostRestoreAsync(Guid id, CancellationToken cancel) => HideAsync(id, false, cancel);

    private async Task<IActionResult> HideAsync(Guid id, bool hidden, CancellationToken cancel)
    {
        if (Me is null) return Challenge();
        if (!await LoadAsync(id, cancel)) return NotFound();
        if (File.IsHidden == hidden) return LocalRedirect(Here);
        if (!(hidden ? MayDelete : MayRestore)) return Refused();
        if (PostRules.Reason(Reason) is { } reason)
        {
            ModelState.AddModelError(nameof(Reason), reason);
            return Again();
        }
        return Written(Here, await deciding.DecideAsync(User, Reason, [FileRights.Hide(File, hidden)]));
    }

    private async Task<bool> LoadAsync(Guid id, CancellationToken cancel)
    {
        if (await files.FindAsync(id, cancel) is not { } file || !FileRights.MayKnow(file, User)) return false;
        File = file;
        return true;
    }

    private string Here => $"/f/{File.Id}";
}
