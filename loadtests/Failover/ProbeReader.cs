using System.Data.Common;
using Connect.LoadTests.Load;
using Connect.LoadTests.Posting;
using Connect.LoadTests.Ring;
using Connect.Node.Database;
using Dapper;

namespace Connect.LoadTests.Failover;

/// <summary>Looks every 2 ms for the newest probe row on one server. Ids rise in the order of sending, so the newest id says how far the stream has come.</summary>
public sealed class ProbeReader : IDisposable
{
    public static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(2);

    private readonly Lock _gate = new();
    private readonly List<(Guid Newest, long SeenAt)> _seen = [];
    private readonly Database _database;
    private readonly byte[] _topic;
    private readonly PacedThread _thread;
    private Guid _newest;

    public ProbeReader(RingMember node, BoardTopic topic)
    {
        (_database, _topic) = (node.OpenDatabase(), Uuid7.ToBytes(topic.Id));
        _thread = new($"probe reader {node.Name}", Pace, Look);
    }

    public void Start() => _thread.Start();

    /// <summary>Every time the newest row changed: which it was, and when the answer was there (so never too early).</summary>
    public IReadOnlyList<(Guid Newest, long SeenAt)> Seen()
    {
        lock (_gate) return [.. _seen];
    }

    public void Dispose()
    {
        _thread.Dispose();
        _database.Dispose();
    }

    private void Look()
    {
        try
        {
            var id = _database.RunAsync(c => c.ExecuteScalar<byte[]?>("SELECT MAX(id) FROM post WHERE topic_id = @topic", new { topic = _topic }), TimeSpan.FromSeconds(2))
                .GetAwaiter().GetResult();
            var now = Clock.Now;
            if (id is null || Uuid7.FromBytes(id) is var newest && newest == _newest) return;
            _newest = Uuid7.FromBytes(id);
            lock (_gate) _seen.Add((_newest, now));
        }
        catch (Exception e) when (e is DatabaseUnavailableException or DbException)
        {
            // Nothing was seen; the next look is 2 ms away.
        }
    }
}
