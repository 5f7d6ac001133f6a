using System.Text.RegularExpressions;

namespace Connect.LoadTests.Posting;

/// <summary>A row of the table <c>post</c> as one node has it.</summary>
/// <param name="RequestKey">Hexadecimal, or null.</param>
public sealed record StoredPost(Guid Id, string Body, string? RequestKey);

/// <summary>A promise one node does not keep.</summary>
public sealed record LedgerFault(string Node, string Token, Guid Id, string What);

/// <summary>What became of every acknowledged post.</summary>
/// <param name="Acknowledged">Posts whose author was told that they are saved.</param>
/// <param name="Lost">Acknowledged, and missing on a node when the deadline of the check had passed (or there with another body).</param>
/// <param name="Doubled">Visible more than once on a node.</param>
/// <param name="Late">Node and post pairs that were missing at the first look after the load, and came before the deadline.</param>
/// <param name="UnacknowledgedButThere">Posts their client gave up on that are on the board all the same: allowed, and counted.</param>
/// <param name="SharedIds">Ids that were given to two posts.</param>
public sealed record LedgerVerdict(
    int Acknowledged, IReadOnlyList<LedgerFault> Lost, IReadOnlyList<LedgerFault> Doubled, int Late, int GivenUp, int UnacknowledgedButThere, int SharedIds)
{
    public bool Kept => Lost.Count == 0 && Doubled.Count == 0 && SharedIds == 0;
}

/// <summary>Compares promises with rows. Pure.</summary>
public static partial class LedgerJudge
{
    /// <summary>The token in a body; null if it has none.</summary>
    public static string? TokenOf(string body) => TokenWord().Match(body) is { Success: true } match ? match.Value : null;

    /// <summary>A new token.</summary>
    public static string NewToken() => $"t{Guid.NewGuid():N}";

    /// <summary>Acknowledged posts that a node lacks.</summary>
    public static IReadOnlyList<LedgerFault> Missing(string node, IReadOnlyCollection<Acknowledged> promised, IReadOnlyCollection<StoredPost> stored)
    {
        var bodies = stored.ToDictionary(s => s.Id, s => TokenOf(s.Body));
        return [.. promised.Where(p => bodies.GetValueOrDefault(p.Id) != p.Token)
            .Select(p => new LedgerFault(node, p.Token, p.Id, bodies.ContainsKey(p.Id) ? "the row has another body" : "missing"))];
    }

    /// <summary>
    /// Posts a reader of this node sees more than once. By the board's rule, of rows with one request key only the one with the earliest id counts; whatever
    /// is left of one body twice is seen twice.
    /// </summary>
    public static IReadOnlyList<LedgerFault> Doubled(string node, IReadOnlyCollection<StoredPost> stored)
    {
        var visible = stored.Where(s => s.RequestKey is null).Concat(stored.Where(s => s.RequestKey is not null).GroupBy(s => s.RequestKey).Select(g => g.MinBy(s => s.Id)!));
        return [.. visible.Select(s => (Token: TokenOf(s.Body), s.Id)).Where(v => v.Token is not null).GroupBy(v => v.Token!).Where(g => g.Count() > 1)
            .Select(g => new LedgerFault(node, g.Key, g.Max(v => v.Id), $"visible {g.Count()} times"))];
    }

    [GeneratedRegex(@"\bt[0-9a-f]{32}\b")]
    private static partial Regex TokenWord();
}
