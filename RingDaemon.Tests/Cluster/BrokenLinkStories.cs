using Connect.LoadTests.Nemesis;
using Connect.LoadTests.Ring;
using Connect.Node.Settings;
using Connect.RingDaemon.Api;
using Xunit;

namespace Connect.RingDaemon.Tests.Cluster;

public sealed class NamespacedRing() : TestRing(Engine.MariaDB, port: 23680, nodes: 4, namespaces: true);

/// <summary>Four nodes in network namespaces, one wire between two of them cut: the ring goes around it. It needs root, as the nemesis stories do.</summary>
[Collection("cluster")]
public sealed class BrokenLinkStories(NamespacedRing ring) : IClassFixture<NamespacedRing>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_ring_of_four_is_closed_while_two_nodes_do_not_reach_each_other_and_returns_to_its_order()
    {
        await ring.HealthyAsync();
        var wires = new Wires(RingUnderTest.Open(ring.Folder));
        await wires.CutBothAsync("n1", "n2", Cancel);
        try
        {
            var around = await ring.UntilAsync(IsClosedOverAll(["n1", "n3", "n2", "n4"]), "a closed ring around the cut", from: "n3");
            Assert.Equal(["n4", "n3", "n1", "n2"], around.Nodes.OrderBy(n => n.Name).Select(n => n.Source)); // of n1, n2, n3, n4
            foreach (var node in ring.Names)
            {
                var (_, copies) = await ring.PostAsync(ring.BoardOf(node), $"written on {node} around the cut, {Guid.NewGuid()}");
                Assert.True(copies >= 1, $"{node} acknowledged with {copies} copies");
            }
            await ring.EverywhereAsync();
            var explained = await ring.AskDaemonAsync<ExplainReport>(HttpMethod.Get, "n4", "/v1/explain");
            Assert.Equal("n2 cannot reach n1: the order of the ring avoids that", explained.Links);
        }
        finally
        {
            await wires.MendAsync(Cancel);
        }
        await ring.UntilAsync(IsClosedOverAll(["n1", "n2", "n3", "n4"]), "the natural order", from: "n3");
        await ring.HealthyAsync();
        await ring.EqualAsync();
    }

    private static Func<RingReport, bool> IsClosedOverAll(string[] order) => status =>
        status.Ring.Closed && status.Ring.Order.SequenceEqual(order) && status.Nodes.Count == 4 && status.Nodes.All(n => n.State == "alive")
        && status.Nodes.All(n => n.Source == order[(Array.IndexOf(order, n.Name) + 3) % 4]);
}
