namespace Connect.BoardWeb.Mail;

/// <summary>A line of a digest.</summary>
/// <param name="What">What happened, in words.</param>
/// <param name="Url">Where it can be read.</param>
public sealed record DigestItem(string What, string Title, string Url, DateTimeOffset At);

/// <summary>What somebody has not seen yet.</summary>
/// <param name="Name">Whose it is.</param>
/// <param name="Items">The latest first, <see cref="DigestMail.MaxItems"/> at the most.</param>
/// <param name="HasMore">There are others.</param>
/// <param name="Board">The board's address.</param>
/// <param name="Unsubscribe">Where it is ended.</param>
public sealed record Digest(string Name, string Frequency, IReadOnlyList<DigestItem> Items, bool HasMore, string Board, string Unsubscribe);
