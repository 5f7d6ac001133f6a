using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Tests.Daemon;

/// <summary>A server that is a few values, for tests of who speaks to it. <see cref="Asked"/> comes before each answer and may hold it up, or end it.</summary>
internal sealed class FakeServer : IReplicationServer
{
    public ServerIdentity Identity { get; set; } = new(Engine.MariaDB, "MariaDB 10.11.19", 1, "1");

    public GtidSet Position { get; set; } = GtidSet.Empty(Engine.MariaDB);

    public ReplicaStatus Status { get; set; } = ReplicaStatus.None;

    /// <summary>What it was said to lack when it was last pointed at a source.</summary>
    public long? Lacking { get; private set; }

    public Func<string, Task> Asked { get; set; } = _ => Task.CompletedTask;

    public Task<ServerIdentity> IdentityAsync(CancellationToken cancel = default) => AnswerAsync("identity", () => Identity);

    public Task<GtidSet> PositionAsync(CancellationToken cancel = default) => AnswerAsync("position", () => Position);

    public Task<OwnLogs> LogsAsync(CancellationToken cancel = default) => AnswerAsync("logs", () => new OwnLogs(GtidSet.Empty(Engine.MariaDB), 604800));

    public Task<ReplicaStatus> StatusAsync(CancellationToken cancel = default) => AnswerAsync("status", () => Status);

    public Task PointAtAsync(ServerAddress source, Account replication, ServerTls tls, TimeSpan applyReceived, long lacking = 0, CancellationToken cancel = default)
    {
        Lacking = lacking;
        return AnswerAsync("point", () => true);
    }

    public Task StopAsync(CancellationToken cancel = default) => AnswerAsync("stop", () => true);

    public Task OpenAsync(bool open, CancellationToken cancel = default) => AnswerAsync("open", () => true);

    public Task AdoptAsync(GtidSet position, CancellationToken cancel = default) => AnswerAsync("adopt", () => Position = position);

    public Task<bool> WaitForAsync(GtidSet position, TimeSpan timeout, CancellationToken cancel = default) => AnswerAsync("wait", () => true);

    public Task<IReadOnlyList<SettingFault>> CheckSettingsAsync(CancellationToken cancel = default) => AnswerAsync<IReadOnlyList<SettingFault>>("settings", () => []);

    private async Task<T> AnswerAsync<T>(string question, Func<T> answer)
    {
        await Asked(question);
        return answer();
    }
}
