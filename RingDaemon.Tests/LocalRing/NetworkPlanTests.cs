using Connect.Node.Settings;
using Connect.RingDaemon.Local;
using Xunit;

namespace Connect.RingDaemon.Tests.Local;

public sealed class NetworkPlanTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void The_network_of_a_folder_is_always_the_same_and_no_other_folder_has_it()
    {
        var plan = RingNetwork.Plan(new(_temporary.At("a")));
        Assert.Equal(plan, RingNetwork.Plan(new(_temporary.At("a"))));
        Assert.NotEqual(plan.Name, RingNetwork.Plan(new(_temporary.At("b"))).Name);
        Assert.True(plan.Name.Length <= 15, "the kernel takes no longer name of an interface");
    }

    [Fact]
    public void With_a_network_every_node_has_an_address_of_its_own_and_without_one_all_share_the_machines()
    {
        var shared = RingDescription.New(Engine.MariaDB, 22080, 2, "ring-a");
        Assert.Equal(["127.0.0.1", "127.0.0.1"], shared.Nodes.Select(shared.HostOf));
        Assert.Empty(RingNetwork.CommandOn(shared, shared.Nodes[0]));
        var own = shared with { Network = new("connect0", "10.130.7") };
        Assert.Equal(["10.130.7.1", "10.130.7.2"], own.Nodes.Select(own.HostOf));
        Assert.Equal("http://10.130.7.254:22080", own.BoardUrl);
        Assert.Equal(["nsenter", "--net=/run/netns/connect0-n2", "--"], RingNetwork.CommandOn(own, own.Nodes[1]));
    }

    [Fact]
    public void The_network_is_saved_with_the_ring()
    {
        var folder = new RingFolder(_temporary.Path);
        var ring = RingDescription.New(Engine.MySQL, 22080, 3, "ring-a") with { Network = new("connect0", "10.130.7") };
        ring.Save(folder);
        Assert.Equal(ring.Network, RingDescription.Load(folder).Network);
    }
}
