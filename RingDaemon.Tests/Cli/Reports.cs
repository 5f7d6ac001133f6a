using Connect.RingDaemon.Api;
using Connect.RingDaemon.Cli;

namespace Connect.RingDaemon.Tests.Cli;

/// <summary>Answers of a ring that is well, to be changed by a test.</summary>
internal static class Reports
{
    public static RingReport Ring(int nodes) => new()
    {
        Board = "http://127.0.0.1:8080",
        Ring = new(true, [.. Enumerable.Range(1, nodes).Select(i => $"n{i}")], 7),
        Converged = true,
        Nodes = [.. Enumerable.Range(1, nodes).Select(i => new NodeStatus
        {
            Name = $"n{i}",
            State = "alive",
            Engine = "MariaDB 10.11.19",
            Source = nodes == 1 ? null : $"n{(i == 1 ? nodes : i - 1)}",
            Replication = "running",
            LagSeconds = 0,
            Mysql = new("127.0.0.1", 13305 + i, true),
            Web = new($"http://127.0.0.1:{8080 + i}", true),
            Daemon = new($"http://127.0.0.1:{7080 + i}", true),
            ServerId = (uint)i,
            InLoadBalancer = true,
        })],
    };
}
