using Connect.Node.Settings;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Local;

/// <summary>Brings a node back, whatever of it is gone.</summary>
internal sealed class NodeReturn(RingFolder folder, IRingProgress progress)
{
    public async Task RunAsync(string name, TimeSpan? patience, CancellationToken cancel)
    {
        RingDescription ring;
        NodeProcesses processes;
        using (await FolderLock.TakeAsync(folder, cancel))
        {
            ring = RingDescription.Load(folder);
            if (ring.Phase != RingPhase.Running)
                throw new LocalRingException($"The ring in {folder.Path} is not running. Start all of it: ./connect up --data {folder.Path}");
            var binaries = await ServerPrograms.FindAsync(ring.Engine, progress, cancel);
            ring = await PrepareAsync(ring, ring.Node(name), binaries, cancel);
            processes = new(folder, ring, binaries, Programs.Find());
            progress.Doing($"Starting {name}");
            new HaproxyProcess(folder, ring).Start();
            foreach (var part in Enum.GetValues<NodePart>()) processes.Start(ring.Node(name), part);
        }
        if (patience is null) return;
        progress.Doing($"Waiting for {name} to be alive");
        await new NodeSettling(folder, ring, processes).RunAsync(name, patience.Value, cancel);
    }

    /// <summary>Data that cannot be used is replaced by an empty folder under a new server id, to be filled from the ring.</summary>
    private async Task<RingDescription> PrepareAsync(RingDescription ring, RingNode node, ServerBinaries binaries, CancellationToken cancel)
    {
        var place = folder.Node(node.Name);
        var serverRuns = place.Process(NodePart.Mysql).Running is not null;
        var missing = serverRuns ? [] : DataCheck.Missing(ring.Engine, place.Data);
        if (missing.Count == 0 && File.Exists(place.SettingsFile)) return ring;
        if (missing.Count > 0)
        {
            progress.Doing($"{missing[0]} is missing: {node.Name} gets a fresh server and a copy of the ring's data");
            // Its daemon speaks for the old data; it must begin anew as well.
            foreach (var part in (NodePart[])[NodePart.Daemon, NodePart.Web])
            {
                if (ProcessHandle.Find(place.Process(part)) is { } process) await process.StopAsync(TimeSpan.FromSeconds(5));
            }
            ring = ring.WithRebuilt(node.Name);
            ring.Save(folder);
        }
        var other = ring.Nodes.Select(n => folder.Node(n.Name).AccountsFile).FirstOrDefault(File.Exists)
            ?? throw new LocalRingException($"No accounts.json is left in {folder.Path}: the ring's shared accounts are lost.");
        await NodePreparation.RunAsync(folder, ring, ring.Node(node.Name), binaries, DatabaseAccounts.Load(other), cancel);
        return ring;
    }
}
