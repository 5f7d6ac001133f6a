using Connect.LoadTests.Load;
using Connect.LoadTests.Posting;

namespace Connect.LoadTests.Failover;

/// <summary>A failed request, seen from the kill it belongs to.</summary>
/// <param name="Round">The last kill before the request failed; 0 if there was none.</param>
/// <param name="BeganMs">Its sending, ms from that kill (negative: before it).</param>
/// <param name="EndedMs">Its failure, ms from that kill.</param>
/// <param name="Inside">It was under way at some moment of the detection window.</param>
public sealed record FailureOffset(int Round, double BeganMs, double EndedMs, string Detail, string? BoardNode, bool Inside)
{
    /// <summary>The detection window begins with the kill and ends so long after its measured result. 100 ms.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(100);

    /// <summary>Pure.</summary>
    public static FailureOffset Of(FailedAttempt attempt, IReadOnlyList<Round> rounds)
    {
        if (rounds.LastOrDefault(r => r.KilledAt <= attempt.Ended) is not { } round)
            return new(0, 0, 0, attempt.Detail, attempt.BoardNode, Inside: false);
        var (began, ended) = (Clock.Milliseconds(round.KilledAt, attempt.Began), Clock.Milliseconds(round.KilledAt, attempt.Ended));
        var window = (round.ResultMs ?? FailoverOptions.RoundPatience.TotalMilliseconds) + Grace.TotalMilliseconds;
        return new(round.Number, began, ended, attempt.Detail, attempt.BoardNode, began <= window);
    }
}
