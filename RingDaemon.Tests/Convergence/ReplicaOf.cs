using Connect.Node.Database;
using Connect.RingDaemon.Convergence;
using Connect.RingDaemon.Tests.Replication;

namespace Connect.RingDaemon.Tests.Convergence;

/// <summary>One server's rows, as its daemon would compare them.</summary>
internal sealed class ReplicaOf : IDisposable
{
    private readonly Database _database;
    private readonly TableDigests _digests;

    public ReplicaOf(TestServer server)
    {
        _database = new(server.Address, server.Accounts.Daemon, TestServer.Schema, tls: false, maxThreads: 2, driverSeconds: 20);
        Rows = new(_database, server.Settings);
        Erasing = new(_database, server.Settings);
        _digests = new(new RangeReader(_database, server.Settings), server.Replication, server.Settings, TimeProvider.System);
        Replica = new OwnReplica(server.Settings, _digests, Rows, new RowLook(Rows, Erasing, server.Replication), server.Replication);
    }

    public OwnReplica Replica { get; }

    public TableRows Rows { get; }

    public Erasing Erasing { get; }

    public void Dispose()
    {
        _digests.Dispose();
        _database.Dispose();
    }
}
