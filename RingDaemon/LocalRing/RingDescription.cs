using System.Text.Json;
using System.Text.Json.Serialization;
using Connect.Node.Settings;

namespace Connect.RingDaemon.Local;

/// <summary>How far a local ring has been taken.</summary>
public enum RingPhase
{
    /// <summary><c>up</c> is at work, or was killed at it.</summary>
    Starting,

    Running,

    Stopped,
}

/// <summary>One node of a local ring.</summary>
/// <param name="Name">n1, n2, ...</param>
/// <param name="Index">Its number, from which its ports follow.</param>
/// <param name="ServerId">Of its present data.</param>
/// <param name="Newcomer">Its data has still to be copied from the ring: its daemon is started with <c>--join</c>.</param>
public sealed record RingNode(string Name, int Index, uint ServerId, bool Newcomer = false);

/// <summary>What a folder knows about its ring: <c>ring.json</c>. Immutable; a change is saved in one step.</summary>
public sealed record RingDescription
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    public required Engine Engine { get; init; }

    /// <summary>The load balancer's port.</summary>
    public required int Port { get; init; }

    /// <summary>The ring's name, bound into every gossip packet: rings in different folders never mistake each other.</summary>
    public required string Cluster { get; init; }

    public required IReadOnlyList<RingNode> Nodes { get; init; }

    /// <summary>The highest server id ever given out. An id is never given twice: a re-used one silently swallows transactions.</summary>
    public required uint HighestServerId { get; init; }

    /// <summary>Every node has a network namespace and an address of its own; null: all of them share this machine's.</summary>
    public NetworkPlan? Network { get; init; }

    /// <summary>What a node does that sees fewer than a majority.</summary>
    public MinorityPolicy Minority { get; init; } = MinorityPolicy.Writable;

    public RingPhase Phase { get; init; } = RingPhase.Starting;

    /// <summary>Its accounts, keys and administrator have been made.</summary>
    public bool Founded { get; init; }

    [JsonIgnore]
    public string BoardUrl => $"http://{BoardHost}:{Port}";

    /// <summary>Where the load balancer listens.</summary>
    [JsonIgnore]
    public string BoardHost => Network?.Machine ?? "127.0.0.1";

    public static RingDescription New(Engine engine, int port, int nodes, string cluster) => new()
    {
        Engine = engine,
        Port = port,
        Cluster = cluster,
        Nodes = [.. Enumerable.Range(1, nodes).Select(i => new RingNode($"n{i}", i, (uint)i))],
        HighestServerId = (uint)nodes,
    };

    /// <exception cref="LocalRingException">There is no ring in the folder, or its description cannot be read.</exception>
    public static RingDescription Load(RingFolder folder) => TryLoad(folder)
        ?? throw new LocalRingException($"There is no ring in {folder.Path}. Start one: ./connect up --data {folder.Path}");

    /// <summary>Null if there is no ring in the folder.</summary>
    public static RingDescription? TryLoad(RingFolder folder)
    {
        try
        {
            return JsonSerializer.Deserialize<RingDescription>(File.ReadAllText(folder.DescriptionFile), Json);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException e)
        {
            throw new LocalRingException($"{folder.DescriptionFile} cannot be read ({e.Message}). ./connect down --wipe --data {folder.Path} starts over.", e);
        }
    }

    public void Save(RingFolder folder)
    {
        var path = folder.DescriptionFile;
        File.WriteAllText(path + ".new", JsonSerializer.Serialize(this, Json) + "\n");
        File.Move(path + ".new", path, overwrite: true);
    }

    /// <exception cref="LocalRingException">There is no such node.</exception>
    public RingNode Node(string name) => Nodes.FirstOrDefault(n => n.Name == name)
        ?? throw new LocalRingException($"There is no node '{name}' in this ring; it has {string.Join(", ", Nodes.Select(n => n.Name))}.");

    /// <summary>A further node, with the next number and a server id that was never used.</summary>
    public RingDescription WithNewNode()
    {
        var index = Nodes.Max(n => n.Index) + 1;
        if (index > Ports.MaxNodes) throw new LocalRingException($"A local ring has at most {Ports.MaxNodes} nodes.");
        return this with { Nodes = [.. Nodes, new($"n{index}", index, HighestServerId + 1, Newcomer: true)], HighestServerId = HighestServerId + 1 };
    }

    /// <summary>The node comes back with empty data, hence as somebody new.</summary>
    public RingDescription WithRebuilt(string name) => this with
    {
        Nodes = [.. Nodes.Select(n => n.Name == name ? n with { ServerId = HighestServerId + 1, Newcomer = true } : n)],
        HighestServerId = HighestServerId + 1,
    };

    /// <summary>The node keeps its data and becomes somebody new.</summary>
    /// <param name="name">Which.</param>
    /// <param name="serverId">Its new server id, which nobody has or had; null for the next one of the ring's own.</param>
    public RingDescription WithRenewed(string name, uint? serverId) => this with
    {
        Nodes = [.. Nodes.Select(n => n.Name == name ? n with { ServerId = serverId ?? HighestServerId + 1 } : n)],
        HighestServerId = serverId is null ? HighestServerId + 1 : HighestServerId,
    };

    /// <summary>The ring without a node. Its number and its server id are not lost: the next newcomer's server id is higher.</summary>
    public RingDescription Without(string name) => this with { Nodes = [.. Nodes.Where(n => n.Name != name)] };

    /// <summary>The node's data has been copied; it is a member like any other.</summary>
    public RingDescription WithSettled(string name) => this with { Nodes = [.. Nodes.Select(n => n.Name == name ? n with { Newcomer = false } : n)] };

    public NodePorts PortsOf(RingNode node) => Ports.Of(Port, node.Index);

    /// <summary>Where all three of a node's programs listen.</summary>
    public string HostOf(RingNode node) => Network?.HostOf(node) ?? "127.0.0.1";

    public string DaemonUrl(RingNode node) => $"http://{HostOf(node)}:{PortsOf(node).Daemon}";

    public string WebUrl(RingNode node) => $"http://{HostOf(node)}:{PortsOf(node).Web}";
}
