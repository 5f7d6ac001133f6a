using Connect.LoadTests.Ring;
using Connect.Node.Database;
using Dapper;

namespace Connect.LoadTests.Nemesis;

/// <summary>Topics of earlier faults, and how many posts each was found to have: none of them may have fewer later.</summary>
public sealed class PastTopics
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly Dictionary<Guid, long> _posts = [];

    public void Add(Guid topic, long posts) => _posts[topic] = posts;

    public static async Task<long> CountAsync(RingMember node, Guid topic, CancellationToken cancel) => (await CountsAsync(node, cancel)).GetValueOrDefault(topic);

    /// <summary>What is missing of earlier topics, in words; empty if nothing is.</summary>
    public async Task<string> MissingAsync(RingUnderTest ring, CancellationToken cancel)
    {
        foreach (var node in ring.Nodes)
        {
            var there = await CountsAsync(node, cancel);
            var shrunk = _posts.Where(p => there.GetValueOrDefault(p.Key) < p.Value).ToArray();
            if (shrunk.Length > 0) return $"{node.Name} has lost {shrunk.Sum(s => s.Value - there.GetValueOrDefault(s.Key))} posts of {shrunk.Length} earlier faults";
        }
        return "";
    }

    private static async Task<Dictionary<Guid, long>> CountsAsync(RingMember node, CancellationToken cancel)
    {
        using var database = node.OpenDatabase(driverSeconds: 30);
        return await database.RunAsync(connection => connection.Query<(byte[] Topic, long Posts)>("SELECT topic_id, COUNT(*) FROM post GROUP BY topic_id")
            .ToDictionary(row => Uuid7.FromBytes(row.Topic), row => row.Posts), Deadline, cancel);
    }
}
