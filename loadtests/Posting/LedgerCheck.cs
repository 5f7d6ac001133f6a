using Connect.LoadTests.Load;
using Connect.LoadTests.Ring;
using Connect.Node.Database;
using Dapper;

namespace Connect.LoadTests.Posting;

/// <summary>After a run, reads the measured topic on every node's own server and holds it against the ledger.</summary>
public static class LedgerCheck
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan QueryDeadline = TimeSpan.FromSeconds(30);

    /// <param name="ring">Whose servers are read, with each node's board account; nothing is written.</param>
    /// <param name="topic">The topic the load went to.</param>
    /// <param name="ledger">What was promised.</param>
    /// <param name="patience">What is still missing after that is lost.</param>
    /// <param name="reading">How long one server may take to tell all posts of the topic; half a minute if it is not said.</param>
    /// <exception cref="DatabaseUnavailableException">A server does not answer: nothing can be said then.</exception>
    public static async Task<LedgerVerdict> RunAsync(RingUnderTest ring, Guid topic, Ledger ledger, TimeSpan patience, CancellationToken cancel, TimeSpan? reading = null)
    {
        var promised = ledger.Acknowledged.ToArray();
        var deadline = Clock.After(Clock.Now, patience);
        int? missingAtFirst = null;
        while (true)
        {
            var stored = new Dictionary<string, IReadOnlyCollection<StoredPost>>();
            foreach (var node in ring.Nodes) stored[node.Name] = await ReadAsync(node, topic, reading ?? QueryDeadline, cancel);
            var missing = stored.SelectMany(s => LedgerJudge.Missing(s.Key, promised, s.Value)).ToArray();
            missingAtFirst ??= missing.Length;
            if (missing.Length > 0 && Clock.Now < deadline)
            {
                await Task.Delay(LookAgain, cancel);
                continue;
            }
            var there = stored.Values.SelectMany(s => s).Select(s => LedgerJudge.TokenOf(s.Body)).OfType<string>().ToHashSet();
            return new(promised.Length, missing, [.. stored.SelectMany(s => LedgerJudge.Doubled(s.Key, s.Value))], missingAtFirst.Value - missing.Length,
                ledger.GivenUp.Count, ledger.GivenUp.Count(there.Contains), promised.Length - promised.Select(p => p.Id).Distinct().Count());
        }
    }

    private static async Task<IReadOnlyCollection<StoredPost>> ReadAsync(RingMember node, Guid topic, TimeSpan deadline, CancellationToken cancel)
    {
        using var database = node.OpenDatabase((int)deadline.TotalSeconds);
        return await database.RunAsync(connection => connection
            .Query<(byte[] Id, string Body, string? RequestKey)>("SELECT id, body, HEX(request_key) FROM post WHERE topic_id = @topic", new { topic = Uuid7.ToBytes(topic) })
            .Select(row => new StoredPost(Uuid7.FromBytes(row.Id), row.Body, row.RequestKey)).ToArray(), deadline, cancel);
    }
}
