using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Accounts.External;
using Connect.BoardWeb.Accounts.Passkeys;
using Connect.BoardWeb.Approvals;
using Connect.BoardWeb.Channels;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Ring;
using Connect.BoardWeb.Search;
using Connect.BoardWeb.Topics;

namespace Connect.BoardWeb.Api;

public sealed record NewChannelBody(string? Slug, string? Title);

public sealed record NewTopicBody(string? Title, string? Body);

public sealed record NewPostBody(string? Body, Guid? InReplyTo);

/// <param name="Version">The version that was read; with another one by then the answer is 409. Null: whatever it says now is replaced.</param>
public sealed record EditBody(string? Body, string? Reason, Guid? Version);

/// <param name="Scopes">Of read, write, moderate, administer; null: whatever the account may.</param>
public sealed record NewTokenBody(string? Account, string? Label, bool? Unlimited, IReadOnlyList<string>? Scopes);

public sealed record ChannelCreated(Guid Id, string Slug, string Node, int Copies);

public sealed record TopicCreated(Guid Id, Guid PostId, string Node, int Copies);

public sealed record PostCreated(Guid Id, string Node, int Copies);

/// <param name="Version">Of the post from now on.</param>
public sealed record PostChanged(Guid Id, Guid Version, string Node, int Copies);

/// <param name="Scopes">Null: whatever the account may.</param>
public sealed record TokenCreated(Guid Id, string Token, string Account, string Label, bool Unlimited, IReadOnlyList<string>? Scopes, string Node, int Copies);

/// <param name="Scopes">Null: whatever the account may.</param>
public sealed record TokenItem(Guid Id, string Label, bool Unlimited, IReadOnlyList<string>? Scopes, DateTimeOffset CreatedAt)
{
    public static TokenItem Of(TokenView t) => new(t.Id, t.Label, t.Unlimited, t.Scopes?.Names, t.CreatedAt);
}

/// <param name="Provider">Its name in the node's settings.</param>
/// <param name="LeadsHere">False: an account that is linked to the same one since earlier is signed in with it.</param>
public sealed record LoginItem(Guid Id, string Provider, DateTimeOffset LinkedAt, bool LeadsHere)
{
    public static LoginItem Of(ExternalLogin l) => new(l.Id, l.Provider, l.LinkedAt, l.LeadsHere);
}

/// <param name="Label">What its owner calls it.</param>
public sealed record PasskeyItem(Guid Id, string Label, DateTimeOffset AddedAt)
{
    public static PasskeyItem Of(Passkey p) => new(p.Id, p.Label, p.AddedAt);
}

/// <param name="Id">Of what is no more.</param>
public sealed record Removed(Guid Id, string Node, int Copies);

/// <summary>Some items, and the cursor with which the next ones are asked for; null at the end.</summary>
public sealed record Listing<T>(IReadOnlyList<T> Items, string? Next);

/// <param name="Node">The node that wrote it; <c>#12</c> for an incarnation this node knows only by number.</param>
/// <param name="Place">On the front page; null if it was not given one.</param>
/// <param name="Archived">It is read only.</param>
public sealed record ChannelItem(Guid Id, string Slug, string Title, DateTimeOffset CreatedAt, string Node, string Description, int? Place, bool Archived)
{
    public static ChannelItem Of(ChannelView c, NodeNames names) => new(c.Id, c.Slug, c.Title, c.CreatedAt, names[c.Origin], c.Description, c.Place, c.IsArchived);
}

/// <param name="Node">The node that wrote it.</param>
/// <param name="Channel">The id of the channel it is in.</param>
/// <param name="Held">It waits for a moderator, or was rejected: nobody else sees it. Null for all others.</param>
public sealed record TopicItem(
    Guid Id, string Title, string Author, DateTimeOffset CreatedAt, DateTimeOffset LastActivity, string Node, Guid Channel, bool Locked, bool Pinned, bool Hidden, HeldItem? Held)
{
    public static TopicItem Of(TopicView t, NodeNames names) =>
        new(t.Id, t.Title, t.Author, t.CreatedAt, t.LastActivity, names[t.Origin], t.Channel, t.IsLocked, t.IsPinned, t.IsHidden, HeldItem.Of(t.Approval));
}

/// <param name="Body">Markdown, as it was typed.</param>
/// <param name="Html">Rendered and safe to show.</param>
/// <param name="Node">The node that wrote it.</param>
/// <param name="ServerId">The incarnation that wrote it.</param>
/// <param name="Version">Another one after every change.</param>
/// <param name="EditedAt">When it was last edited; null if it was not.</param>
/// <param name="Deleted">Its text is empty then.</param>
/// <param name="Reactions">How many people have given each.</param>
/// <param name="Held">It waits for a moderator, or was rejected: nobody else sees it. Null for all others.</param>
public sealed record PostItem(
    Guid Id, string Author, string Body, string Html, DateTimeOffset CreatedAt, string Node, long ServerId, Guid? InReplyTo, Guid Topic, Guid Version, DateTimeOffset? EditedAt, bool Deleted,
    IReadOnlyDictionary<string, int> Reactions, HeldItem? Held)
{
    public static PostItem Of(PostView p, NodeNames names) =>
        new(p.Id, p.Author, p.Body, p.Html, p.CreatedAt, names[p.Origin], p.Origin, p.RepliesTo?.Post, p.Topic, p.Version, p.State.Edit?.At, p.IsDeleted,
            p.Reactions.ToDictionary(r => r.Kind.Name, r => r.People), HeldItem.Of(p.Approval));
}

/// <param name="Kind">edit, delete or restore.</param>
/// <param name="Body">The whole new text of an edit.</param>
public sealed record RevisionItem(Guid Id, string Kind, string By, DateTimeOffset At, string Reason, string? Body)
{
    public static RevisionItem Of(Revision r) => new(r.Id, r.Kind, r.By, r.At, r.Reason, r.Body);
}

/// <summary>What shall be different about a topic; what is null or missing stays as it is.</summary>
/// <param name="Channel">The slug of the channel to move it to.</param>
public sealed record TopicChangesBody(bool? Locked, bool? Pinned, bool? Hidden, string? Channel, string? Reason);

/// <summary>What shall be different about a channel; what is null or missing stays as it is.</summary>
public sealed record ChannelChangesBody(string? Title, string? Description, int? Place, bool? Archived, string? Reason);

/// <param name="Role">reader, member, moderator or administrator.</param>
public sealed record RoleBody(string? Role, string? Reason);

/// <param name="Until">Null ends a ban.</param>
public sealed record BanBody(DateTimeOffset? Until, string? Reason);

public sealed record ReasonBody(string? Reason);

/// <summary>What was decided, and where.</summary>
/// <param name="Decided">Properties that changed; none if all was so already.</param>
public sealed record DecisionsMade(IReadOnlyList<string> Decided, string Node, int Copies);

/// <param name="Code">To be given to whoever has forgotten the password; it opens once.</param>
public sealed record ResetCode(string Code, DateTimeOffset Until, string Node, int Copies);

public sealed record ReportCreated(Guid Id, string Node, int Copies);

/// <param name="BannedUntil">Null without a ban that is still on.</param>
public sealed record AccountItem(Guid Id, string Name, string Role, DateTimeOffset CreatedAt, DateTimeOffset? BannedUntil, string? BanReason)
{
    public static AccountItem Of(AccountView a, DateTimeOffset now)
    {
        var banned = a.BannedUntil > now;
        return new(a.Id, a.Name, a.Role, a.CreatedAt, banned ? a.BannedUntil : null, banned ? a.Ban!.Reason : null);
    }
}

public sealed record ReportItem(Guid Id, Guid Post, string By, DateTimeOffset At, string Reason)
{
    public static ReportItem Of(Report r) => new(r.Id, r.Post, r.By, r.At, r.Reason);
}

/// <param name="Subject">The id of what it is about.</param>
/// <param name="About">The same in words.</param>
public sealed record DecisionItem(Guid Id, Guid Subject, string About, string Property, string Value, string By, DateTimeOffset At, string Reason)
{
    public static DecisionItem Of(LoggedDecision l) =>
        new(l.Decision.Id, l.Decision.Subject, l.About, l.Decision.Property, l.Decision.Value, l.Decision.By, l.Decision.At, l.Decision.Reason);
}

/// <param name="Title">Of the topic.</param>
/// <param name="Excerpt">Where it matches, as HTML that is safe to show: the words that do stand in <c>mark</c>.</param>
public sealed record SearchItem(PostItem Post, Guid Topic, string Title, string Excerpt)
{
    public static SearchItem Of(SearchHit hit, NodeNames names) => new(PostItem.Of(hit.Post, names), hit.Post.Topic, hit.Title, hit.Excerpt);
}
