using Connect.Node.Security;
using Connect.Node.Settings;

namespace Connect.RingDaemon.Local;

/// <summary>The load balancer of a local ring: HAProxy with <c>config/haproxy.cfg</c>.</summary>
internal sealed class HaproxyProcess(RingFolder folder, RingDescription ring)
{
    private string ConfigurationFile => Path.Combine(folder.HaproxyFolder, "haproxy.cfg");

    public ProcessHandle? Running => ProcessHandle.Find(folder.HaproxyProcess);

    /// <summary>Starts it, unless it runs. All nodes begin in maintenance: their daemons switch them on.</summary>
    /// <exception cref="LocalRingException">HAProxy is not installed, or refuses its configuration.</exception>
    public ProcessHandle Start()
    {
        if (Running is { } running)
        {
            running.Identity.Send(Signal.Cont);
            return running;
        }
        var program = ServerPrograms.OnPath("haproxy")
            ?? throw new LocalRingException("HAProxy is not installed. Install it (apt-get install haproxy, or scripts/setup --run-time).");
        RingFolder.Private(folder.HaproxyFolder);
        RingFolder.Private(Path.GetDirectoryName(folder.HaproxySocket)!);
        foreach (var node in ring.Nodes)
        {
            var way = SocketOf(folder, ring, node);
            if (way != folder.HaproxySocket && new FileInfo(way).LinkTarget is null) File.CreateSymbolicLink(way, folder.HaproxySocket);
        }
        SecretFile.Write(ConfigurationFile, Configuration());
        return ProcessHandle.Start(new([program, "-db", "-f", ConfigurationFile], folder.HaproxyLog, folder.Path), folder.HaproxyProcess);
    }

    /// <summary>
    /// How a node reaches the runtime socket. In a ring with a network of its own each node has its own way there, a link to the one socket: a file knows no
    /// cut wire, so whoever cuts a node off takes its link away.
    /// </summary>
    public static string SocketOf(RingFolder folder, RingDescription ring, RingNode node) =>
        ring.Network is null ? folder.HaproxySocket : Path.Combine(Path.GetDirectoryName(folder.HaproxySocket)!, node.Name + ".sock");

    private string Configuration()
    {
        // Derived from the cluster's key, so that cookies stay good when HAProxy is started anew.
        var cookieKey = Convert.ToHexStringLower(ClusterKeys.Derive(ClusterKeys.Load(folder.KeyFile).Primary, "haproxy-cookie"))[..32];
        var named = ring.Nodes.Select(n => $"  server {n.Name} {ring.HostOf(n)}:{ring.PortsOf(n).Web} check disabled");
        var next = ring.Nodes.Max(n => n.Index) + 1;
        return File.ReadAllText(Programs.Configuration("haproxy.cfg"))
            .Replace("%SOCKET%", folder.HaproxySocket, StringComparison.Ordinal)
            .Replace("%BIND%", $"{ring.BoardHost}:{ring.Port}", StringComparison.Ordinal)
            .Replace("%COOKIE_KEY%", cookieKey, StringComparison.Ordinal)
            .Replace("%SERVERS%", string.Join('\n', named), StringComparison.Ordinal)
            .Replace("%FREE_SLOTS%", next > Ports.MaxNodes ? "" : $"  server-template n {next}-{Ports.MaxNodes} 127.0.0.1:1 check disabled", StringComparison.Ordinal);
    }
}
