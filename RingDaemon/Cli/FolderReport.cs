using Connect.RingDaemon.Api;
using Connect.RingDaemon.Local;

namespace Connect.RingDaemon.Cli;

/// <summary>What a folder knows of its ring when no daemon answers: which processes run. Nothing is said about replication.</summary>
internal static class FolderReport
{
    public static RingReport Of(RingFolder folder, RingDescription ring) => new()
    {
        Board = ring.BoardUrl,
        Ring = new(false, [.. ring.Nodes.Select(n => n.Name)], 0),
        Nodes = [.. ring.Nodes.Select(node => Node(folder.Node(node.Name), ring, node))],
    };

    private static NodeStatus Node(NodeFolder place, RingDescription ring, RingNode node) => new()
    {
        Name = node.Name,
        State = "unreachable",
        Engine = ring.Engine.ToString(),
        Replication = "unknown",
        Mysql = new(ring.HostOf(node), ring.PortsOf(node).Mysql, Runs(place, NodePart.Mysql)),
        Web = new(ring.WebUrl(node), Runs(place, NodePart.Web)),
        Daemon = new(ring.DaemonUrl(node), Runs(place, NodePart.Daemon)),
        ServerId = node.ServerId,
    };

    private static bool Runs(NodeFolder place, NodePart part) => place.Process(part).Running is { IsStopped: false };
}
