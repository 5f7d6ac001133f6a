using Connect.Node.Database;

namespace Connect.BoardWeb.Moderation;

/// <summary>What can be decided, and what its value says.</summary>
public static class Decidable
{
    /// <summary>Of an account: one of <see cref="Roles.All"/>.</summary>
    public const string Role = "role";

    /// <summary>Of an account: until when it may not write, as a round-trip time; empty if the ban is over.</summary>
    public const string Banned = "banned";

    /// <summary>Of an account: sessions from before the decision have ended. The value is empty.</summary>
    public const string SignedOut = "signed-out";

    /// <summary>Of an account: a code was made with which it gets another password. The value is empty.</summary>
    public const string Reset = "reset";

    /// <summary>Of a topic, <see cref="Yes"/> or empty: only moderators post in it; it stands above the others; only moderators see it (also of a file).</summary>
    public const string Locked = "locked", Pinned = "pinned", Hidden = "hidden";

    /// <summary>Of a topic: the id of the channel it was moved to, as <see cref="IdText"/>.</summary>
    public const string Channel = "channel";

    /// <summary>Of a channel: its title, a line about it, and its place on the front page (a number; without one it stands behind those that have one).</summary>
    public const string Title = "title", Description = "description", Place = "place";

    /// <summary>Of a channel, <see cref="Yes"/> or empty: it is read only.</summary>
    public const string Archived = "archived";

    /// <summary>Of a report: <see cref="Yes"/>.</summary>
    public const string Handled = "handled";

    /// <summary>Of somebody else's post: what was done to it, a kind of revision. The revision counts; this is for the log.</summary>
    public const string Post = "post";

    /// <summary>Of a post or a file: nothing of it is left. Once decided, it stays so; the value says which of the two it is. Daemons act on it.</summary>
    public const string Erased = "erased";

    /// <summary>Of a post or a topic: whether it waits for a moderator before others see it, as <see cref="Approvals.Approval"/> says.</summary>
    public const string Waits = "waits";

    /// <summary>Of a word: whether it is on the word list, and how it is written (<see cref="Admission.WordList"/>).</summary>
    public const string Word = "word";

    public const string Yes = "1";

    public static string IdText(Guid id) => id.ToString("N");

    /// <summary>Where a topic is.</summary>
    /// <param name="moved">What was decided last about its <see cref="Channel"/>; null if nothing was.</param>
    /// <param name="opened">The channel it was opened in.</param>
    public static Guid ChannelOf(string? moved, Guid opened) => Guid.TryParse(moved, out var there) ? there : opened;
}

/// <summary>What people may do on the board, each more than the one before.</summary>
public static class Roles
{
    public const string Reader = "reader", Member = "member", Moderator = "moderator", Administrator = "administrator";

    public static readonly IReadOnlyList<string> All = [Reader, Member, Moderator, Administrator];
}

/// <summary>One decision.</summary>
/// <param name="By">The name of whoever made it.</param>
public sealed record Decision(Guid Id, Guid Subject, string Property, string Value, Guid ById, string By, string Reason)
{
    public DateTimeOffset At => Uuid7.TimeOf(Id);
}

/// <summary>What has been decided about one subject: of each property the latest decision, so that two that were made on two sides of a partition give the same on every node.</summary>
public sealed class Decided(IEnumerable<Decision> latest)
{
    public static readonly Decided Nothing = new([]);

    private readonly Dictionary<string, Decision> _latest = latest.ToDictionary(d => d.Property);

    public Decision? this[string property] => _latest.GetValueOrDefault(property);

    public bool Is(string property) => this[property]?.Value == Decidable.Yes;

    public string? Text(string property) => this[property]?.Value is { Length: > 0 } value ? value : null;
}
