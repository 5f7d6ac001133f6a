using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Daemon;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Replication;
using Connect.RingDaemon.Ring;
using Connect.RingDaemon.Simulation;
using Xunit;

namespace Connect.RingDaemon.Tests.Daemon;

public sealed class SourceSwitchTests
{
    private static readonly ServerAddress There = new("127.0.0.1", 3306);

    [Fact]
    public async Task A_server_is_told_how_much_it_lacks()
    {
        var server = new FakeServer { Position = GtidSet.Parse(Engine.MariaDB, "1-1-40,2-2-1000"), Status = new(There, true, false, true, 0, null, 0) };
        var theirs = GtidSet.Parse(Engine.MariaDB, "1-1-40,2-2-8000,3-3-500");
        using var peers = new Peers(_ => new Standing(new(theirs, GtidSet.Empty(Engine.MariaDB), new(Engine.MariaDB, "MariaDB 10.11.19", 2, "2"))));
        var facts = SimulatedNode.FactsOf("n2") with { MysqlHost = There.Host, MysqlPort = There.Port, Engine = Engine.MariaDB };
        var change = new SourceSwitch(server, peers, new Account("replica", "secret"), tls: false, new FakeAudit(), new DecisionCounts(), TimeProvider.System);
        var ended = await change.CarryOutAsync(new RingEffect.PointAt(new Member(facts, 1, Liveness.Alive), "it is before me"), server.Identity, TestContext.Current.CancellationToken);
        Assert.Null(ended.Refusal);
        Assert.Equal(7500, server.Lacking);
    }

    private sealed class Standing(PeerPosition position) : IPeerServer
    {
        public Task<PeerPosition> PositionAsync(TimeSpan deadline, CancellationToken cancel = default) => Task.FromResult(position);

        public Task<GtidSet> WaitForAsync(GtidSet wanted, TimeSpan timeout, CancellationToken cancel = default) => Task.FromResult(position.Executed);

        public void Dispose()
        {
        }
    }
}
