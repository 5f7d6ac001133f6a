using Connect.Node.Security;
using Connect.Node.Settings;

namespace Connect.RingDaemon.Local;

/// <summary>How a node is added.</summary>
public sealed record JoinOptions
{
    /// <summary>The newcomer's engine; null: the ring's.</summary>
    public Engine? Engine { get; init; }

    /// <summary>The newcomer's cluster key; null: the ring's.</summary>
    public string? KeyFile { get; init; }

    /// <summary>Says what would be done, and does nothing.</summary>
    public bool DryRun { get; init; }

    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(180);
}

/// <summary>Adds a node to a running ring: a fresh server, filled from the ring before anybody is sent there.</summary>
internal sealed class NodeArrival(RingFolder folder, IRingProgress progress)
{
    public async Task<string> RunAsync(JoinOptions options, CancellationToken cancel)
    {
        RingDescription ring;
        RingNode node;
        NodeProcesses processes;
        using (await FolderLock.TakeAsync(folder, cancel))
        {
            var before = RingDescription.Load(folder);
            Refuse(before, options);
            ring = before.WithNewNode();
            node = ring.Nodes[^1];
            var busy = Ports.Busy(Ports.All(ring.Port, [node.Index]).Skip(1));
            if (busy.Count > 0) throw new LocalRingException($"{node.Name} cannot be added: {string.Join(", ", busy)} taken.");
            if (options.DryRun) return node.Name;
            var binaries = await ServerPrograms.FindAsync(ring.Engine, progress, cancel);
            progress.Doing($"Preparing {node.Name}");
            ring.Save(folder);
            await RingNetwork.MakeAsync(ring, cancel);
            var any = before.Nodes.Select(n => folder.Node(n.Name).AccountsFile).First(File.Exists);
            await NodePreparation.RunAsync(folder, ring, node, binaries, DatabaseAccounts.Load(any), cancel);
            processes = new(folder, ring, binaries, Programs.Find());
            progress.Doing($"Starting {node.Name}");
            foreach (var part in Enum.GetValues<NodePart>()) processes.Start(node, part);
        }
        progress.Doing($"Waiting until {node.Name} has the ring's data and is alive");
        try
        {
            await new NodeSettling(folder, ring, processes).RunAsync(node.Name, options.Patience, cancel);
            return node.Name;
        }
        catch (RefusedException e)
        {
            // Nothing is changed: neither the ring nor the folder knows it any more.
            using var locked = await FolderLock.TakeAsync(folder, CancellationToken.None);
            await new NodeDeparture(folder, progress).StopAsync(node.Name);
            RingDescription.Load(folder).Without(node.Name).Save(folder);
            Directory.Delete(folder.Node(node.Name).Path, recursive: true);
            throw new LocalRingException($"{node.Name} was not let in: {e.Message}", e);
        }
    }

    /// <summary>Everything that would make the ring refuse the newcomer, said before anything is made.</summary>
    private void Refuse(RingDescription ring, JoinOptions options)
    {
        if (ring.Phase != RingPhase.Running) throw new LocalRingException($"The ring in {folder.Path} is not running. Start it: ./connect up --data {folder.Path}");
        if (options.Engine is { } engine && engine != ring.Engine)
            throw new LocalRingException($"This ring runs on {ring.Engine}; a {engine} server cannot replicate with it. Leave --engine out.");
        if (options.KeyFile is not { } keyFile) return;
        var ours = ClusterKeys.Load(folder.KeyFile);
        var theirs = ClusterKeys.Load(keyFile);
        if (!ours.IsApiToken(theirs.ApiToken))
            throw new LocalRingException($"{keyFile} holds the key of another cluster: this ring would not understand the newcomer. Its key is in {folder.KeyFile}.");
    }
}
