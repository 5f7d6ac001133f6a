using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Connect.Node.Security;
using Connect.Node.Settings;
using Connect.RingDaemon.Api;
using Connect.RingDaemon.Daemon;
using Connect.RingDaemon.Local;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Membership.Wire;
using Connect.RingDaemon.Replication;
using Connect.RingDaemon.Ring;
using Xunit;

namespace Connect.RingDaemon.Tests.Cluster;

/// <summary>One ring after the other, and nothing beside it: the stories measure reactions, and two cores are few.</summary>
[CollectionDefinition("cluster", DisableParallelization = true)]
public sealed class ClusterTests;

[Collection("cluster")]
public sealed class MariaDbRingStories(MariaDbRing ring) : RingStories(ring), IClassFixture<MariaDbRing>;

[Collection("cluster")]
public sealed class MySqlRingStories(MySqlRing ring) : RingStories(ring), IClassFixture<MySqlRing>;

/// <summary>What people were promised, on real servers. Each story begins and ends with a healthy ring, so they may run in any order.</summary>
public abstract class RingStories(TestRing ring)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_post_made_on_any_node_is_on_every_node_and_has_a_second_copy_when_it_is_acknowledged()
    {
        await ring.BeginAsync();
        foreach (var node in ring.Names)
        {
            var (_, copies) = await ring.PostAsync(ring.BoardOf(node), $"written on {node} at {Guid.NewGuid()}");
            Assert.True(copies >= 1, $"{node} acknowledged with {copies} copies");
        }
        await ring.EverywhereAsync();
        await ring.EqualAsync();
    }

    [Theory]
    [InlineData(Target.Node)]
    [InlineData(Target.Mysql)]
    [InlineData(Target.Web)]
    [InlineData(Target.Daemon)]
    public async Task Whatever_of_a_node_is_killed_nothing_acknowledged_is_lost_and_it_glides_back(Target what)
    {
        await ring.BeginAsync();
        var already = ring.AcknowledgedPosts;
        await using var load = new SteadyPosts(ring, postsPerSecond: 20);
        await Eventually.TrueAsync(() => ring.AcknowledgedPosts > already + 10, TimeSpan.FromSeconds(20), Cancel);

        await ring.KillAsync("n2", what);
        await ring.UntilAsync(s => s.Nodes.Single(n => n.Name == "n2") is { InLoadBalancer: false }, "n2 is out of the load balancer", from: "n1");
        if (what == Target.Web) // its MySQL is fine: it stays in the replication ring
            Assert.True((await ring.StatusAsync("n1"))!.Ring.Closed);
        else
            await ring.UntilAsync(s => s.Nodes.Single(n => n.Name == "n3") is { Source: "n1", Replication: "running" }, "n3 replicates from n1", from: "n3");
        var before = ring.AcknowledgedPosts;
        await Eventually.TrueAsync(() => ring.AcknowledgedPosts > before + 20, TimeSpan.FromSeconds(20), Cancel);

        // What a killed MySQL leaves names its process; that number may be another's by now, here that of a daemon. (Its own parent's it would not mind.)
        var left = Path.Combine(ring.Local.Folder.Node("n2").Data, "server.sock.lock");
        var another = ring.Local.Folder.Node("n1").Process(NodePart.Daemon).Running!;
        if (File.Exists(left) && what is Target.Node or Target.Mysql) await File.WriteAllTextAsync(left, $"{another.Pid}\n", Cancel);
        await ring.StartAsync("n2");
        await load.StopAsync();
        await ring.EverywhereAsync();
        await ring.HealthyAsync();
        await ring.EqualAsync();
    }

    [Theory]
    [InlineData(Target.Node)]
    [InlineData(Target.Mysql)]
    public async Task Whatever_of_a_node_falls_silent_is_bridged_and_wakes_without_harm(Target what)
    {
        await ring.BeginAsync();
        await using var load = new SteadyPosts(ring, postsPerSecond: 20);
        await ring.KillAsync("n3", what, Signal.Stop);
        await ring.UntilAsync(s => s.Nodes.Single(n => n.Name == "n1") is { Source: "n2", Replication: "running" }
            && !s.Nodes.Single(n => n.Name == "n3").InLoadBalancer, "n1 replicates from n2", TimeSpan.FromSeconds(15), from: "n1");
        await ring.StartAsync("n3");
        await load.StopAsync();
        await ring.EverywhereAsync();
        await ring.EqualAsync();
    }

    [Fact]
    public async Task Down_to_one_node_and_back()
    {
        await ring.BeginAsync();
        await ring.KillAsync("n1");
        await ring.RingOfAsync("n2", "n3");
        await ring.PostAsync(ring.Balancer, $"two left {Guid.NewGuid()}");
        await ring.KillAsync("n3");
        await ring.RingOfAsync("n2");
        var (_, copies) = await ring.PostAsync(ring.Balancer, $"the last one {Guid.NewGuid()}");
        Assert.Equal(0, copies); // and it says so
        await ring.Local.StartAsync("n1", SilentProgress.Instance, patience: null, Cancel);
        await ring.StartAsync("n3");
        await ring.EverywhereAsync();
        await ring.EqualAsync();
    }

    [Fact]
    public async Task A_newcomer_brings_a_fourth_place_two_neighbours_may_die_and_a_member_may_leave()
    {
        await ring.BeginAsync();
        await ring.PostAsync(ring.Balancer, $"before the newcomer {Guid.NewGuid()}");
        var newcomer = await ring.Local.JoinAsync(new JoinOptions(), SilentProgress.Instance, Cancel);
        await ring.HealthyAsync();
        await ring.EverywhereAsync(); // what was written before it came is there too

        await ring.KillAsync("n2");
        await ring.KillAsync("n3");
        await ring.RingOfAsync("n1", newcomer);
        await ring.PostAsync(ring.Balancer, $"two neighbours dead {Guid.NewGuid()}");
        await ring.Local.StartAsync("n2", SilentProgress.Instance, patience: null, Cancel);
        await ring.StartAsync("n3");
        await ring.EverywhereAsync();
        await ring.EqualAsync();

        await ring.PostAsync(ring.BoardOf(newcomer), $"written by who leaves {Guid.NewGuid()}");
        await ring.Local.LeaveAsync(newcomer, dryRun: false, SilentProgress.Instance, Cancel);
        await ring.RingOfAsync("n1", "n2", "n3");
        await ring.EverywhereAsync("n1", "n2", "n3");
        Assert.DoesNotContain((await ring.StatusAsync())!.Nodes, n => n.Name == newcomer);
    }

    [Fact]
    public async Task The_whole_ring_stops_and_finds_itself_again()
    {
        await ring.BeginAsync();
        await ring.PostAsync(ring.Balancer, $"before the night {Guid.NewGuid()}");
        await ring.Local.DownAsync(wipe: false);
        await ring.UpAsync();
        await ring.HealthyAsync();
        await ring.EverywhereAsync();
        await ring.PostAsync(ring.Balancer, $"after the night {Guid.NewGuid()}");
        await ring.EverywhereAsync();
    }

    [Fact]
    public async Task A_node_whose_data_is_gone_comes_back_as_a_new_incarnation_with_everything()
    {
        await ring.BeginAsync();
        var (_, copies) = await ring.PostAsync(ring.BoardOf("n2"), $"written where the disk dies {Guid.NewGuid()}");
        Assert.True(copies >= 1);
        var old = (await ring.StatusAsync())!.Nodes.Single(n => n.Name == "n2").ServerId;
        await ring.KillAsync("n2");
        Directory.Delete(ring.Local.Folder.Node("n2").Data, recursive: true);
        // It was being put right when the disk died: that is over with the disk.
        var note = new MendingNote(ring.Local.Folder.Node("n2").State);
        note.Write(new(new(DamageKind.LogsPurged, "it had to catch up"), new(ring.Engine, "", old, "gone"), MendingStep.CatchUp));
        await ring.StartAsync("n2");
        Assert.False(File.Exists(Path.Combine(ring.Local.Folder.Node("n2").State, MendingNote.File)));
        var status = await ring.StatusAsync();
        Assert.DoesNotContain(status!.Nodes, n => n.ServerId == old); // an identity is never used twice
        await ring.EverywhereAsync();
        await ring.EqualAsync();
    }

    [Fact]
    public async Task Maintenance_takes_a_node_out_of_ring_and_load_balancer_and_back_in()
    {
        await ring.BeginAsync();
        await ring.PostAsync(ring.BoardOf("n2"), $"before maintenance {Guid.NewGuid()}");
        var on = await ring.AskDaemonAsync<OperatorAnswer>(HttpMethod.Post, "n2", "/v1/maintenance", new { on = true, dryRun = false });
        Assert.True(on.Done, on.Message);
        await ring.RingOfAsync("n1", "n3");
        var status = await ring.StatusAsync("n1");
        Assert.Equal("maintenance", status!.Nodes.Single(n => n.Name == "n2").State);
        Assert.Equal("n1", status.Nodes.Single(n => n.Name == "n2").Source); // a leaf: it stays up to date
        var off = await ring.AskDaemonAsync<OperatorAnswer>(HttpMethod.Post, "n2", "/v1/maintenance", new { on = false, dryRun = false });
        Assert.True(off.Done, off.Message);
        await ring.RingOfAsync("n1", "n2", "n3");
        await ring.EverywhereAsync();
    }

    [Fact]
    public async Task A_load_balancer_that_was_restarted_is_told_everything_again()
    {
        await ring.BeginAsync();
        await ring.AskDaemonAsync<OperatorAnswer>(HttpMethod.Post, "n2", "/v1/maintenance", new { on = true, dryRun = false });
        var haproxy = ProcessHandle.Find(ring.Local.Folder.HaproxyProcess);
        Assert.NotNull(haproxy);
        haproxy.Identity.Send(Signal.Kill);
        await Eventually.TrueAsync(() => ProcessHandle.Find(ring.Local.Folder.HaproxyProcess) is null, TimeSpan.FromSeconds(5), Cancel);
        await ring.Local.StartAsync("n1", SilentProgress.Instance, patience: null, Cancel); // nothing of n1 is down: this only starts HAProxy
        await ring.RingOfAsync("n1", "n3");
        await ring.AskDaemonAsync<OperatorAnswer>(HttpMethod.Post, "n2", "/v1/maintenance", new { on = false, dryRun = false });
        await ring.RingOfAsync("n1", "n2", "n3");
    }

    [Fact]
    public async Task A_full_disk_takes_its_node_out_and_not_the_ring()
    {
        await ring.BeginAsync();
        var data = ring.Local.Folder.Node("n3").Data;
        await ring.KillAsync("n3");
        await ring.RingOfAsync("n1", "n2");
        // A disk of its own for the data, with all that is in it.
        var aside = data + ".aside";
        Directory.Move(data, aside);
        Directory.CreateDirectory(data);
        Assert.SkipUnless(await Shell.TryAsync("mount", "-t", "tmpfs", "-o", "size=700m", "tmpfs", data), "A disk of a certain size can only be made by root (mount -t tmpfs).");
        try
        {
            Assert.True(await Shell.TryAsync("cp", "-a", aside + "/.", data));
            await ring.StartAsync("n3");
            var filler = Path.Combine(data, "filler");
            await Shell.TryAsync("dd", "if=/dev/zero", $"of={filler}", "bs=1M"); // until there is no space left
            await ring.RingOfAsync("n1", "n2");
            Assert.Contains("disk is full", (await ring.AskDaemonAsync<NodeReport>(HttpMethod.Get, "n3", "/v1/node")).Why, StringComparison.Ordinal);
            var (_, copies) = await ring.PostAsync(ring.Balancer, $"while a disk is full {Guid.NewGuid()}");
            Assert.True(copies >= 1);
            File.Delete(filler);
            await ring.StartAsync("n3"); // MariaDB waits for space; MySQL ends itself and has to be started
            await ring.EverywhereAsync();
        }
        finally
        {
            await ring.KillAsync("n3");
            Directory.Delete(aside, recursive: true);
            await Shell.TryAsync("cp", "-a", data, aside);
            File.Delete(Path.Combine(aside, "filler"));
            await Eventually.TrueAsync(_ => Shell.TryAsync("umount", data), TimeSpan.FromSeconds(10), LookEvery, Cancel);
            Directory.Delete(data);
            Directory.Move(aside, data);
            await ring.StartAsync("n3");
        }
    }

    [Fact]
    public async Task Packets_that_are_garbage_or_of_another_cluster_are_dropped_and_counted()
    {
        await ring.BeginAsync();
        var daemon = new Uri(ring.DaemonOf("n1"));
        var before = await CountsAsync();
        using var socket = new UdpClient();
        socket.Connect(daemon.Host, daemon.Port);
        var keys = ClusterKeys.Load(ring.Local.Folder.KeyFile);
        using var stranger = new SealedPackets(keys, "another cluster", "gossip", 1400, TimeProvider.System);
        using var member = new SealedPackets(keys, ring.Local.Description.Cluster, "gossip", 1400, TimeProvider.System);
        var replayed = member.Seal([0xFF, 1, 2, 3]);
        for (var i = 0; i < 10; i++)
        {
            await socket.SendAsync(new byte[100], Cancel);
            await socket.SendAsync(stranger.Seal(new byte[50]), Cancel);
            await socket.SendAsync(replayed, Cancel);
        }
        Assert.True(await Eventually.TrueAsync(async _ =>
        {
            var now = await CountsAsync();
            return now["garbage"] >= before["garbage"] + 10 && now["wrong_key"] >= before["wrong_key"] + 10 && now["replayed"] >= before["replayed"] + 9;
        }, TimeSpan.FromSeconds(5), LookEvery, Cancel));
        await ring.HealthyAsync();

        async Task<Dictionary<string, double>> CountsAsync()
        {
            using var response = await ring.GetAsync(ring.DaemonOf("n1") + "/metrics");
            var lines = (await response.Content.ReadAsStringAsync(Cancel)).Split('\n').Where(l => l.Contains("channel=\"udp\"", StringComparison.Ordinal));
            return lines.ToDictionary(l => l.Split("fate=\"")[1].Split('"')[0], l => double.Parse(l.Split(' ')[^1]));
        }
    }

    [Fact]
    public async Task Whoever_may_not_join_is_told_why_and_nothing_is_changed()
    {
        await ring.BeginAsync();
        var before = await ring.StatusAsync();
        var keys = ClusterKeys.Load(ring.Local.Folder.KeyFile);
        var identity = before!.Nodes[0];
        var fine = new JoinRequest("n9", ring.Engine, identity.Engine, 99, "99", "http://127.0.0.1:7999", DateTimeOffset.UtcNow, null, null);

        Assert.Contains("36", await RefusalAsync(keys, fine with { Clock = DateTimeOffset.UtcNow.AddHours(1) }), StringComparison.Ordinal); // about 3600 s off
        Assert.Contains("number transactions differently", await RefusalAsync(keys, fine with { Engine = ring.Engine == Engine.MySQL ? Engine.MariaDB : Engine.MySQL }), StringComparison.Ordinal);
        Assert.Contains("another ring", await RefusalAsync(keys, fine with { HoldsRing = Guid.NewGuid().ToString() }), StringComparison.Ordinal);
        Assert.Contains("already holds", await RefusalAsync(keys, fine with { Foreign = "the schemas shop" }), StringComparison.Ordinal);
        Assert.Contains("never used twice", await RefusalAsync(keys, fine with { ServerId = identity.ServerId }), StringComparison.Ordinal);
        Assert.Equal("403", await RefusalAsync(new ClusterKeys([new byte[32]]), fine));
        var wrongEngine = await Assert.ThrowsAsync<LocalRingException>(() => ring.Local.JoinAsync(
            new JoinOptions { Engine = ring.Engine == Engine.MySQL ? Engine.MariaDB : Engine.MySQL }, SilentProgress.Instance, Cancel));
        Assert.Contains("cannot replicate", wrongEngine.Message, StringComparison.Ordinal);

        Assert.Equal(before.Nodes.Select(n => n.Name), (await ring.StatusAsync())!.Nodes.Select(n => n.Name));
    }

    /// <summary>What a member answers to a newcomer: the refusal, or the status if it cannot even open the question.</summary>
    private async Task<string> RefusalAsync(ClusterKeys keys, JoinRequest request)
    {
        var json = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        using var question = new SealedPackets(keys, ring.Local.Description.Cluster, "join", 64 << 10, TimeProvider.System);
        using var answer = new SealedPackets(keys, ring.Local.Description.Cluster, "join-answer", 64 << 10, TimeProvider.System);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var content = new ByteArrayContent(question.Seal(JsonSerializer.SerializeToUtf8Bytes(request, json)));
        using var response = await http.PostAsync(new Uri(ring.DaemonOf("n1") + "/v1/join"), content, Cancel);
        if (response.StatusCode == HttpStatusCode.Forbidden) return "403";
        Assert.True(answer.TryOpen(await response.Content.ReadAsByteArrayAsync(Cancel), out var opened));
        return JsonSerializer.Deserialize<JoinReply>(opened, json)!.Refusal ?? "welcome";
    }
}
