using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Simulation.Servers;

/// <summary>
/// A daemon's own server, asked over the simulated loopback. A change of source is the statements that <see cref="OwnServer"/> sends, one after the other: the daemon may die,
/// or the server freeze, between any two. A change that takes too long is given up by who wanted it and goes on all the same, as on the driver's thread.
/// </summary>
internal sealed class SimulatedReplication(SimulatedDaemon daemon, Func<string, SimulatedServer> servers, TimeProvider time) : IReplicationServer
{
    private static readonly TimeSpan DriverGivesUp = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ApplyBeforeStop = TimeSpan.FromSeconds(1);

    private Task _last = Task.CompletedTask;

    private SimulatedServer Own => daemon.Server;

    public Task<ServerIdentity> IdentityAsync(CancellationToken cancel = default) => AskAsync(s => s.Identity);

    public Task<GtidSet> PositionAsync(CancellationToken cancel = default) => AskAsync(s => s.Executed);

    public Task<OwnLogs> LogsAsync(CancellationToken cancel = default) => AskAsync(s => new OwnLogs(s.Disk.Purged, (uint)TimeSpan.FromDays(7).TotalSeconds));

    public Task<ReplicaStatus> StatusAsync(CancellationToken cancel = default) => AskAsync(s => s.Replica.Status);

    public Task PointAtAsync(ServerAddress source, Account replication, ServerTls tls, TimeSpan applyReceived, long lacking = 0, CancellationToken cancel = default) => ChangeAsync(async () =>
    {
        await DrainAsync(applyReceived);
        await SayAsync(s => { s.Replica.StopReceiver(); s.Replica.StopApplier(); });
        await SayAsync(s => s.Replica.Change(servers(source.Host)));
        await SayAsync(s => s.Replica.Start());
    }, applyReceived + OwnServer.ChangeDeadline);

    public Task StopAsync(CancellationToken cancel = default) => ChangeAsync(async () =>
    {
        await DrainAsync(ApplyBeforeStop);
        await SayAsync(s => { s.Replica.StopReceiver(); s.Replica.StopApplier(); });
        await SayAsync(s => s.Replica.Reset());
    }, ApplyBeforeStop + OwnServer.ChangeDeadline);

    public Task OpenAsync(bool open, CancellationToken cancel = default) => AskAsync(s => s.Open = open);

    public Task AdoptAsync(GtidSet position, CancellationToken cancel = default) => ChangeAsync(() => SayAsync(s => s.StandAt(position)), OwnServer.ChangeDeadline);

    public async Task<bool> WaitForAsync(GtidSet position, TimeSpan timeout, CancellationToken cancel = default) =>
        (await daemon.WaitForAsync(Own, position, timeout)).Contains(position);

    public Task<IReadOnlyList<SettingFault>> CheckSettingsAsync(CancellationToken cancel = default) => AskAsync<IReadOnlyList<SettingFault>>(_ => []);

    private async Task DrainAsync(TimeSpan limit)
    {
        await SayAsync(s => s.Replica.StopReceiver());
        try
        {
            await daemon.AskAsync<bool>(Own, limit, (s, answer) => s.Replica.WhenDrained(() => answer(true)));
        }
        catch (DatabaseUnavailableException) when (Own.Power == Power.On)
        {
            // Not all of it in time: the rest is thrown away, and fetched again from the new source.
        }
    }

    private Task<T> AskAsync<T>(Func<SimulatedServer, T> question) => daemon.AskAsync(Own, OwnServer.Deadline, question);

    private Task<bool> SayAsync(Action<SimulatedServer> statement) => daemon.AskAsync(Own, DriverGivesUp, s =>
    {
        statement(s);
        daemon.StatementDone();
        return true;
    });

    private async Task ChangeAsync(Func<Task> statements, TimeSpan deadline)
    {
        var change = AfterAsync(_last, statements);
        _last = change;
        if (await Task.WhenAny(change, Task.Delay(deadline, time)) != change) throw new DatabaseUnavailableException($"{Own.Name} did not change its replication within {deadline.TotalMilliseconds:0} ms");
        await change;
    }

    private static async Task AfterAsync(Task before, Func<Task> statements)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await statements();
    }
}
