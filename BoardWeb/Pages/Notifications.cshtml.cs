using Connect.BoardWeb.Attention;
using Connect.BoardWeb.Live;
using Microsoft.AspNetCore.Authorization;

namespace Connect.BoardWeb.Pages;

/// <summary>What whoever is signed in may want to look at. Looking at its first page is having seen it.</summary>
[Authorize]
public sealed class NotificationsModel(Notifications notifications, NotificationCount count, ReadMarks marks, LastWrite lastWrite) : BoardPage(lastWrite)
{
    public NotificationPage Shown { get; private set; } = null!;

    public bool IsLaterPage { get; private set; }

    public async Task OnGetAsync(Guid? after, CancellationToken cancel)
    {
        IsLaterPage = after is not null;
        Shown = await notifications.PageAsync(User, after, Notifications.PageSize, cancel);
        if (IsLaterPage || Me is not { } me || !HttpMethods.IsGet(Request.Method) || Request.Headers.ContainsKey("Sec-Purpose")) return;
        count.Seen(me);
        if (Shown.Latest is { } latest) marks.Note(me, me, latest);
    }

    public static string Words(Notification item) => item.Kind switch
    {
        NotificationKind.Reply => T["NotifiedReply", item.By],
        NotificationKind.Mention => T["NotifiedMention", item.By],
        _ => item.Posts == Notifications.MaxCounted ? T["NewPostsOrMore", Notifications.MaxCounted] : T.Count("NewPosts", item.Posts),
    };
}
