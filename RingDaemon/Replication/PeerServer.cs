using System.Diagnostics;
using Connect.Node.Database;
using Connect.Node.Settings;

namespace Connect.RingDaemon.Replication;

/// <summary>
/// A member's server of either engine. It uses two fixed connections: one for questions, one for waits, so that a question never queues behind a wait.
/// </summary>
public sealed class PeerServer : IPeerServer
{
    /// <summary>The longest single wait on the peer's server: a wait that nobody needs any more occupies its connection no longer.</summary>
    public static readonly TimeSpan MaxSlice = TimeSpan.FromMilliseconds(500);

    private const int DriverSeconds = 2;

    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(500);

    private readonly IDialect _dialect;
    private readonly string _schema;
    private readonly Database _questions;
    private readonly Database _waits;
    private string? _origin;

    /// <param name="engine">The ring's engine.</param>
    /// <param name="server">Where the peer's server is.</param>
    /// <param name="peer">The ring's account Peer.</param>
    /// <param name="schema">The board's schema.</param>
    /// <param name="tls">Encrypt.</param>
    public PeerServer(Engine engine, ServerAddress server, Account peer, string schema, ServerTls tls)
    {
        (_dialect, _schema) = (Dialect.Of(engine), schema);
        _questions = new(server, peer, schema: null, tls, maxThreads: 1, DriverSeconds);
        _waits = new(server, peer, schema: null, tls, maxThreads: 1, DriverSeconds);
    }

    public async Task<PeerPosition> PositionAsync(TimeSpan deadline, CancellationToken cancel = default)
    {
        // Purged first: both only grow, so what is reported as purged has surely been executed.
        var position = await _questions.RunAsync(connection =>
        {
            var purged = _dialect.Purged(connection, _schema);
            return new PeerPosition(_dialect.Executed(connection), purged, _dialect.Identity(connection));
        }, deadline, cancel);
        _origin = position.Identity.Origin;
        return position;
    }

    /// <remarks>
    /// Waits in slices of <see cref="MaxSlice"/>, one round trip each. A server that does not answer is reported half a second after a slice should have ended.
    /// </remarks>
    public async Task<GtidSet> WaitForAsync(GtidSet position, TimeSpan timeout, CancellationToken cancel = default)
    {
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            var left = timeout - Stopwatch.GetElapsedTime(since);
            var slice = left < MaxSlice ? left : MaxSlice;
            var executed = await _waits.RunAsync(connection => _dialect.WaitAndRead(connection, position, _origin, slice), slice + Grace, cancel);
            if (left <= MaxSlice || executed.Contains(position)) return executed;
        }
    }

    public void Dispose()
    {
        _questions.Dispose();
        _waits.Dispose();
    }
}
