using System.Data.Common;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Connect.Node.Settings;

namespace Connect.Node.Database;

/// <summary>
/// A server that always answers in time: with a result, or with a <see cref="DatabaseUnavailableException"/>.
/// <para>
/// The driver's synchronous calls run here on a few dedicated threads, one connection each, whatever a server that stopped (SIGSTOP) does to
/// them. The caller waits no longer than its deadline; a call that overstays is abandoned and its thread is busy until the driver's own time-out (whole seconds) frees it. When every thread is stuck and the queue is full, callers are
/// refused at once: a bulkhead, so that a dead server costs a few threads and never the thread pool.
/// </para>
/// <para>
/// More calls than the server can answer are not served in their order: each would be answered when its caller is about to leave, and whoever needs two answers would get none, for as long as people
/// try again. Once the oldest has waited for <see cref="Standing"/>, the newest is next (adaptive LIFO: Maurer, "Fail at Scale", ACM Queue 2015), so that a server at its limit still answers as many as it can. With one
/// thread, calls are always in their order.
/// </para>
/// </summary>
public sealed class Database : IDisposable
{
    /// <summary>Calls that may wait for a thread; beyond it callers are refused.</summary>
    public const int MaxQueued = 512;

    /// <summary>A call that has waited for so long waits behind more than a burst. 100 ms.</summary>
    private static readonly TimeSpan Standing = TimeSpan.FromMilliseconds(100);

    private const int ConnectError = 1042;      // the driver's own number for "cannot connect"
    private const int ServerShutdown = 1053;
    private const int MariaDbKilled = 1927;     // ER_CONNECTION_KILLED
    private const int MySqlKilled = 3169;       // ER_SESSION_WAS_KILLED
    private const int MySqlIdleTooLong = 4031;  // ER_CLIENT_INTERACTION_TIMEOUT

    private static readonly TimeSpan PingWhenIdleFor = TimeSpan.FromMilliseconds(50); // less than a server needs to restart
    private static readonly TimeSpan IdleThreadLives = TimeSpan.FromSeconds(60);

    private readonly ServerAddress _server;
    private readonly Account _account;
    private readonly string? _schema;
    private readonly ServerTls _tls;
    private readonly int _maxThreads;
    private readonly int _driverSeconds;
    private readonly object _gate = new();
    private readonly LinkedList<Call> _queue = new(); // the oldest first
    private int _threads;
    private int _idle;
    private long _abandoned;
    private bool _disposed;

    /// <param name="server">Where it is.</param>
    /// <param name="account">As whom.</param>
    /// <param name="schema">Default schema, or null.</param>
    /// <param name="tls">Whether to encrypt, and whom to believe.</param>
    /// <param name="maxThreads">Connections at the most, and threads to use them.</param>
    /// <param name="driverSeconds">After how long the driver itself gives up: bounds how long an abandoned call keeps its thread.</param>
    public Database(ServerAddress server, Account account, string? schema, ServerTls tls, int maxThreads, int driverSeconds = 5)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxThreads, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(driverSeconds, 1);
        (_server, _account, _schema, _tls, _maxThreads, _driverSeconds) = (server, account, schema, tls, maxThreads, driverSeconds);
    }

    public ServerAddress Server => _server;

    /// <summary>Calls whose caller had gone when they ended, since the start.</summary>
    public long Abandoned => Interlocked.Read(ref _abandoned);

    /// <summary>Runs <paramref name="work"/> on a connection of its own.</summary>
    /// <param name="work">What to do; synchronous calls only. It must leave no transaction open.</param>
    /// <param name="deadline">How long the caller waits, queueing included.</param>
    /// <param name="cancel">Ends the wait early.</param>
    /// <exception cref="DatabaseUnavailableException">The server cannot be reached, broke the connection, is overloaded, or took too long.
    /// Whether a write took effect is then unknown.</exception>
    /// <exception cref="DbException">The server answered with an error.</exception>
    /// <remarks>What <paramref name="work"/> throws by itself comes through as it is; the connection is not used again then.</remarks>
    public async Task<T> RunAsync<T>(Func<DbConnection, T> work, TimeSpan deadline, CancellationToken cancel = default)
    {
        var call = new Call<T>(work);
        Enqueue(call);
        try
        {
            return await call.Result.WaitAsync(deadline, cancel);
        }
        catch (TimeoutException)
        {
            if (call.Result.IsCompleted) return await call.Result; // in the last moment, or the work's own TimeoutException
            call.Abandon();
            throw new DatabaseUnavailableException($"{_server} did not answer within {deadline.TotalMilliseconds:0} ms.");
        }
        catch (OperationCanceledException)
        {
            call.Abandon();
            throw;
        }
    }

    /// <inheritdoc cref="RunAsync{T}"/>
    public Task RunAsync(Action<DbConnection> work, TimeSpan deadline, CancellationToken cancel = default) =>
        RunAsync(connection => { work(connection); return true; }, deadline, cancel);

    /// <summary>The number of an error that the server sent; 0 if the failure was not the server's answer.</summary>
    public static int ErrorNumber(Exception e) => MySqlDriver.NumberOf(e);

    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed) return;
            _disposed = true;
            foreach (var call in _queue) call.Fail(new ObjectDisposedException(nameof(Database)));
            _queue.Clear();
            Monitor.PulseAll(_gate);
        }
    }

    private void Enqueue(Call call)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_queue.Count >= MaxQueued) Refuse();
            _queue.AddLast(call);
            Monitor.Pulse(_gate);
            if (_idle < _queue.Count && _threads < _maxThreads)
            {
                _threads++;
                new Thread(Serve) { IsBackground = true, Name = $"database {_server}" }.Start();
            }
        }
    }

    /// <summary>Makes room: the one that would be served last goes without an answer.</summary>
    private void Refuse()
    {
        var overloaded = new DatabaseUnavailableException($"{_server} is overloaded: {MaxQueued} calls are waiting for it.");
        if (_maxThreads == 1) throw overloaded;
        _queue.First!.Value.Fail(overloaded);
        _queue.RemoveFirst();
    }

    /// <summary>One thread with one connection: takes calls until there have been none for a minute.</summary>
    private void Serve()
    {
        DbConnection? connection = null;
        var lastUsed = Stopwatch.GetTimestamp();
        while (Next() is { } call)
        {
            if (!call.Begin()) continue;
            try
            {
                if (connection is not null && Stopwatch.GetElapsedTime(lastUsed) > PingWhenIdleFor && !MySqlDriver.Ping(connection)) Close(ref connection);
                connection ??= MySqlDriver.Open(_server, _account, _schema, _tls, _driverSeconds);
                call.Run(connection);
            }
            catch (Exception e)
            {
                var unavailable = connection is null || IsBroken(connection, e);
                if (unavailable || e is not DbException) Close(ref connection);
                call.Fail(unavailable ? new DatabaseUnavailableException($"{_server}: {e.Message}", e) : e);
            }
            lastUsed = Stopwatch.GetTimestamp();
            if (call.WasAbandoned) Interlocked.Increment(ref _abandoned);
        }
        Close(ref connection);
    }

    /// <summary>The next call, or null when this thread has been idle for long enough and may end.</summary>
    private Call? Next()
    {
        lock (_gate)
        {
            while (true)
            {
                if (!_disposed && TryTake(out var call)) return call;
                _idle++;
                var pulsed = !_disposed && Monitor.Wait(_gate, IdleThreadLives);
                _idle--;
                if (pulsed || (_queue.Count > 0 && !_disposed)) continue;
                _threads--;
                return null;
            }
        }
    }

    private bool TryTake([NotNullWhen(true)] out Call? call)
    {
        while (_queue.First is { Value.WasAbandoned: true }) _queue.RemoveFirst();
        call = null;
        if (_queue.First is not { } next) return false;
        if (_maxThreads > 1 && Stopwatch.GetElapsedTime(next.Value.Since) > Standing) next = _queue.Last!;
        call = next.Value;
        _queue.Remove(next);
        return true;
    }

    /// <summary>An error the server sent in an orderly way leaves the connection usable; a time-out, a reset or a broken protocol does not.</summary>
    private static bool IsBroken(DbConnection connection, Exception e) => connection.State != System.Data.ConnectionState.Open
        || e is IOException or System.Net.Sockets.SocketException
        || (e is DbException && MySqlDriver.NumberOf(e) is 0 or ConnectError or ServerShutdown or MariaDbKilled or MySqlKilled or MySqlIdleTooLong);

    private static void Close(ref DbConnection? connection)
    {
        try
        {
            connection?.Dispose();
        }
        catch (Exception e) when (e is DbException or IOException or InvalidOperationException)
        {
            // It is being thrown away because it is broken; that it cannot even say goodbye changes nothing.
        }
        connection = null;
    }

    private abstract class Call
    {
        private int _state; // 0 waiting, 1 running, 2 abandoned

        /// <summary>Since when it waits, as <see cref="Stopwatch"/> counts.</summary>
        public long Since { get; } = Stopwatch.GetTimestamp();

        /// <summary>False if the caller left before it began: then it must not run at all.</summary>
        public bool Begin() => Interlocked.CompareExchange(ref _state, 1, 0) == 0;

        public void Abandon() => Interlocked.Exchange(ref _state, 2);

        public bool WasAbandoned => Volatile.Read(ref _state) == 2;

        public abstract void Run(DbConnection connection);

        public abstract void Fail(Exception e);
    }

    private sealed class Call<T>(Func<DbConnection, T> work) : Call
    {
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<T> Result => _done.Task;

        public override void Run(DbConnection connection) => _done.TrySetResult(work(connection));

        public override void Fail(Exception e)
        {
            _done.TrySetException(e);
            _ = _done.Task.Exception; // observed: an abandoned caller must not bring the process down
        }
    }
}

/// <summary>The server could not be asked, or did not answer in time.</summary>
public class DatabaseUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
