using System.Security.Claims;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Moderation;

namespace Connect.BoardWeb.Approvals;

/// <summary>
/// Whether a post, or a topic with its first post, waits for a moderator: the latest decision about it with the property <see cref="Decidable.Waits"/>. The first one is written together with what
/// waits, in one transaction, so there is no moment at which others see it; moderators write the next ones. Of two that were made on two sides of a partition the later one counts.
/// </summary>
/// <param name="Id">Of the decision.</param>
/// <param name="Value">One of <see cref="Given"/>, <see cref="Rejected"/>, <see cref="OfNewMember"/> and <see cref="OfWord"/>.</param>
/// <param name="Reason">Why a moderator decided so; may be empty.</param>
public sealed record Approval(Guid Id, string Value, string Reason)
{
    /// <summary>A moderator approved it: everybody sees it.</summary>
    public const string Given = "";

    /// <summary>A moderator did not.</summary>
    public const string Rejected = "rejected";

    /// <summary>With this begins the value of what waits; then stands why.</summary>
    public const string Waiting = "wait:";

    /// <summary>It is one of the first posts of a new member's.</summary>
    public const string OfNewMember = Waiting + "new";

    private const string BeforeWord = Waiting + "word:";

    /// <summary>It has this listed word.</summary>
    public static string OfWord(string word) => BeforeWord + word;

    /// <summary>The listed word for which something waits; null if it waits for another reason, or does not wait.</summary>
    public static string? WordOf(string value) => value.StartsWith(BeforeWord, StringComparison.Ordinal) ? value[BeforeWord.Length..] : null;

    public static bool Waits(string value) => value.StartsWith(Waiting, StringComparison.Ordinal);

    /// <summary>Nobody but its author and moderators sees it.</summary>
    public bool IsMissing => Value != Given;

    public bool IsRejected => Value == Rejected;

    /// <summary>Who sees what is not approved: whoever wrote it, and moderators.</summary>
    public static bool IsSeenBy(Guid author, ClaimsPrincipal user) => Identity.AccountOf(user) == author || Deciding.MayModerate(user);
}
