using System.Security.Claims;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Channels;
using Connect.BoardWeb.Topics;
using Connect.BoardWeb.Writes;

namespace Connect.BoardWeb.Moderation;

/// <summary>One property of a subject, and what it shall be.</summary>
public sealed record Change(Guid Subject, string Property, string Value);

/// <summary>
/// Makes decisions: moderators about topics, reports and people, administrators about channels and roles too. Each is a row of its own, with who made it and why.
/// What is so already is not decided again.
/// </summary>
public sealed class Deciding(WriteBatcher writes, Sessions sessions)
{
    /// <summary>The longest ban with an end. 10 years.</summary>
    public static readonly TimeSpan LongestBan = TimeSpan.FromDays(3653);

    public static bool MayModerate(ClaimsPrincipal user) => Identity.LooksAfterPosts(user);

    public static bool MayAdminister(ClaimsPrincipal user) => user.IsInRole(Roles.Administrator);

    /// <summary>Administrators give roles to others; not to themselves, so that one always remains.</summary>
    public static bool MayGiveRole(ClaimsPrincipal user, AccountView to) => MayAdminister(user) && Identity.AccountOf(user) != to.Id;

    /// <summary>Moderators ban members, administrators everybody else too; nobody bans themselves.</summary>
    public static bool MayBan(ClaimsPrincipal user, AccountView whom) =>
        MayModerate(user) && Identity.AccountOf(user) != whom.Id && (MayAdminister(user) || whom.Role is Roles.Reader or Roles.Member);

    /// <summary>What differs between a topic as it is and as it shall be; null stays as it is.</summary>
    public static IReadOnlyList<Change> ChangesOf(TopicView topic, bool? locked, bool? pinned, bool? hidden, Guid? channel) =>
    [
        .. Flag(topic.Id, topic.State, Decidable.Locked, locked),
        .. Flag(topic.Id, topic.State, Decidable.Pinned, pinned),
        .. Flag(topic.Id, topic.State, Decidable.Hidden, hidden),
        .. channel is { } to && to != topic.Channel ? [new Change(topic.Id, Decidable.Channel, Decidable.IdText(to))] : Array.Empty<Change>(),
    ];

    public static IReadOnlyList<Change> ChangesOf(ChannelView channel, string? title, string? description, int? place, bool? archived) =>
    [
        .. title is not null && title != channel.Title ? [new Change(channel.Id, Decidable.Title, title)] : Array.Empty<Change>(),
        .. description is not null && description != channel.Description ? [new Change(channel.Id, Decidable.Description, description)] : Array.Empty<Change>(),
        .. place is { } at && at != channel.Place ? [new Change(channel.Id, Decidable.Place, $"{at}")] : Array.Empty<Change>(),
        .. Flag(channel.Id, channel.State, Decidable.Archived, archived),
    ];

    /// <summary>What is wrong with the end of a ban, or null; null ends a ban.</summary>
    public static string? BanFault(DateTimeOffset? until, DateTimeOffset now) => until is not { } end ? null
        : end <= now ? "The end of a ban lies in the future." : end - now > LongestBan ? "A ban lasts ten years at the most." : null;

    /// <summary>A ban until then, or with null its end.</summary>
    public static Change Ban(AccountView account, DateTimeOffset? until) => new(account.Id, Decidable.Banned, until?.UtcDateTime.ToString("O") ?? "");

    /// <summary>Decides all of it at once, or nothing.</summary>
    /// <param name="changes">At least one.</param>
    public async Task<WriteResult> DecideAsync(ClaimsPrincipal by, string? reason, IReadOnlyList<Change> changes)
    {
        var author = Identity.AccountOf(by)!.Value;
        var result = await writes.WriteAsync(new(next => [.. changes.Select(c => new NewDecision(next(), c.Subject, c.Property, c.Value, author, reason ?? ""))]));
        foreach (var change in changes.Where(c => c.Property is Decidable.Role or Decidable.Banned or Decidable.SignedOut)) sessions.Forget(change.Subject);
        return result;
    }

    private static Change[] Flag(Guid subject, Decided state, string property, bool? wanted) =>
        wanted is { } shall && shall != state.Is(property) ? [new(subject, property, shall ? Decidable.Yes : "")] : [];
}
