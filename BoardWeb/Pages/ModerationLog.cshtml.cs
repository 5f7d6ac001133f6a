using Connect.BoardWeb.Live;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Posts;
using Microsoft.AspNetCore.Authorization;

namespace Connect.BoardWeb.Pages;

/// <summary>Who decided what and why: for moderators.</summary>
[Authorize(Roles = $"{Roles.Moderator},{Roles.Administrator}")]
public sealed class ModerationLogModel(DecisionReader decisions, LastWrite lastWrite) : BoardPage(lastWrite)
{
    public IReadOnlyList<LoggedDecision> Log { get; private set; } = [];

    public Guid? Next { get; private set; }

    public async Task OnGetAsync(Guid? before, CancellationToken cancel)
    {
        var found = await decisions.LogAsync(before, DecisionReader.PageSize + 1, cancel);
        Log = [.. found.Take(DecisionReader.PageSize)];
        Next = found.Count > DecisionReader.PageSize ? Log[^1].Decision.Id : null;
    }

    public static string Words(Decision decision) => (decision.Property, decision.Value) switch
    {
        (Decidable.Role, var role) => $"made {(role == Roles.Administrator ? "an" : "a")} {role} of",
        (Decidable.Banned, "") => "ended the ban of",
        (Decidable.Banned, var until) => $"banned until {(DateTimeOffset.TryParse(until, out var at) ? Times.Shown(at) : until)}:",
        (Decidable.Reset, _) => "made a code for another password of",
        (Decidable.SignedOut, _) => "signed out everywhere:",
        (Decidable.Locked, Decidable.Yes) => "locked",
        (Decidable.Locked, _) => "unlocked",
        (Decidable.Pinned, Decidable.Yes) => "pinned",
        (Decidable.Pinned, _) => "unpinned",
        (Decidable.Hidden, Decidable.Yes) => "hid",
        (Decidable.Hidden, _) => "showed again",
        (Decidable.Channel, _) => "moved",
        (Decidable.Title, var title) => $"named “{title}”:",
        (Decidable.Description, _) => "described",
        (Decidable.Place, var place) => $"gave place {place} to",
        (Decidable.Archived, Decidable.Yes) => "archived",
        (Decidable.Archived, _) => "opened again",
        (Decidable.Handled, _) => "handled the report of",
        (Decidable.Word, var value) => Admission.WordList.Read(value) is { Listed: true } word ? $"put “{word.Word}” on" : $"took “{Admission.WordList.Read(value).Word}” off",
        (Decidable.Erased, _) => "erased for ever:",
        (Decidable.Post, RevisionKind.Edit) => "edited",
        (Decidable.Post, RevisionKind.Delete) => "deleted",
        (Decidable.Post, RevisionKind.Restore) => "restored",
        var (property, value) => $"decided {property} = {value} about",
    };
}
