using System.Collections.Concurrent;
using System.Data.Common;
using Connect.LoadTests.Load;
using Connect.LoadTests.Posting;
using Connect.LoadTests.Ring;
using Connect.Node.Database;
using Dapper;

namespace Connect.LoadTests.Failover;

/// <summary>One row, on its way.</summary>
/// <param name="Sent">Just before its INSERT was sent.</param>
/// <param name="Committed">When the server had answered; 0 until then.</param>
public sealed record Probe(Guid Id, long Sent, long Committed);

/// <summary>Writes a row straight into one server every 5 ms, as that node's board would.</summary>
public sealed class ProbeWriter : IDisposable
{
    public static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(5);

    private readonly ConcurrentDictionary<Guid, Probe> _probes = new();
    private readonly Database _database;
    private readonly BoardTopic _topic;
    private readonly Uuid7 _ids;
    private readonly uint _origin;
    private readonly PacedThread _thread;
    private byte[]? _author;
    private int _failed;
    private string? _fault;

    /// <param name="node">Into whose server.</param>
    /// <param name="topic">A topic that only probes are written to.</param>
    /// <param name="ids">The same generator for every writer of a run: the ids then rise in the order of sending.</param>
    /// <param name="origin">The server id of that node: what its own board writes as <c>node</c>.</param>
    public ProbeWriter(RingMember node, BoardTopic topic, Uuid7 ids, uint origin)
    {
        (_database, _topic, _ids, _origin) = (node.OpenDatabase(), topic, ids, origin);
        _thread = new($"probe writer {node.Name}", Pace, Write);
    }

    /// <summary>Inserts that failed.</summary>
    public int Failed => _failed;

    /// <summary>Why the last failed one did; null if none did.</summary>
    public string? Fault => Volatile.Read(ref _fault);

    public int Written => _probes.Count;

    public Probe? Find(Guid id) => _probes.GetValueOrDefault(id);

    public void Start() => _thread.Start();

    public void Dispose()
    {
        _thread.Dispose();
        _database.Dispose();
    }

    private void Write()
    {
        var id = _ids.Next();
        var probe = new Probe(id, Clock.Now, 0);
        _probes[id] = probe; // before it is sent: whoever sees the row must find it here
        try
        {
            _database.RunAsync(Insert, TimeSpan.FromSeconds(2)).GetAwaiter().GetResult();
            _probes[id] = probe with { Committed = Clock.Now };
        }
        catch (Exception e) when (e is DatabaseUnavailableException or DbException)
        {
            Interlocked.Increment(ref _failed);
            Volatile.Write(ref _fault, e.Message);
        }

        void Insert(DbConnection connection)
        {
            _author ??= connection.QuerySingle<byte[]>("SELECT author_id FROM post WHERE id = @id", new { id = Uuid7.ToBytes(_topic.FirstPost) });
            connection.Execute("INSERT INTO post (id, node, topic_id, author_id, body) VALUES (@id, @origin, @topic, @author, 'probe')",
                new { id = Uuid7.ToBytes(id), origin = _origin, topic = Uuid7.ToBytes(_topic.Id), author = _author });
        }
    }
}
