using System.Threading.Channels;
using Connect.Node.Database;
using Connect.RingDaemon.Daemon;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Tests.Local;
using Xunit;

namespace Connect.RingDaemon.Tests.Daemon;

public sealed class DepartureTests : IDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    private readonly TemporaryFolder _folder = new();
    private readonly FakeAudit _audit = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_node_whose_server_refuses_the_last_stop_has_left_all_the_same()
    {
        var departure = Of(() => Task.FromException(new DatabaseUnavailableException("it does not answer")));
        await departure.LeaveAsync().WaitAsync(Soon, TestContext.Current.CancellationToken);
        Assert.True(departure.Gone.IsCompletedSuccessfully);
        Assert.Contains("did not stop replicating (it does not answer)", _audit.Outcome, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_whose_server_never_answers_the_last_stop_has_left_all_the_same()
    {
        var departure = Of(() => new TaskCompletionSource().Task);
        await departure.LeaveAsync().WaitAsync(Soon, TestContext.Current.CancellationToken);
        Assert.True(departure.Gone.IsCompletedSuccessfully);
        Assert.Contains("did not stop replicating", _audit.Outcome, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_obeys_has_stopped_replicating_and_the_daemon_remembers_that_it_left()
    {
        var departure = Of(() => Task.CompletedTask);
        await departure.LeaveAsync().WaitAsync(Soon, TestContext.Current.CancellationToken);
        Assert.Equal("left; replication stopped", _audit.Outcome);
        Assert.True(new OperatorWishes(_folder.Path).Current.HasLeft);
    }

    private Departure Of(Func<Task> stop) => new(new FakeServer { Asked = question => question == "stop" ? stop() : throw new NotSupportedException(question) }, new Peers(_ => throw new NotSupportedException()), new Goodbye(), new OperatorWishes(_folder.Path), _audit);

    private sealed class Goodbye : IMembership
    {
        public View Current => new(0, []);

        public ChannelReader<View> Views => throw new NotSupportedException();

        public bool Discovered => true;

        public void SetFacts(MemberFacts facts) => throw new NotSupportedException();

        public void HardEvidence(string member, ulong incarnation, string why) => throw new NotSupportedException();

        public void SignOfLife(string member) => throw new NotSupportedException();

        public void Forget(string member) => throw new NotSupportedException();

        public Task LeaveAsync(TimeSpan deadline) => Task.CompletedTask;
    }
}
