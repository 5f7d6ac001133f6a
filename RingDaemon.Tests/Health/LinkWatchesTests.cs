using System.Threading.Channels;
using Connect.RingDaemon.Health;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Simulation;
using Xunit;

namespace Connect.RingDaemon.Tests.Health;

public sealed class LinkWatchesTests
{
    private readonly Channel<string> _found = Channel.CreateUnbounded<string>();

    [Fact]
    public async Task A_server_behind_a_broken_link_is_looked_at_until_it_answers_and_as_long_as_it_is_named()
    {
        using var one = new FakeServer(greets: false);
        using var other = new FakeServer(greets: true);
        await using var watches = new LinkWatches(TimeProvider.System, (member, finding) => _found.Writer.TryWrite($"{member} {finding}"));
        await watches.TurnToAsync([At("n1", one.Port)]);
        Assert.Equal("n1 Silent", await NextAsync());
        one.Greets = true;
        Assert.Equal("n1 Up", await NextAsync());
        await watches.TurnToAsync([At("n1", one.Port), At("n2", other.Port)]); // the first one is not begun anew
        Assert.Equal("n2 Up", await NextAsync());
        await watches.TurnToAsync([At("n2", other.Port)]);
        one.Dispose();
        other.Dispose();
        Assert.Equal("n2 Refused", await NextAsync());
        Assert.False(_found.Reader.TryRead(out _));
    }

    private static Member At(string name, int port) => new(SimulatedNode.FactsOf(name) with { MysqlHost = "127.0.0.1", MysqlPort = port }, 1, Liveness.Alive);

    private async Task<string> NextAsync() => await _found.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
}
