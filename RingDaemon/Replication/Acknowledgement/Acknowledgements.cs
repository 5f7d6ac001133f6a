using System.Collections.Immutable;
using System.Diagnostics;
using Connect.Node.Database;
using Connect.Node.Settings;
using Level = Connect.Node.Settings.Acknowledgement;

namespace Connect.RingDaemon.Replication.Acknowledgement;

/// <summary>
/// Tells when enough other nodes hold a write. The peers are those that are alive now: tell each change with <see cref="SetAlive"/>, also during waits.
/// </summary>
public sealed class Acknowledgements(Engine engine, Func<AckPeer, IPeerServer> connect) : IAsyncDisposable
{
    /// <summary>Requests that may wait at the same time; beyond it callers are told at once that nothing is known.</summary>
    public const int MaxOutstanding = 4096;

    private readonly Lock _gate = new();
    private readonly LinkedList<Request> _outstanding = new();
    private ImmutableArray<AckFollower> _followers = [];
    private bool _alone;
    private bool _disposed;

    /// <summary>How many requests wait.</summary>
    public int Outstanding
    {
        get
        {
            lock (_gate) return _outstanding.Count;
        }
    }

    /// <summary>
    /// The members that are alive, without this node. Waits go on with the new set: one that died is no longer waited for, one that came counts.
    /// A peer with another address or origin than before is a new one.
    /// </summary>
    /// <param name="alone">This node is the whole ring: there is no other member, not even a dead one.</param>
    public void SetAlive(IReadOnlyCollection<AckPeer> alive, bool alone)
    {
        ImmutableArray<AckFollower> gone;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _alone = alone;
            gone = [.. _followers.Where(f => !alive.Contains(f.Peer))];
            var stay = _followers.Except(gone).ToImmutableArray();
            var come = alive.Distinct().Where(peer => stay.All(f => f.Peer != peer)).Select(peer => new AckFollower(peer, engine, connect(peer), OldestWanted, Progressed));
            _followers = [.. stay, .. come];
            CompleteSatisfied();
        }
        // Each ends by itself once its last call is over; nobody has to wait for a dead server.
        foreach (var follower in gone) _ = follower.DisposeAsync().AsTask();
    }

    /// <summary>Waits until as many of the others hold <paramref name="position"/> as <paramref name="level"/> demands.</summary>
    /// <param name="position">What must be held.</param>
    /// <param name="level"><c>Local</c>: nobody, returns at once. <c>One</c>: the first peer. <c>All</c>: every peer that is alive.</param>
    /// <param name="wait">How long; then the result says who holds it so far.</param>
    /// <param name="cancel">Gives up.</param>
    /// <remarks>
    /// In a ring of one nothing can be wanted, and the answer is satisfied with 0 of 0. With members that are all dead or out of reach it is not, at once: the post is on one disk,
    /// and whoever promised more would be lying. If the last peer dies <em>during</em> the wait the wait goes on: a copy was promised, and another peer may come.
    /// </remarks>
    public async Task<AckResult> WaitAsync(GtidSet position, Level level, TimeSpan wait, CancellationToken cancel = default)
    {
        Request request;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            request = new(position, level);
            if (level == Level.Local || _followers.IsEmpty || IsSatisfied(request) || _outstanding.Count >= MaxOutstanding) return Result(request, atStart: true);
            _outstanding.AddLast(request.Entry);
            foreach (var follower in _followers) follower.Wake();
        }
        try
        {
            return await request.Done.Task.WaitAsync(wait, cancel);
        }
        catch (TimeoutException)
        {
            lock (_gate) return Result(request, atStart: false);
        }
        finally
        {
            lock (_gate)
            {
                if (request.Entry.List is not null) _outstanding.Remove(request.Entry);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        ImmutableArray<AckFollower> followers;
        lock (_gate)
        {
            if (_disposed) return;
            _disposed = true;
            followers = _followers;
            _followers = [];
            foreach (var request in _outstanding) request.Done.TrySetResult(Result(request, atStart: false));
            _outstanding.Clear();
        }
        foreach (var follower in followers) await follower.DisposeAsync();
    }

    private GtidSet? OldestWanted(AckFollower follower)
    {
        lock (_gate) return _outstanding.FirstOrDefault(r => !follower.Executed.Contains(r.Position))?.Position;
    }

    private void Progressed(AckFollower follower)
    {
        lock (_gate) CompleteSatisfied();
    }

    private void CompleteSatisfied()
    {
        for (var entry = _outstanding.First; entry is not null;)
        {
            var (request, next) = (entry.Value, entry.Next);
            if (IsSatisfied(request))
            {
                _outstanding.Remove(entry);
                request.Done.TrySetResult(Result(request, atStart: false));
            }
            entry = next;
        }
        foreach (var follower in _followers) follower.Wake();
    }

    private bool IsSatisfied(Request request) => _followers.Length > 0 && HoldersOf(request).Count() >= Wanted(request.Level);

    private int Wanted(Level level) => level switch
    {
        Level.Local => 0,
        Level.One => 1,
        _ => Math.Max(1, _followers.Length),
    };

    private IEnumerable<string> HoldersOf(Request request) => _followers.Where(f => f.Executed.Contains(request.Position)).Select(f => f.Peer.Name);

    private AckResult Result(Request request, bool atStart)
    {
        string[] holders = [.. HoldersOf(request).Order(StringComparer.Ordinal)];
        var wanted = atStart && _followers.IsEmpty && _alone ? 0 : Wanted(request.Level);
        return new(holders.Length >= wanted, holders.Length, wanted, holders);
    }

    private sealed class Request
    {
        public Request(GtidSet position, Level level)
        {
            (Position, Level) = (position, level);
            Entry = new(this);
        }

        public GtidSet Position { get; }

        public Level Level { get; }

        public LinkedListNode<Request> Entry { get; }

        public TaskCompletionSource<AckResult> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
