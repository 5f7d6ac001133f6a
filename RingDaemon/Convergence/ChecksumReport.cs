namespace Connect.RingDaemon.Convergence;

/// <summary>What <c>checksum --json</c> prints; the names <c>equal</c>, <c>tables</c> with <c>table</c>, <c>digests</c> and <c>rows</c>, and <c>agreedAt</c> are CONTRACT's.</summary>
/// <param name="AgreedAt">The moment up to which they were found equal: every change that was committed before it on any of them was compared. Null if they are not equal.</param>
/// <param name="Differences">The rows that are not the same everywhere, at most <see cref="MostDifferences"/>; rows that are still on their way are not among them.</param>
/// <param name="MoreDifferences">There are more rows that differ than are named.</param>
/// <param name="Unheard">Members that are alive and did not answer: nothing is said about them.</param>
/// <param name="Note">What an operator should know besides; often empty.</param>
public sealed record ChecksumReport(
    bool Equal, IReadOnlyList<ChecksumReport.TablePart> Tables, DateTimeOffset? AgreedAt, IReadOnlyList<RowDifference> Differences, bool MoreDifferences, IReadOnlyList<string> Unheard, string Note)
{
    /// <summary>Most rows that are named.</summary>
    public const int MostDifferences = 1000;

    /// <param name="OldestRead">For each member, when the rows were read that were not read for the longest time; what happened since then it knows from counters.</param>
    public sealed record TablePart(
        string Table, bool Equal, IReadOnlyDictionary<string, string> Digests, IReadOnlyDictionary<string, long> Rows, IReadOnlyDictionary<string, DateTimeOffset?> OldestRead);
}
