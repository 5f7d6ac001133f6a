using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Daemon;

/// <summary>
/// What a member says of its binary logs. Each change of facts is a new incarnation that everybody is told of, so it says nothing that changes often: what was purged does so when logs
/// are purged, a file at a time.
/// </summary>
internal static class LogFacts
{
    /// <param name="logs">Null if they are not known.</param>
    public static MemberFacts With(this MemberFacts facts, OwnLogs? logs) =>
        RetentionFloor.Fit(facts with { Floor = logs?.Floor, KeepsLogsSeconds = logs is null ? null : Math.Min(logs.KeepsSeconds, uint.MaxValue - 1) });
}
