using Connect.BoardWeb.Approvals;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Posts;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Html;

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

    /// <summary>What was decided about what, with a link to it.</summary>
    public static IHtmlContent Words(LoggedDecision entry)
    {
        object about = entry.Address is { } address ? new HtmlFormattableString("<a href=\"{0}\">{1}</a>", address, entry.About) : entry.About;
        return (entry.Decision.Property, entry.Decision.Value) switch
        {
            (Decidable.Role, var role) => T.Html("Log.Role", about, T["Role." + role]),
            (Decidable.Banned, "") => T.Html("Log.Unbanned", about),
            (Decidable.Banned, var until) => T.Html("Log.Banned", about, DateTimeOffset.TryParse(until, out var at) ? Times.Shown(at) : until),
            (Decidable.Reset, _) => T.Html("Log.Reset", about),
            (Decidable.SignedOut, _) => T.Html("Log.SignedOut", about),
            (Decidable.Locked, Decidable.Yes) => T.Html("Log.Locked", about),
            (Decidable.Locked, _) => T.Html("Log.Unlocked", about),
            (Decidable.Pinned, Decidable.Yes) => T.Html("Log.Pinned", about),
            (Decidable.Pinned, _) => T.Html("Log.Unpinned", about),
            (Decidable.Hidden, Decidable.Yes) => T.Html("Log.Hidden", about),
            (Decidable.Hidden, _) => T.Html("Log.Shown", about),
            (Decidable.Channel, _) => T.Html("Log.Moved", about),
            (Decidable.Title, var title) => T.Html("Log.Named", about, title),
            (Decidable.Description, _) => T.Html("Log.Described", about),
            (Decidable.Place, var place) => T.Html("Log.Placed", about, place),
            (Decidable.Archived, Decidable.Yes) => T.Html("Log.Archived", about),
            (Decidable.Archived, _) => T.Html("Log.Unarchived", about),
            (Decidable.Handled, _) => T.Html("Log.Handled", about),
            (Decidable.Word, var value) => Admission.WordList.Read(value) switch
            {
                (var word, Admission.WordEffect.Refuse) => T.Html("Log.WordOn", about, word),
                (var word, Admission.WordEffect.Wait) => T.Html("Log.WordWaits", about, word),
                var (word, _) => T.Html("Log.WordOff", about, word),
            },
            (Decidable.Waits, Approval.Given) => T.Html("Log.Approved", about),
            (Decidable.Waits, Approval.Rejected) => T.Html("Log.Rejected", about),
            (Decidable.Waits, var value) when Approval.WordOf(value) is { } word => T.Html("Log.WaitsForWord", about, word),
            (Decidable.Waits, _) => T.Html("Log.WaitsForNew", about),
            (Decidable.Erased, _) => T.Html("Log.Erased", about),
            (Decidable.Post, RevisionKind.Edit) => T.Html("Log.Edited", about),
            (Decidable.Post, RevisionKind.Delete) => T.Html("Log.Deleted", about),
            (Decidable.Post, RevisionKind.Restore) => T.Html("Log.Restored", about),
            var (property, value) => T.Html("Log.Other", about, property, value),
        };
    }
}
