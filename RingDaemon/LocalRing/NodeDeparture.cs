using System.Text.Json.Nodes;
using Connect.Node.Security;
using Connect.RingDaemon.Cli;

namespace Connect.RingDaemon.Local;

/// <summary>Takes a node out of a local ring for good: its daemon drains it and says goodbye, then its processes end and the folder's ring no longer has it.</summary>
internal sealed class NodeDeparture(RingFolder folder, IRingProgress progress)
{
    private static readonly TimeSpan DrainPatience = TimeSpan.FromSeconds(70);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(30);

    /// <returns>What the node's daemon answered.</returns>
    /// <exception cref="DaemonRefusedException">The node must not leave; nothing was changed.</exception>
    /// <exception cref="LocalRingException">It is still draining; it goes on by itself, and the verb may be repeated.</exception>
    public async Task<JsonNode> RunAsync(string name, bool dryRun, CancellationToken cancel)
    {
        using var locked = await FolderLock.TakeAsync(folder, cancel);
        var ring = RingDescription.Load(folder);
        var daemon = new DaemonClient(ring.DaemonUrl(ring.Node(name)), ClusterKeys.Load(folder.KeyFile).ApiToken);
        if (!dryRun) progress.Doing($"Draining {name}");
        var answer = await daemon.PostAsync("/v1/leave", new JsonObject { ["dryRun"] = dryRun }, cancel, DrainPatience);
        if (dryRun) return answer;
        if ((bool?)answer["done"] != true) throw new LocalRingException($"{(string?)answer["message"]}");
        progress.Doing($"Stopping {name}");
        await RemoveAsync(ring, name);
        return answer;
    }

    /// <summary>The ring has forgotten the node already.</summary>
    public async Task ForgetAsync(string name, CancellationToken cancel)
    {
        using var locked = await FolderLock.TakeAsync(folder, cancel);
        var ring = RingDescription.Load(folder);
        if (ring.Nodes.Any(n => n.Name == name)) await RemoveAsync(ring, name);
    }

    /// <summary>Ends what runs of a node.</summary>
    public async Task StopAsync(string name)
    {
        foreach (var part in (NodePart[])[NodePart.Web, NodePart.Daemon, NodePart.Mysql])
        {
            if (ProcessHandle.Find(folder.Node(name).Process(part)) is { } process) await process.StopAsync(StopPatience);
        }
    }

    /// <summary>Its data is kept, under a name that no later node gets; only the last one of that name.</summary>
    private async Task RemoveAsync(RingDescription ring, string name)
    {
        await StopAsync(name);
        ring.Without(name).Save(folder);
        var (place, aside) = (folder.Node(name).Path, folder.Node(name).Path + ".left");
        if (Directory.Exists(aside)) Directory.Delete(aside, recursive: true);
        if (Directory.Exists(place)) Directory.Move(place, aside);
    }
}
