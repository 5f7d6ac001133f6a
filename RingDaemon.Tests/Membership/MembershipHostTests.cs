using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Connect.Node.Security;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Membership.Wire;
using Connect.RingDaemon.Simulation;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Connect.RingDaemon.Tests.Membership;

/// <summary>Real sockets on the loopback, real time; the exchange goes straight to the other host instead of through HTTP.</summary>
public sealed class MembershipHostTests : IAsyncLifetime
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);

    private readonly string _folder = Directory.CreateTempSubdirectory("connect-gossip-").FullName;
    private readonly ClusterKeys _keys = new([RandomNumberGenerator.GetBytes(32)]);
    private readonly Dictionary<string, MembershipHost> _hosts = [];

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Three_members_find_each_other_lose_one_and_take_it_back()
    {
        await Found(19100);

        await Remove("n2");
        await Until(() => Sees("n1", "n2") == Liveness.Unreachable && Sees("n3", "n2") == Liveness.Unreachable);

        // No seeds this time: it remembers.
        await Start("n2", 19100);
        await Until(AllAlive);

        await _hosts["n3"].LeaveAsync(TimeSpan.FromSeconds(5));
        await Remove("n3");
        await Until(() => Sees("n1", "n3") == Liveness.Left && Sees("n2", "n3") == Liveness.Left);
    }

    /// <summary>A ring of five was founded as one of three and one of two: each daemon stopped looking when the first other one had answered.</summary>
    [Fact]
    public async Task Two_groups_that_found_each_other_first_become_one()
    {
        await Start("n1", 19140);
        await Start("n2", 19140);
        _hosts["n1"].Join(["http://127.0.0.1:19142", "http://127.0.0.1:19143"]);
        await Until(AllAlive);
        await Start("n3", 19140);
        await Start("n4", 19140);
        _hosts["n4"].Join(["http://127.0.0.1:19143"]);
        await Until(() => _hosts.Values.All(h => h.Current.Members.Length == 4) && AllAlive());
    }

    [Fact]
    public async Task Facts_and_hard_evidence_reach_everyone_and_a_living_member_refutes()
    {
        await Found(19110);
        var changes = _hosts["n3"].Subscribe();
        _hosts["n1"].SetFacts(Facts("n1", 19110) with { Source = "n3", SourceRunning = true });
        await Until(() => _hosts["n3"].Current.Find("n1") is { Facts: { Source: "n3", SourceRunning: true } });
        Assert.True(changes.TryRead(out var view));
        Assert.Equal("n3", view.Find("n1")!.Facts.Source);

        var before = _hosts["n3"].Current.Find("n2")!.Incarnation;
        _hosts["n1"].HardEvidence("n2", _hosts["n1"].Current.Find("n2")!.Incarnation, "a mistake");
        await Until(() => _hosts["n3"].Current.Find("n2") is { Liveness: Liveness.Alive } m && m.Incarnation > before);
    }

    [Fact]
    public async Task Strangers_packets_are_dropped_and_counted()
    {
        await Start("n1", 19120);
        using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        var to = new IPEndPoint(IPAddress.Loopback, 19121);
        using var otherKey = new SealedPackets(new ClusterKeys([RandomNumberGenerator.GetBytes(32)]), "connect", "gossip", WireLimits.Packet, TimeProvider.System);
        using var ourKey = new SealedPackets(_keys, "connect", "gossip", WireLimits.Packet, TimeProvider.System);
        var replayed = ourKey.Seal([1, 2, 3]);
        stranger.SendTo([], to);
        stranger.SendTo([1, 2, 3], to);
        stranger.SendTo(new byte[3000], to);
        stranger.SendTo(otherKey.Seal([1, 2, 3]), to);
        stranger.SendTo(replayed, to);
        stranger.SendTo(replayed, to);
        await Until(() => _hosts["n1"].Stats.Gossip is { Garbage: 3, WrongKey: 1, Replayed: 1, TooLarge: 1 });
        Assert.Null(_hosts["n1"].HandleExchange([1, 2, 3]));
        Assert.Null(_hosts["n1"].HandleExchange(otherKey.Seal([1, 2, 3])));
    }

    [Fact]
    public async Task Facts_that_do_not_fit_into_a_packet_are_refused_where_they_are_set()
    {
        await Start("n1", 19130);
        var facts = Facts("n1", 19130);
        Assert.Throws<ArgumentException>(() => _hosts["n1"].SetFacts(facts with { WebUrl = new string('x', 256) }));
        Assert.Throws<ArgumentException>(() => _hosts["n1"].SetFacts(facts with { Name = "n2" }));
        Assert.Throws<ArgumentException>(() => _hosts["n1"].SetFacts(facts with { Source = "Not A Name" }));
        Assert.Throws<ArgumentException>(() => _hosts["n1"].SetFacts(facts with { Unreached = new(["n2", "n3", "n4", "n5", "n6"]) }));
        // There must be room for names that may come.
        var full = new string('x', 255);
        Assert.Throws<ArgumentException>(() => _hosts["n1"].SetFacts(facts with { WebUrl = full, Zone = full, EngineVersion = full, MysqlHost = full }));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts.Values) await host.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static MemberFacts Facts(string name, int ports) =>
        SimulatedNode.FactsOf(name) with { DaemonUrl = $"http://127.0.0.1:{ports + int.Parse(name[1..])}" };

    private static async Task Until(Func<bool> condition)
    {
        using var late = new CancellationTokenSource(Deadline);
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!condition()) Assert.True(await poll.WaitForNextTickAsync(late.Token));
    }

    private async Task Found(int ports)
    {
        foreach (var name in new[] { "n1", "n2", "n3" })
        {
            await Start(name, ports);
            _hosts[name].Join([$"http://127.0.0.1:{ports + 1}"]);
        }
        await Until(() => _hosts.Values.All(h => h.Current.Members.Length == 3) && AllAlive());
    }

    private Task Start(string name, int ports)
    {
        var setup = new MembershipSetup { Facts = Facts(name, ports), Cluster = "connect", Keys = _keys, StateFolder = Path.Combine(_folder, name) };
        var host = new MembershipHost(setup, new Direct(this), NullLogger<MembershipHost>.Instance, TimeProvider.System);
        lock (_hosts) _hosts[name] = host;
        host.Start();
        return Task.CompletedTask;
    }

    private async Task Remove(string name)
    {
        MembershipHost? host;
        lock (_hosts) _hosts.Remove(name, out host);
        await host!.DisposeAsync();
    }

    private Liveness? Sees(string observer, string subject) => _hosts[observer].Current.Find(subject)?.Liveness;

    private bool AllAlive() => _hosts.Keys.All(a => _hosts.Keys.All(b => Sees(a, b) == Liveness.Alive));

    private sealed class Direct(MembershipHostTests tests) : IExchangeClient
    {
        public Task<ExchangeAnswer> ExchangeAsync(string daemonUrl, byte[] sealedBody, CancellationToken cancel)
        {
            lock (tests._hosts)
            {
                var host = tests._hosts.Values.FirstOrDefault(h => h.Current.Members.Any(m => m.Facts.DaemonUrl == daemonUrl && tests._hosts.GetValueOrDefault(m.Name) == h));
                return Task.FromResult(host is null ? new ExchangeAnswer(null, true) : new(host.HandleExchange(sealedBody), false));
            }
        }
    }
}
