using Connect.Node;
using Connect.Node.Database;
using Connect.Node.Settings;

namespace Connect.RingDaemon.Replication.Acknowledgement;

/// <summary>
/// Follows one peer: asks it for the oldest position somebody waits for and reports what the peer has executed. One answer serves every position it
/// contains, so the number of round trips depends on the peer's pace and not on the number of writers.
/// The wait itself runs on the peer connection's own thread; a peer that does not answer holds up nobody else.
/// </summary>
internal sealed class AckFollower : IAsyncDisposable
{
    /// <summary>How long one wait on the peer may last: after it, cancelled and new requests are seen.</summary>
    public static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(100);

    private readonly IPeerServer _server;
    private readonly Func<AckFollower, GtidSet?> _oldestWanted;
    private readonly Action<AckFollower> _progressed;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _wanted = new(0, 1);
    private readonly Task _running;
    private GtidSet _executed;

    /// <param name="peer">Whom to follow.</param>
    /// <param name="engine">The ring's engine.</param>
    /// <param name="server">Its server; disposed with the follower.</param>
    /// <param name="oldestWanted">The oldest outstanding position this peer is not yet known to have, or null.</param>
    /// <param name="progressed">Called after <see cref="Executed"/> grew.</param>
    public AckFollower(AckPeer peer, Engine engine, IPeerServer server, Func<AckFollower, GtidSet?> oldestWanted, Action<AckFollower> progressed)
    {
        (Peer, _server, _oldestWanted, _progressed) = (peer, server, oldestWanted, progressed);
        _executed = GtidSet.Empty(engine);
        _running = Task.Run(FollowAsync);
    }

    public AckPeer Peer { get; }

    /// <summary>What the peer is known to have executed.</summary>
    public GtidSet Executed => Volatile.Read(ref _executed);

    /// <summary>There is a new request.</summary>
    public void Wake() => _wanted.Wake();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _server.Dispose();
        await _running;
        _stop.Dispose();
        _wanted.Dispose();
    }

    private async Task FollowAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                if (_oldestWanted(this) is not { } position)
                {
                    await _wanted.WaitAsync(_stop.Token);
                    continue;
                }
                Volatile.Write(ref _executed, await _server.WaitForAsync(position, Slice, _stop.Token));
                _progressed(this);
            }
            catch (Exception e) when (e is DatabaseUnavailableException or System.Data.Common.DbException)
            {
                // The peer is down, slow or refuses: gossip will say so. Until then it is asked again, but not in a tight loop.
                await Task.Delay(RetryAfter, _stop.Token).ContinueWith(_ => { }, TaskScheduler.Default);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
