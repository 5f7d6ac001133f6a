using System.Collections.Frozen;
using System.Data.Common;
using System.Diagnostics;
using Connect.Node.Database;
using Connect.Node.Settings;
using Dapper;

namespace Connect.RingDaemon.Replication;

/// <summary>What both engines share: connections to the own server, deadlines, waiting.</summary>
public abstract class OwnServer : IReplicationServer, IDisposable
{
    /// <summary>Deadline of a call that names no other. Two seconds.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Deadline of a change of replication, on top of the time to apply what was received. Changes take tens of milliseconds; but MySQL's STOP REPLICA takes two
    /// seconds while the receiver is in the middle of its handshake with a frozen source (it repeats its signal only then), and giving up earlier would not end it.
    /// </summary>
    public static readonly TimeSpan ChangeDeadline = TimeSpan.FromSeconds(5);

    /// <summary>ER_MASTER_INFO, ER_RELAY_LOG_INIT, and MySQL's for its two repositories.</summary>
    private static readonly FrozenSet<int> UnreadableNotes = [1201, 1380, 1871, 1872];

    private static readonly TimeSpan WaitSlice = TimeSpan.FromMilliseconds(250);

    private readonly IDialect _dialect;
    private readonly Database _questions;
    private readonly Database _changes;
    private readonly Database _waits;
    private readonly SemaphoreSlim _changing = new(1, 1);

    private protected OwnServer(IDialect dialect, DatabaseSettings settings, Account daemon)
    {
        (_dialect, Schema) = (dialect, settings.Schema);
        Database Connect(int threads, int driverSeconds) =>
            new(new ServerAddress(settings.Host, settings.Port), daemon, schema: null, settings.ServerTls(), threads, driverSeconds);
        _questions = Connect(threads: 2, driverSeconds: 2);
        _changes = Connect(threads: 1, driverSeconds: 10);
        _waits = Connect(threads: 4, driverSeconds: 2);
    }

    private protected string Schema { get; }

    /// <summary>For what must go on while a change is under way.</summary>
    private protected Database Beside => _questions;

    public Task<ServerIdentity> IdentityAsync(CancellationToken cancel = default) => AskAsync(_dialect.Identity, cancel);

    public Task<GtidSet> PositionAsync(CancellationToken cancel = default) => AskAsync(_dialect.Executed, cancel);

    public Task<OwnLogs> LogsAsync(CancellationToken cancel = default) => AskAsync(connection => new OwnLogs(_dialect.Purged(connection, Schema), _dialect.KeepsSeconds(connection)), cancel);

    public Task<ReplicaStatus> StatusAsync(CancellationToken cancel = default) => AskAsync(ReadStatus, cancel);

    public Task<IReadOnlyList<SettingFault>> CheckSettingsAsync(CancellationToken cancel = default) =>
        AskAsync(connection => RequiredSettings.Check(connection, Wanted), cancel);

    /// <remarks>
    /// Steps: stop the receiver; let the applier finish what it has, for at most <paramref name="applyReceived"/> (changing the source discards relay logs);
    /// stop the applier; change the source; start both. Ends within applyReceived + <see cref="ChangeDeadline"/>.
    /// </remarks>
    public Task PointAtAsync(ServerAddress source, Account replication, ServerTls tls, TimeSpan applyReceived, long lacking = 0, CancellationToken cancel = default) =>
        ChangeAsync(connection =>
        {
            Drain(connection, applyReceived, cancel);
            try
            {
                PointAnyway(connection, source, replication, tls, lacking);
            }
            catch (DbException e) when (e.Message.Contains(replication.Password, StringComparison.Ordinal))
            {
                // A syntax error quotes the statement. Whoever reads the log must not find the password there.
                throw new DatabaseUnavailableException($"{_changes.Server} refused to change its source, with an error that quotes a secret and is not repeated.");
            }
        }, applyReceived + ChangeDeadline, cancel);

    /// <remarks>What was already received is applied first, for at most one second.</remarks>
    public Task StopAsync(CancellationToken cancel = default) => ChangeAsync(connection =>
    {
        Drain(connection, TimeSpan.FromSeconds(1), cancel);
        Forget(connection);
    }, TimeSpan.FromSeconds(1) + ChangeDeadline, cancel);

    /// <remarks>Closing waits for commits that are under way.</remarks>
    public Task OpenAsync(bool open, CancellationToken cancel = default) => AskAsync(connection => connection.Execute($"SET GLOBAL read_only = {(open ? "OFF" : "ON")}"), cancel);

    /// <remarks>Nothing is drained: what was received and not applied is part of what the position leaves out.</remarks>
    public Task AdoptAsync(GtidSet position, CancellationToken cancel = default) => ChangeAsync(connection =>
    {
        Forget(connection);
        Adopt(connection, position.ToString());
        var stands = _dialect.Executed(connection);
        if (!stands.Equals(position)) throw new DatabaseUnavailableException($"{_changes.Server} was to stand at [{position}] and stands at [{stands}].");
    }, ChangeDeadline, cancel);

    public async Task<bool> WaitForAsync(GtidSet position, TimeSpan timeout, CancellationToken cancel = default)
    {
        var since = Stopwatch.GetTimestamp();
        var origin = (await IdentityAsync(cancel)).Origin;
        while (true)
        {
            var left = timeout - Stopwatch.GetElapsedTime(since);
            var slice = left < WaitSlice ? left : WaitSlice;
            var executed = await _waits.RunAsync(connection => _dialect.WaitAndRead(connection, position, origin, slice), slice + Deadline, cancel);
            if (executed.Contains(position)) return true;
            if (Stopwatch.GetElapsedTime(since) >= timeout) return false;
        }
    }

    public void Dispose()
    {
        _questions.Dispose();
        _changes.Dispose();
        _waits.Dispose();
        _changing.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected abstract IReadOnlyList<RequiredSetting> Wanted { get; }

    private protected abstract ReplicaStatus ReadStatus(DbConnection connection);

    /// <summary>Stops the receiver and lets the applier finish what was received.</summary>
    private protected abstract void Drain(DbConnection connection, TimeSpan limit, CancellationToken cancel);

    private protected abstract void Point(DbConnection connection, ServerAddress source, Account replication, ServerTls tls, long lacking);

    /// <summary>Ends replication and all that is known of its source; a server that has none stays as it is.</summary>
    private protected abstract void Forget(DbConnection connection);

    private protected abstract void Adopt(DbConnection connection, string position);

    /// <summary>
    /// A server killed while it changed its source keeps notes of it that it cannot read, and refuses every later change, after a restart too. They say nothing that
    /// is needed: what is received next is asked for by position. So they are thrown away.
    /// </summary>
    private void PointAnyway(DbConnection connection, ServerAddress source, Account replication, ServerTls tls, long lacking)
    {
        try
        {
            Point(connection, source, replication, tls, lacking);
        }
        catch (DbException e) when (UnreadableNotes.Contains(Database.ErrorNumber(e)))
        {
            Forget(connection);
            Point(connection, source, replication, tls, lacking);
        }
    }

    private Task<T> AskAsync<T>(Func<DbConnection, T> question, CancellationToken cancel) => _questions.RunAsync(question, Deadline, cancel);

    /// <summary>One change at a time: two that overlap would leave a mixture of both.</summary>
    private async Task ChangeAsync(Action<DbConnection> change, TimeSpan deadline, CancellationToken cancel)
    {
        if (!await _changing.WaitAsync(deadline, cancel))
            throw new DatabaseUnavailableException($"{_changes.Server}: another change of its replication did not end within {deadline.TotalMilliseconds:0} ms.");
        try
        {
            await _changes.RunAsync(change, deadline, cancel);
        }
        finally
        {
            _changing.Release();
        }
    }
}
