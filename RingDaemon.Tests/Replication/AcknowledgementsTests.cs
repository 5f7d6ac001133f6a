using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Replication;
using Connect.RingDaemon.Replication.Acknowledgement;
using Level = Connect.Node.Settings.Acknowledgement;

namespace Connect.RingDaemon.Tests.Replication;

/// <summary>Peers here are played: each answers as far as the test lets it get.</summary>
public sealed class AcknowledgementsTests : IAsyncDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(50);

    private readonly Dictionary<string, PlayedPeer> _peers = new() { ["b"] = new(), ["c"] = new(), ["d"] = new() };
    private readonly Acknowledgements _acknowledgements;

    public AcknowledgementsTests() => _acknowledgements = new(Engine.MariaDB, peer => _peers[peer.Name]);

    [Fact]
    public async Task Local_and_alone_need_nobody()
    {
        _acknowledgements.SetAlive([], alone: true);
        Assert.Equal((true, 0, 0), Short3(await _acknowledgements.WaitAsync(At(1), Level.All, Long)));
        Alive("b");
        Assert.Equal((true, 0, 0), Short3(await _acknowledgements.WaitAsync(At(1), Level.Local, Long)));
    }

    [Fact]
    public async Task With_members_that_are_all_dead_a_copy_is_pending_and_nobody_waits_for_it()
    {
        Assert.Equal((false, 0, 1), Short3(await _acknowledgements.WaitAsync(At(1), Level.One, Long))); // nothing is known yet
        Alive();
        Assert.Equal((false, 0, 1), Short3(await _acknowledgements.WaitAsync(At(1), Level.One, Long)));
        Assert.Equal((false, 0, 1), Short3(await _acknowledgements.WaitAsync(At(1), Level.All, Long)));
    }

    [Fact]
    public async Task One_is_done_with_the_first_and_all_with_the_last()
    {
        Alive("b", "c");
        var one = _acknowledgements.WaitAsync(At(1), Level.One, Long);
        var all = _acknowledgements.WaitAsync(At(1), Level.All, Long);
        _peers["c"].Reach(1);
        Assert.Equal(["c"], (await one).Holders);
        Assert.False(all.IsCompleted);
        _peers["b"].Reach(1);
        Assert.Equal((true, 2, 2), Short3(await all));
    }

    [Fact]
    public async Task One_answer_serves_every_older_write_and_the_next_one_asks_nobody()
    {
        Alive("b");
        var waiting = Enumerable.Range(1, 100).Select(i => _acknowledgements.WaitAsync(At(i), Level.One, Long)).ToList();
        _peers["b"].Reach(100);
        Assert.All(await Task.WhenAll(waiting), r => Assert.True(r.Satisfied));
        Assert.InRange(_peers["b"].Asked, 1, 3);
        var asked = _peers["b"].Asked;
        Assert.True((await _acknowledgements.WaitAsync(At(50), Level.All, Long)).Satisfied);
        Assert.Equal(asked, _peers["b"].Asked);
        Assert.Equal(0, _acknowledgements.Outstanding);
    }

    [Fact]
    public async Task A_wait_that_runs_out_tells_who_has_it_and_leaves_nothing_behind()
    {
        Alive("b", "c");
        _peers["b"].Reach(1);
        var result = await _acknowledgements.WaitAsync(At(1), Level.All, TimeSpan.FromSeconds(1));
        Assert.Equal((false, 1, 2), Short3(result));
        Assert.Equal(["b"], result.Holders);
        using var cancelled = new CancellationTokenSource(Short);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _acknowledgements.WaitAsync(At(9), Level.One, Long, cancelled.Token));
        Assert.Equal(0, _acknowledgements.Outstanding);
    }

    [Fact]
    public async Task The_last_peer_dies_and_another_comes()
    {
        Alive("b");
        var waiting = _acknowledgements.WaitAsync(At(1), Level.One, Long);
        Alive();
        Assert.False(waiting.IsCompleted); // a copy was wanted when it began
        Alive("c");
        _peers["c"].Reach(1);
        Assert.Equal(["c"], (await waiting).Holders);

        Alive("d");
        var lonely = _acknowledgements.WaitAsync(At(2), Level.One, Short);
        Alive();
        Assert.Equal((false, 0, 1), Short3(await lonely));
    }

    [Fact]
    public async Task All_follows_the_living()
    {
        Alive("b", "c");
        var waiting = _acknowledgements.WaitAsync(At(1), Level.All, Long);
        _peers["b"].Reach(1);
        Alive("b");
        Assert.Equal((true, 1, 1), Short3(await waiting));

        var second = _acknowledgements.WaitAsync(At(2), Level.All, Long);
        Alive("b", "d");
        _peers["b"].Reach(2);
        _peers["d"].Reach(2);
        Assert.Equal((true, 2, 2), Short3(await second));
    }

    [Fact]
    public async Task A_peer_that_fails_is_asked_again()
    {
        Alive("b");
        _peers["b"].FailOnce();
        var waiting = _acknowledgements.WaitAsync(At(1), Level.One, Long);
        _peers["b"].Reach(1);
        Assert.True((await waiting).Satisfied);
    }

    [Fact]
    public async Task The_queue_is_bounded()
    {
        Alive("b");
        var waiting = Enumerable.Range(1, Acknowledgements.MaxOutstanding).Select(i => _acknowledgements.WaitAsync(At(i), Level.One, Long)).ToList();
        Assert.Equal((false, 0, 1), Short3(await _acknowledgements.WaitAsync(At(9999), Level.One, Long)));
        await _acknowledgements.DisposeAsync();
        Assert.All(await Task.WhenAll(waiting), r => Assert.False(r.Satisfied));
    }

    public async ValueTask DisposeAsync() => await _acknowledgements.DisposeAsync();

    private static GtidSet At(long sequence) => GtidSet.Parse(Engine.MariaDB, $"1-1-{sequence}");

    private static (bool, int, int) Short3(AckResult result) => (result.Satisfied, result.Copies, result.Wanted);

    private void Alive(params string[] names) =>
        _acknowledgements.SetAlive([.. names.Select(name => new AckPeer(name, new ServerAddress("127.0.0.1", 1), name))], alone: false);

    private sealed class PlayedPeer : IPeerServer
    {
        private readonly Lock _gate = new();
        private TaskCompletionSource _moved = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private GtidSet _executed = GtidSet.Empty(Engine.MariaDB);
        private int _failures;
        private int _asked;

        public int Asked => Volatile.Read(ref _asked);

        public void Reach(long sequence)
        {
            lock (_gate)
            {
                _executed = At(sequence);
                _moved.TrySetResult();
                _moved = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        public void FailOnce() => _failures = 1;

        public Task<PeerPosition> PositionAsync(TimeSpan deadline, CancellationToken cancel = default) => throw new NotSupportedException();

        public async Task<GtidSet> WaitForAsync(GtidSet position, TimeSpan timeout, CancellationToken cancel = default)
        {
            Interlocked.Increment(ref _asked);
            if (Interlocked.Exchange(ref _failures, 0) == 1) throw new DatabaseUnavailableException("played");
            Task moved;
            lock (_gate)
            {
                if (_executed.Contains(position)) return _executed;
                moved = _moved.Task;
            }
            await Task.WhenAny(moved, Task.Delay(timeout, cancel));
            cancel.ThrowIfCancellationRequested();
            lock (_gate) return _executed;
        }

        public void Dispose()
        {
        }
    }
}
