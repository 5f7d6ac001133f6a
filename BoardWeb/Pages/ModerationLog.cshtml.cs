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
        (Property.Role, var role) => $"made {(role == Roles.Administrator ? "an" : "a")} {role} of",
        (Property.Banned, "") => "ended the ban of",
        (Property.Banned, var until) => $"banned until {(DateTimeOffset.TryParse(until, out var at) ? Times.Shown(at) : until)}:",
        (Property.SignedOut, _) => "signed out everywhere:",
        (Property.Locked, Property.Yes) => "locked",
        (Property.Locked, _) => "unlocked",
        (Property.Pinned, Property.Yes) => "pinned",
        (Property.Pinned, _) => "unpinned",
        (Property.Hidden, Property.Yes) => "hid",
        (Property.Hidden, _) => "showed again",
        (Property.Channel, _) => "moved",
        (Property.Title, var title) => $"named “{title}”:",
        (Property.Description, _) => "described",
        (Property.Place, var place) => $"gave place {place} to",
        (Property.Archived, Property.Yes) => "archived",
        (Property.Archived, _) => "opened again",
        (Property.Handled, _) => "handled the report of",
        (Property.Post, RevisionKind.Edit) => "edited",
        (Property.Post, RevisionKind.Delete) => "deleted",
        (Property.Post, RevisionKind.Restore) => "restored",
        var (property, value) => $"decided {property} = {value} about",
    };
}
