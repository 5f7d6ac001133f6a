using System.Net;
using System.Net.Sockets;
using Connect.RingDaemon.Local;
using Xunit;

namespace Connect.RingDaemon.Tests.Local;

public sealed class PortsTests
{
    [Theory]
    [InlineData(8080, 1, 8081, 7081, 13306)]
    [InlineData(8080, 3, 8083, 7083, 13308)]
    [InlineData(8080, 32, 8112, 7112, 13337)]
    [InlineData(22080, 1, 22081, 21081, 27306)]
    public void Every_port_follows_from_the_first(int board, int index, int web, int daemon, int mysql) =>
        Assert.Equal(new NodePorts(web, daemon, mysql), Ports.Of(board, index));

    [Fact]
    public void Two_rings_a_hundred_ports_apart_never_meet()
    {
        var first = Ports.All(8080, Enumerable.Range(1, Ports.MaxNodes)).ToHashSet();
        Assert.Equal(1 + (3 * Ports.MaxNodes), first.Count);
        Assert.Empty(first.Intersect(Ports.All(8180, Enumerable.Range(1, Ports.MaxNodes))));
    }

    [Theory]
    [InlineData(Ports.Lowest)]
    [InlineData(Ports.Highest)]
    public void The_allowed_range_leaves_room_for_every_node(int board) =>
        Assert.All(Ports.All(board, [1, Ports.MaxNodes]), port => Assert.InRange(port, 1025, 65535));

    [Fact]
    public void A_taken_port_is_named_with_its_holder()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var busy = Assert.Single(Ports.Busy([port]));
        Assert.Equal(port, busy.Port);
        Assert.Contains($"(process {Environment.ProcessId})", busy.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_port_that_is_only_taken_over_udp_is_taken()
    {
        using var socket = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        Assert.Single(Ports.Busy([((IPEndPoint)socket.Client.LocalEndPoint!).Port]));
    }
}
