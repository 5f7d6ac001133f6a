using System.Security.Claims;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Moderation;

namespace Connect.BoardWeb.Files;

/// <summary>Who may do what with a file. Deleting hides it: the decision about it is a row, and what was kept stays in the database.</summary>
public static class FileRights
{
    /// <summary>Everybody sees what is not deleted; what is, moderators do.</summary>
    public static bool MaySee(StoredFile file, ClaimsPrincipal user) => !file.IsHidden || (!file.IsErased && Deciding.MayModerate(user));

    /// <summary>Sees that it is there: whoever sent it does, too, when it is deleted.</summary>
    public static bool MayKnow(StoredFile file, ClaimsPrincipal user) => MaySee(file, user) || Deciding.MayModerate(user) || Identity.AccountOf(user) == file.AuthorId;

    public static bool MayDelete(StoredFile file, ClaimsPrincipal user) => !file.IsHidden && (Identity.AccountOf(user) == file.AuthorId || Deciding.MayModerate(user));

    /// <summary>Moderators do; whoever sent it takes back a deletion of their own.</summary>
    public static bool MayRestore(StoredFile file, ClaimsPrincipal user) => file is { IsHidden: true, IsErased: false }
        && (Deciding.MayModerate(user) || (Identity.AccountOf(user) == file.AuthorId && file.State[Decidable.Hidden]!.ById == file.AuthorId));

    /// <summary>The change that deletes it, or brings it back.</summary>
    public static Change Hide(StoredFile file, bool hidden) => new(file.Id, Decidable.Hidden, hidden ? Decidable.Yes : "");
}
