using Connect.RingDaemon.Api;
using Connect.RingDaemon.Cli;
using Xunit;

namespace Connect.RingDaemon.Tests.Cli;

public sealed class TopologyDrawingTests
{
    [Fact]
    public void A_closed_ring() => Assert.Equal("""
        closed ring of 3 nodes
        ╭─▶ n1  alive, MariaDB 10.11.19 at 127.0.0.1:13306, http://127.0.0.1:8081
        │   │ running, lag 0.0 s
        │   ▼
        │   n2  alive, MariaDB 10.11.19 at 127.0.0.1:13307, http://127.0.0.1:8082
        │   │ running, lag 0.0 s
        │   ▼
        │   n3  alive, MariaDB 10.11.19 at 127.0.0.1:13308, http://127.0.0.1:8083
        ╰───╯ running, lag 0.0 s
        """, Draw(Reports.Ring(3)));

    [Fact]
    public void The_same_without_Unicode() => Assert.Equal("""
        closed ring of 2 nodes
        +-> n1  alive, MariaDB 10.11.19 at 127.0.0.1:13306, http://127.0.0.1:8081
        |   | running, lag 0.0 s
        |   v
        |   n2  alive, MariaDB 10.11.19 at 127.0.0.1:13307, http://127.0.0.1:8082
        +---+ running, lag 0.0 s
        """, Draw(Reports.Ring(2), unicode: false));

    [Fact]
    public void A_dead_node_stands_outside_and_a_broken_link_says_why()
    {
        var ring = Reports.Ring(4);
        var nodes = ring.Nodes.ToArray();
        nodes[1] = nodes[1] with { State = "unreachable", Mysql = nodes[1].Mysql with { Up = false }, Web = nodes[1].Web with { Up = false }, InLoadBalancer = false };
        nodes[3] = nodes[3] with { Replication = "connecting", LagSeconds = null };
        Assert.Equal("""
            open ring of 3 nodes
            ╭─▶ n1  alive, MariaDB 10.11.19 at 127.0.0.1:13306, http://127.0.0.1:8081
            │   ╳ n3 reads from n2
            │   ▼
            │   n3  alive, MariaDB 10.11.19 at 127.0.0.1:13308, http://127.0.0.1:8083
            │   ╳ connecting
            │   ▼
            │   n4  alive, MariaDB 10.11.19 at 127.0.0.1:13309, http://127.0.0.1:8084
            ╰───╯ running, lag 0.0 s
                n2  unreachable, MariaDB 10.11.19 at 127.0.0.1:13307, http://127.0.0.1:8082, mysql and web down, no traffic, outside the ring, reads from n1
            """, Draw(ring with { Ring = new(false, ["n1", "n3", "n4"], 8), Nodes = nodes }));
    }

    [Fact]
    public void A_single_node_has_no_arrows() => Assert.Equal("""
        closed ring of 1 node
        ╭─▶ n1  alive, MariaDB 10.11.19 at 127.0.0.1:13306, http://127.0.0.1:8081
        """, Draw(Reports.Ring(1)));

    private static string Draw(RingReport report, bool unicode = true) => string.Join('\n', TopologyDrawing.Lines(report, new Terminal(false, unicode)));
}
