using Connect.Node.Database;
using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Daemon;

/// <summary>A member whose server is out of reach, as this node saw it.</summary>
/// <param name="Origin">Of its server; another one that comes back under the name is another absence.</param>
/// <param name="Since">By this node's wall clock. While this daemon was away itself it saw nothing: the true absence may have begun earlier.</param>
/// <param name="Position">What this node had executed shortly before, which is about what the other had; null if it could not be read.</param>
/// <param name="Warned">What the audit log was told already.</param>
public sealed record Absence(string Name, string Origin, DateTimeOffset Since, string? Position, LogsLeft Warned = LogsLeft.Enough)
{
    /// <summary>Who is away now: those who were before and are not back, and those who were lost since.</summary>
    /// <param name="me">This node, which is not away for itself.</param>
    /// <param name="position">What this node has executed.</param>
    public static Absence[] After(IReadOnlyList<Absence> before, View view, string me, GtidSet? position, DateTimeOffset now)
    {
        if (view.Find(me) is null) return [.. before]; // not in the ring yet: nobody was looked for
        var away = view.Members.Where(m => m.Name != me && m is { Liveness: not Liveness.Left, HasServer: false });
        return [.. away.Select(m => before.FirstOrDefault(a => a.Name == m.Name && a.Origin == m.Facts.Origin) ?? new(m.Name, m.Facts.Origin, now, position?.ToString()))];
    }
}
