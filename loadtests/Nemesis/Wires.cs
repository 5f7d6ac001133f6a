using System.Diagnostics;
using System.Text.Json.Nodes;
using Connect.LoadTests.Ring;

namespace Connect.LoadTests.Nemesis;

/// <summary>The wires between nodes, and to the machine (load balancer and people): packets are dropped where they arrive, by nftables in the receiver's namespace.</summary>
public sealed class Wires
{
    /// <summary>The machine's end of a wire.</summary>
    public const string Machine = "machine";

    private const string Table = "nemesis";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly RingUnderTest _ring;
    private readonly string _name;
    private readonly string _machine;

    /// <exception cref="MeasurementException">The ring has no network of its own.</exception>
    public Wires(RingUnderTest ring)
    {
        _ring = ring;
        var network = JsonNode.Parse(File.ReadAllText(Path.Combine(ring.Folder, "ring.json")))?["network"]
            ?? throw new MeasurementException($"The nodes of {ring.Folder} share this machine's network. Start the ring with ./connect up --namespaces.");
        (_name, _machine) = ((string)network["name"]!, (string)network["prefix"]! + ".254");
    }

    /// <summary>From now on nothing that one end sends reaches the other.</summary>
    public async Task CutAsync(string from, string to, CancellationToken cancel)
    {
        if (to == Machine)
        {
            // The machine's own rules are not ours to touch: what a node says to it is dropped where it leaves.
            await RuleAsync(from, $"output ip daddr {_machine}", cancel);
            TakeSocket(from);
            return;
        }
        await RuleAsync(to, $"input ip saddr {AddressOf(from)}", cancel);
        if (from == Machine) TakeSocket(to);
    }

    public async Task CutBothAsync(string one, string other, CancellationToken cancel)
    {
        await CutAsync(one, other, cancel);
        await CutAsync(other, one, cancel);
    }

    /// <summary>Every wire is whole again.</summary>
    public async Task MendAsync(CancellationToken cancel)
    {
        foreach (var node in _ring.Nodes)
        {
            // "add" makes the deletion succeed where nothing was cut.
            await NftAsync(node.Name, $"add table inet {Table}; delete table inet {Table}", cancel);
            var way = node.Settings.LoadBalancer.Socket;
            if (File.Exists(way + ".cut") || new FileInfo(way + ".cut").LinkTarget is not null) File.Move(way + ".cut", way, overwrite: true);
        }
    }

    private string AddressOf(string end) => end == Machine ? _machine : _ring[end].Settings.Database.Host;

    /// <summary>A socket in the file system knows no wires: a node that cannot reach the machine loses its way to the load balancer's, which is a link of its own.</summary>
    private void TakeSocket(string node)
    {
        var way = _ring[node].Settings.LoadBalancer.Socket;
        if (new FileInfo(way).LinkTarget is not null) File.Move(way, way + ".cut", overwrite: true);
    }

    private Task RuleAsync(string node, string rule, CancellationToken cancel)
    {
        var chain = rule.Split(' ')[0];
        return NftAsync(node, $"add table inet {Table}; add chain inet {Table} {chain} {{ type filter hook {chain} priority 0; }}; add rule inet {Table} {rule} drop", cancel);
    }

    private async Task NftAsync(string node, string commands, CancellationToken cancel)
    {
        var info = new ProcessStartInfo("nsenter", [$"--net=/run/netns/{_name}-{node}", "--", "nft", commands]) { RedirectStandardError = true, RedirectStandardOutput = true };
        using var process = Process.Start(info)!;
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limited.CancelAfter(Patience);
        var said = await process.StandardError.ReadToEndAsync(limited.Token);
        await process.WaitForExitAsync(limited.Token);
        if (process.ExitCode != 0) throw new MeasurementException($"nft on {node} ended with {process.ExitCode} ({commands}): {said.Trim()}");
    }
}
