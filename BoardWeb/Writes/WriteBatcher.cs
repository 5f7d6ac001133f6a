using System.Data.Common;
using System.Diagnostics;
using System.Text;
using System.Threading.Channels;
using Connect.BoardWeb.Archive;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Metrics;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Ring;
using Connect.BoardWeb.Storage;
using Connect.Node.Database;
using Connect.Node.Settings;
using Dapper;

namespace Connect.BoardWeb.Writes;

/// <summary>
/// The node's only writer. Whatever arrives within <c>posts:batchMilliseconds</c> becomes one transaction: one round trip, one flush, one
/// global transaction id, and one question to the daemon whether others hold it. Batch k+1 is committed while batch k still waits for
/// its copies.
/// <para>
/// Ids are made here, on the one connection that commits, so a node's ids become visible in rising order: that is what lets other nodes
/// find new posts by the highest id they have seen of each origin. One board per server is a condition for it.
/// </para>
/// </summary>
public sealed class WriteBatcher : IHostedService, IDisposable
{
    /// <summary>Writes that may wait; beyond it they are refused at once.</summary>
    public const int MaxQueued = 2048;

    /// <summary>Writes in one transaction.</summary>
    public const int MaxBatch = 256;

    /// <summary>Bytes in one transaction: well under the servers' default max_allowed_packet (16 MB).</summary>
    public const int MaxBatchBytes = 4 << 20;

    /// <summary>Batches that may wait for copies at the same time; then the writer waits too, and batches grow.</summary>
    public const int MaxAcksInFlight = 32;

    /// <summary>How long one attempt to commit may take, and how long in all until the author is told that the outcome is unknown.</summary>
    private const int ReadOnly = 1290; // ER_OPTION_PREVENTS_STATEMENT: read_only, and this account is not above it

    private static readonly TimeSpan Attempt = TimeSpan.FromSeconds(2), GiveUp = TimeSpan.FromSeconds(3);

    private readonly BoardDatabase _database;
    private readonly IRingDaemonClient _daemon;
    private readonly IWriteGate _gate;
    private readonly BoardMetrics _metrics;
    private readonly ILogger<WriteBatcher> _log;
    private readonly PostSettings _settings;
    private readonly Uuid7 _ids;
    private readonly Channel<Pending> _queue =
        Channel.CreateBounded<Pending>(new BoundedChannelOptions(MaxQueued) { SingleReader = true });
    private readonly SemaphoreSlim _acks = new(MaxAcksInFlight);
    private readonly string _lockName = $"connect-writer-{Guid.NewGuid():N}";

    private Task _loop = Task.CompletedTask;
    private Pending? _leftOver;
    private long _commits;

    // Only touched on the writer's own database thread.
    private DbConnection? _connection;
    private OwnServer? _server;

    public WriteBatcher(
        BoardDatabase database, IRingDaemonClient daemon, IWriteGate gate, NodeSettings settings, Uuid7 ids, BoardMetrics metrics, ILogger<WriteBatcher> log) =>
        (_database, _daemon, _gate, _settings, _ids, _metrics, _log) = (database, daemon, gate, settings.Posts, ids, metrics, log);

    /// <summary>Raised after each commit, on the writer's time: only for a quick signal.</summary>
    public event Action? Committed;

    /// <summary>How many transactions have been committed through this node since it started.</summary>
    public long Commits => Interlocked.Read(ref _commits);

    /// <summary>Writes that wait for the writer.</summary>
    public int Queued => _queue.Reader.Count;

    /// <summary>Writes all rows of <paramref name="write"/>, and waits for the copies the settings ask for.</summary>
    /// <exception cref="DatabaseUnavailableException">Refused or failed; after a failed commit the rows may still turn up, so a retry needs a
    /// <see cref="Claim"/>.</exception>
    public Task<WriteResult> WriteAsync(Write write)
    {
        if (_gate.Closed is { } why)
        {
            _metrics.WritesRefused.Add();
            throw new NodeBusyException(why);
        }
        var pending = new Pending(write);
        if (!_queue.Writer.TryWrite(pending))
        {
            _metrics.WritesRefused.Add();
            throw new NodeBusyException(_loop.IsCompleted ? T["NodeStopping"] : T["NodeOverloaded", MaxQueued]);
        }
        return pending.Result;
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _loop = Task.Run(RunAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    /// <summary>Takes nothing more, and finishes what it has.</summary>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        _queue.Writer.TryComplete();
        return _loop.WaitAsync(cancellationToken);
    }

    public void Dispose() => _acks.Dispose();

    private async Task RunAsync()
    {
        while (_leftOver is not null || await _queue.Reader.WaitToReadAsync())
        {
            var batch = await CollectAsync();
            if (batch.Count == 0) continue;
            try
            {
                await CommitAsync(batch);
            }
            catch (Exception e)
            {
                // Whatever it was, these authors must hear of it, and the next batch must get its chance.
                _log.LogError(e, "A batch of {Count} writes failed.", batch.Count);
                foreach (var pending in batch) pending.Fail(e);
            }
        }
        // Wait for the answers about the copies that are still under way.
        for (var i = 0; i < MaxAcksInFlight; i++) await _acks.WaitAsync();
    }

    private async Task<List<Pending>> CollectAsync()
    {
        if (_settings.BatchMilliseconds > 0 && _queue.Reader.Count < MaxBatch) await Task.Delay(_settings.BatchMilliseconds);
        var batch = new List<Pending>();
        var bytes = 0;
        while (batch.Count < MaxBatch && (_leftOver is not null || _queue.Reader.TryPeek(out _)))
        {
            var next = _leftOver;
            _leftOver = null;
            if (next is null && !_queue.Reader.TryRead(out next)) break;
            if (next.Age > GiveUp)
            {
                _metrics.WritesRefused.Add();
                next.Fail(new DatabaseUnavailableException($"{_database.Server} kept this write waiting for too long; it was not saved."));
                continue;
            }
            next.MakeRows(_ids.Next);
            bytes += next.Size;
            if (bytes > MaxBatchBytes && batch.Count > 0)
            {
                _leftOver = next;
                break;
            }
            batch.Add(next);
        }
        return batch;
    }

    /// <summary>
    /// Commits, and again if the outcome is unknown: the second attempt first waits until the server has ended the first one's session, then looks
    /// whether its rows are there. So rows never appear twice, and never after later ones.
    /// </summary>
    private async Task CommitAsync(List<Pending> batch)
    {
        var began = Stopwatch.GetTimestamp();
        for (var attempt = 0; ; attempt++)
        {
            var again = attempt > 0;
            try
            {
                var positions = await _database.Writer.RunAsync(connection => Commit(connection, batch, again), Attempt);
                Succeeded(batch, positions, Stopwatch.GetElapsedTime(began));
                await AcknowledgeAsync(batch, positions);
                return;
            }
            catch (Exception e) when (e is (DatabaseUnavailableException or TimeoutException) && Stopwatch.GetElapsedTime(began) < GiveUp)
            {
                _metrics.CommitRetries.Add();
                _log.LogWarning("The outcome of a batch of {Count} writes is unknown, looking again: {Reason}", batch.Count, e.Message);
                if (Stopwatch.GetElapsedTime(began) < Attempt) await Task.Delay(50);
            }
            catch (Exception e) when (e is DatabaseUnavailableException or TimeoutException)
            {
                _metrics.WritesRefused.Add(batch.Count);
                foreach (var pending in batch)
                    pending.Fail(new OutcomeUnknownException($"It is not known whether this was saved: {e.Message}", e));
                return;
            }
            catch (DbException e) when (Database.ErrorNumber(e) == ReadOnly)
            {
                // Its daemon has not opened it (again): nothing was written, and soon it may be.
                if (Stopwatch.GetElapsedTime(began) < GiveUp)
                {
                    _metrics.CommitRetries.Add();
                    await Task.Delay(50);
                    continue;
                }
                _metrics.WritesRefused.Add(batch.Count);
                foreach (var pending in batch) pending.Fail(new DatabaseUnavailableException($"{_database.Server} takes no writes now; it was not saved.", e));
                return;
            }
            catch (DbException e) when (batch.Count > 1)
            {
                // The server refused in an orderly way, so nothing of it was written. One bad row must not cost the others.
                _log.LogWarning(e, "The server refused a batch of {Count} writes; they are tried one by one.", batch.Count);
                foreach (var pending in batch) await CommitAsync([pending]);
                return;
            }
            catch (DbException e) when (e.SqlState == "40001" && Stopwatch.GetElapsedTime(began) < GiveUp)
            {
                _metrics.CommitRetries.Add(); // a deadlock with the replication applier: the server asks to try again
            }
            catch (DbException e)
            {
                _metrics.WritesRefused.Add();
                _log.LogError(e, "The server refused a write.");
                batch[0].Fail(new DatabaseUnavailableException($"{_database.Server} does not take writes: {e.Message}", e));
                return;
            }
        }
    }

    /// <summary>On the database thread: returns the position of the new rows, and the whole position if a claim found an older row.</summary>
    private Positions Commit(DbConnection connection, List<Pending> batch, bool again)
    {
        if (connection != _connection) Prepare(connection);
        // A row that was imported may have come some other way; to insert it again is harmless.
        if (again && batch.Where(p => p.Inserts).SelectMany(p => p.Rows).FirstOrDefault(r => !r.IsImported) is { } first && Exists(connection, first))
            return new(Whole(connection), Whole(connection));
        CheckClaims(connection, batch);
        var inserts = batch.Where(p => p.Inserts).SelectMany(p => p.Rows).ToList();
        var own = inserts.Count == 0 ? "" : Insert(connection, inserts);
        return new(own, batch.Exists(p => p.Existing is not null) ? Whole(connection) : "");
    }

    /// <summary>
    /// A new connection: the old one's session may still be committing. It holds a lock that only ends with it, so holding that lock proves it is over.
    /// </summary>
    private void Prepare(DbConnection connection)
    {
        _connection = null;
        if (connection.ExecuteScalar<int?>("SELECT GET_LOCK(@name, 1)", new { name = _lockName }) != 1)
            throw new DatabaseUnavailableException($"{_database.Server} is still busy with an earlier write.");
        connection.Execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
        // It writes nothing but new rows, each under an id of its own: the order in which replicas apply them does not matter.
        if (_database.Engine == Engine.MariaDB) connection.Execute("SET SESSION skip_parallel_replication = OFF");
        _server = OwnServer.Ask(connection, _database.Engine);
        // After a restart under a clock that was set back, new ids must still be higher than the old ones.
        if (ArrivalWatch.Read(connection)[_server.ServerId] is var newest && newest != Guid.Empty) _ids.Observe(newest);
        if (DecisionReader.Newest(connection, _server.ServerId) is { } decided) _ids.Observe(decided);
        _connection = connection;
    }

    private static bool Exists(DbConnection connection, NewRow row) =>
        connection.ExecuteScalar<int>($"SELECT COUNT(*) FROM {row.Shape.Table} WHERE id = @id", new { id = Uuid7.ToBytes(row.Id) }) > 0;

    private string Whole(DbConnection connection) => OwnServer.Executed(connection, _database.Engine).ToString();

    private static void CheckClaims(DbConnection connection, List<Pending> batch)
    {
        foreach (var group in batch.Where(p => p.Write.Claim is not null).GroupBy(p => (p.Write.Claim!.Table, p.Write.Claim.Column)))
        {
            var (table, column) = group.Key;
            var taken = new Dictionary<string, Guid>();
            var rows = connection.Query($"SELECT id, {column} AS value FROM {table} WHERE {column} IN @values ORDER BY id DESC",
                new { values = group.Select(p => p.Write.Claim!.Value).ToList() });
            foreach (var row in rows) taken[new Claim(table, column, row.value).Key] = Uuid7.FromBytes((byte[])row.id);
            foreach (var pending in group)
            {
                pending.Existing = taken.TryGetValue(pending.Write.Claim!.Key, out var id) ? id : null;
                // The row that carries the claim is the one of the claimed table.
                if (pending.Existing is null) taken[pending.Write.Claim.Key] = pending.Rows.First(r => r.Shape.Table == table).Id;
            }
        }
    }

    private string Insert(DbConnection connection, List<NewRow> rows)
    {
        using var command = connection.CreateCommand();
        var sql = new StringBuilder("START TRANSACTION;");
        foreach (var table in rows.GroupBy(r => (r.Shape.Table, r.IsImported)))
        {
            sql.Append($"INSERT {(table.Key.IsImported ? "IGNORE " : "")}INTO {table.Key.Table} (id,node,{string.Join(',', table.First().Shape.Columns)}) VALUES ");
            var first = true;
            foreach (var row in table)
            {
                sql.Append(first ? "(" : ",(").Append(Bind(Uuid7.ToBytes(row.Id))).Append(',').Append(row.IsImported ? ImportedRow.Origin : _server!.ServerId);
                foreach (var value in row.Values) sql.Append(',').Append(Bind(value));
                sql.Append(')');
                first = false;
            }
            sql.Append(';');
        }
        sql.Append("COMMIT;").Append(OwnServer.PositionAfterCommit(_database.Engine));
        command.CommandText = sql.ToString();
        try
        {
            return _server!.OwnPart((string)command.ExecuteScalar()!);
        }
        catch (DbException)
        {
            // An error in the middle leaves the transaction open; on a broken connection this fails too, and the connection is thrown away.
            if (connection.State == System.Data.ConnectionState.Open) connection.Execute("ROLLBACK");
            throw;
        }

        string Bind(object? value)
        {
            if (value is null) return "NULL";
            var parameter = command.CreateParameter();
            parameter.ParameterName = $"@p{command.Parameters.Count}";
            parameter.Value = value;
            command.Parameters.Add(parameter);
            return parameter.ParameterName;
        }
    }

    private void Succeeded(List<Pending> batch, Positions positions, TimeSpan took)
    {
        _metrics.Commit.Observe(took.TotalSeconds);
        if (positions.Own.Length == 0) return;
        _metrics.BatchSize.Observe(batch.Count);
        _metrics.Writes.Add(batch.Count(p => p.Inserts));
        _metrics.Posts.Add(batch.Where(p => p.Inserts).Sum(p => p.Rows.Count(r => r is NewPost)));
        Interlocked.Increment(ref _commits);
        Committed?.Invoke();
    }

    /// <summary>Starts the wait for copies and returns; waits itself only when too many such waits are under way.</summary>
    private async Task AcknowledgeAsync(List<Pending> batch, Positions positions)
    {
        var fresh = batch.Where(p => p.Inserts).ToList();
        var found = batch.Where(p => !p.Inserts).ToList();
        // What was there already may have come from any node: others hold it if they hold everything that this server holds.
        foreach (var (members, position) in new[] { (fresh, positions.Own), (found, positions.Whole) }.Where(g => g.Item1.Count > 0))
        {
            await _acks.WaitAsync();
            _ = ReportAsync(members, position);
        }
    }

    private async Task ReportAsync(List<Pending> members, string position)
    {
        var copies = new Acknowledged(true, 0, 0);
        try
        {
            if (_settings.Acknowledge != Acknowledgement.Local) copies = await AskAsync(position);
        }
        finally
        {
            _acks.Release();
            foreach (var pending in members) pending.Succeed(position, copies);
        }
    }

    private async Task<Acknowledged> AskAsync(string position)
    {
        var began = Stopwatch.GetTimestamp();
        var answer = new Acknowledged(false, 0, 1);
        try
        {
            answer = await _daemon.AckAsync(position, _settings.Acknowledge, TimeSpan.FromMilliseconds(_settings.WaitMilliseconds), default);
        }
        catch (RingDaemonException e)
        {
            _log.LogWarning("Nobody can say whether {Position} has copies: {Reason}", position, e.Message);
        }
        _metrics.Ack.Observe(Stopwatch.GetElapsedTime(began).TotalSeconds);
        if (!answer.Satisfied) _metrics.AcksPending.Add();
        return answer;
    }

    private sealed record Positions(string Own, string Whole);

    private sealed class Pending(Write write)
    {
        private readonly TaskCompletionSource<WriteResult> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly long _since = Stopwatch.GetTimestamp();

        public Write Write => write;

        public Task<WriteResult> Result => _done.Task;

        public IReadOnlyList<NewRow> Rows { get; private set; } = [];

        public int Size { get; private set; }

        public Guid? Existing { get; set; }

        public bool Inserts => Existing is null;

        public TimeSpan Age => Stopwatch.GetElapsedTime(_since);

        /// <summary>Once: a second attempt writes the very same rows.</summary>
        public void MakeRows(Func<Guid> next)
        {
            if (Rows.Count > 0) return;
            Rows = write.Rows(next);
            Size = Rows.Sum(r => r.Size);
        }

        public void Succeed(string position, Acknowledged copies) =>
            _done.TrySetResult(new(Inserts ? [.. Rows.Select(r => r.Id)] : [], Existing, position, copies.Copies, copies.Satisfied));

        public void Fail(Exception e) => _done.TrySetException(e);
    }
}
