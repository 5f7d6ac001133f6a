using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Daemon;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Replication;
using Connect.RingDaemon.Ring;
using Connect.RingDaemon.Tests.Ring;
using Xunit;

namespace Connect.RingDaemon.Tests.Daemon;

public sealed class MendingTests
{
    [Theory]
    [InlineData("1-1-15,2-2-43", false)] // it was put back to an older copy of itself, and sent the rows of that
    [InlineData("1-1-16,2-2-44", true)]  // it went on
    public async Task A_donor_that_lost_something_while_its_rows_were_read_is_no_donor(string donorAfterwards, bool done)
    {
        var (server, note) = (new Server(), new Note());
        var mending = new Mending(server, new Hands("1-1-16,2-2-43", donorAfterwards), note, new Silence(), TimeProvider.System);
        var fault = await mending.RunAsync(new(DamageKind.LostTail, "it lost 3 transactions"), Members.View("n1 n2").Find("n1"), TestContext.Current.CancellationToken);
        Assert.Equal(done, fault is null);
        Assert.Equal(done ? "1-1-16,2-2-43" : null, server.Adopted?.ToString());
        Assert.Equal(done, note.Current is null); // it is begun anew
    }

    private static GtidSet Set(string text) => GtidSet.Parse(Engine.MariaDB, text);

    private sealed class Hands(params string[] positions) : IMendingHands
    {
        private int _asked;

        public Task<long> SaveAsync(Member donor, CancellationToken cancel) => Task.FromResult(0L);

        public Task<GtidSet> SettledPositionAsync(Member donor, CancellationToken cancel) => Task.FromResult(Set(positions[_asked++]));

        public Task<long> BringOverAsync(Member donor, CancellationToken cancel) => Task.FromResult(0L);

        public Task RenewIdentityAsync(ServerIdentity retired, CancellationToken cancel) => Task.CompletedTask;
    }

    private sealed class Note : IMendingNote
    {
        public Unfinished? Current { get; private set; }

        public void Write(Unfinished? unfinished) => Current = unfinished;
    }

    private sealed class Silence : IAudit
    {
        public void Add(string action, string evidence, string outcome)
        {
            // Nobody reads it here.
        }
    }

    private sealed class Server : IReplicationServer
    {
        public GtidSet? Adopted { get; private set; }

        public Task<ServerIdentity> IdentityAsync(CancellationToken cancel) => Task.FromResult(new ServerIdentity(Engine.MariaDB, "MariaDB 10.11.19", 2, "2"));

        public Task<GtidSet> PositionAsync(CancellationToken cancel) => Task.FromResult(Set("2-2-40"));

        public Task StopAsync(CancellationToken cancel) => Task.CompletedTask;

        public Task AdoptAsync(GtidSet position, CancellationToken cancel)
        {
            Adopted = position;
            return Task.CompletedTask;
        }

        public Task<OwnLogs> LogsAsync(CancellationToken cancel) => throw new NotSupportedException();

        public Task<ReplicaStatus> StatusAsync(CancellationToken cancel) => throw new NotSupportedException();

        public Task PointAtAsync(ServerAddress source, Account replication, ServerTls tls, TimeSpan applyReceived, CancellationToken cancel) => throw new NotSupportedException();

        public Task OpenAsync(bool open, CancellationToken cancel) => throw new NotSupportedException();

        public Task<bool> WaitForAsync(GtidSet position, TimeSpan timeout, CancellationToken cancel) => throw new NotSupportedException();

        public Task<IReadOnlyList<SettingFault>> CheckSettingsAsync(CancellationToken cancel) => throw new NotSupportedException();
    }
}
