using System.Net.NetworkInformation;
using System.Security.Cryptography;
using System.Text;

namespace Connect.RingDaemon.Local;

/// <summary>The network of a ring whose nodes do not share this machine's.</summary>
/// <param name="Name">Of its switch; nodes' namespaces are called <c>NAME-n1</c> and so on. Made from the folder, so two rings live side by side.</param>
/// <param name="Prefix">The first three numbers of its addresses; node n1 has PREFIX.1, the machine itself (the load balancer and people) PREFIX.254.</param>
public sealed record NetworkPlan(string Name, string Prefix)
{
    public string Machine => $"{Prefix}.254";

    public string HostOf(RingNode node) => $"{Prefix}.{node.Index}";

    public string NamespaceOf(RingNode node) => $"{Name}-{node.Name}";
}

/// <summary>
/// Gives every node of a local ring a network namespace of its own, as if it were a machine: tests cut wires there (docs/nemesis.md). A bridge in a further
/// namespace joins them, and one wire leads from it to this machine. It needs root, and <c>ip</c> (iproute2).
/// </summary>
internal static class RingNetwork
{
    private const string Folder = "/run/netns"; // where ip keeps the names
    private const string Wire = "eth0";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>A plan for the ring in a folder, with addresses that this machine does not use yet.</summary>
    public static NetworkPlan Plan(RingFolder folder)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(folder.Path));
        var taken = NetworkInterface.GetAllNetworkInterfaces().SelectMany(i => i.GetIPProperties().UnicastAddresses).Select(a => a.Address.ToString()).ToList();
        for (var step = 0; ; step++)
        {
            var plan = new NetworkPlan(NameOf(folder), $"10.{128 + hash[0] % 64}.{(hash[1] + step) % 256}");
            if (step == 256) throw new LocalRingException($"Every network like {plan.Prefix}.0/24 is in use on this machine. Name another folder with --data.");
            if (!taken.Exists(address => address.StartsWith(plan.Prefix + ".", StringComparison.Ordinal))) return plan;
        }
    }

    /// <summary>What to put before a command so that it runs on a node: nothing in a ring that shares this machine's network.</summary>
    public static string[] CommandOn(RingDescription ring, RingNode node) => ring.Network is { } plan ? ["nsenter", $"--net={Folder}/{plan.NamespaceOf(node)}", "--"] : [];

    /// <summary>Makes what is missing of the network.</summary>
    /// <exception cref="LocalRingException">It cannot be made here; the message says why.</exception>
    public static async Task MakeAsync(RingDescription ring, CancellationToken cancel)
    {
        if (ring.Network is not { } plan) return;
        if (!Environment.IsPrivilegedProcess) throw new LocalRingException("Network namespaces need root. Leave --namespaces out, or run as root.");
        if (!Exists(plan.Name))
        {
            await IpAsync(cancel, "netns", "add", plan.Name);
            await IpAsync(cancel, "-n", plan.Name, "link", "add", "switch", "type", "bridge");
            await IpAsync(cancel, "-n", plan.Name, "link", "set", "switch", "up");
            await IpAsync(cancel, "link", "add", plan.Name, "type", "veth", "peer", "name", "machine", "netns", plan.Name);
            await PlugAsync(plan, "machine", cancel);
            await IpAsync(cancel, "address", "add", $"{plan.Machine}/24", "dev", plan.Name);
            await IpAsync(cancel, "link", "set", plan.Name, "up");
        }
        foreach (var node in ring.Nodes.Where(n => !Exists(plan.NamespaceOf(n))))
        {
            var name = plan.NamespaceOf(node);
            await IpAsync(cancel, "netns", "add", name);
            await IpAsync(cancel, "-n", name, "link", "set", "lo", "up");
            await IpAsync(cancel, "-n", name, "link", "add", Wire, "type", "veth", "peer", "name", node.Name, "netns", plan.Name);
            await PlugAsync(plan, node.Name, cancel);
            await IpAsync(cancel, "-n", name, "address", "add", $"{plan.HostOf(node)}/24", "dev", Wire);
            await IpAsync(cancel, "-n", name, "link", "set", Wire, "up");
        }
    }

    /// <summary>Removes the namespaces of a folder's ring, whoever made them; the wires go with them. Its processes must have ended.</summary>
    public static async Task RemoveAsync(RingFolder folder)
    {
        if (!Directory.Exists(Folder)) return;
        var name = NameOf(folder);
        foreach (var made in Directory.EnumerateFiles(Folder).Select(f => Path.GetFileName(f)!).Where(n => n == name || n.StartsWith(name + "-", StringComparison.Ordinal)))
            await IpAsync(CancellationToken.None, "netns", "delete", made);
        // A namespace goes a moment after its name; this end of its wire would be in the way of the next one. It may go by itself while it is being deleted.
        try
        {
            if (HasWire(name)) await IpAsync(CancellationToken.None, "link", "delete", name);
        }
        catch (LocalRingException) when (!HasWire(name))
        {
            // It has gone.
        }
    }

    private static bool HasWire(string name) => NetworkInterface.GetAllNetworkInterfaces().Any(i => i.Name == name);

    private static bool Exists(string name) => File.Exists(Path.Combine(Folder, name));

    /// <summary>Short, because it also names an interface (15 characters at the most).</summary>
    private static string NameOf(RingFolder folder) => "connect" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(folder.Path)))[..8];

    private static async Task PlugAsync(NetworkPlan plan, string wire, CancellationToken cancel)
    {
        await IpAsync(cancel, "-n", plan.Name, "link", "set", wire, "master", "switch");
        await IpAsync(cancel, "-n", plan.Name, "link", "set", wire, "up");
    }

    private static async Task IpAsync(CancellationToken cancel, params string[] arguments)
    {
        var program = ServerPrograms.OnPath("ip") ?? throw new LocalRingException("ip is not installed. Install it (apt-get install iproute2, or scripts/setup).");
        var result = await Tool.RunAsync([program, .. arguments], Patience, cancel);
        if (result.ExitCode != 0) throw new LocalRingException($"ip {string.Join(' ', arguments)} failed: {result.Output.Trim()}");
    }
}
