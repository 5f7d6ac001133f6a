using Connect.Node.Settings;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Local;

/// <summary>Restarts a node's server under a new identity, with the data it has. Its daemon asks for it when the old identity must be retired.</summary>
internal sealed class NodeRenewal(RingFolder folder, IRingProgress progress)
{
    private static readonly TimeSpan ToStop = TimeSpan.FromSeconds(60);

    /// <param name="name">Of the node.</param>
    /// <param name="retired">Whose end it is: a server that was given another id meanwhile stays as it is. Null: whatever id it has.</param>
    /// <param name="offered">The new id; null: one of the ring's own. A server that has it already stays as it is.</param>
    /// <param name="cancel">Ends it early, between any two steps; it may be done again.</param>
    /// <returns>The new server id.</returns>
    public async Task<uint> RunAsync(string name, uint? retired, uint? offered, CancellationToken cancel)
    {
        using var locked = await FolderLock.TakeAsync(folder, cancel);
        var ring = RingDescription.Load(folder);
        var binaries = await ServerPrograms.FindAsync(ring.Engine, progress, cancel);
        var place = folder.Node(ring.Node(name).Name);
        if (OptionFile.ServerIdIn(place.OptionFile) is { } present && (present == offered || (retired is not null && present != retired)))
        {
            new NodeProcesses(folder, ring, binaries, Programs.Find()).Start(ring.Node(name), NodePart.Mysql);
            return present;
        }
        progress.Doing($"Stopping the server of {name}");
        if (ProcessHandle.Find(place.Process(NodePart.Mysql)) is { } server) await server.StopAsync(ToStop);
        // Saved before it is used: an id that was given out once is never given out again, whatever happens next.
        ring = ring.WithRenewed(name, offered);
        ring.Save(folder);
        var node = ring.Node(name);
        progress.Doing($"Starting it as server {node.ServerId}");
        // The option file last: an id in it that is not the retired one means that all of it was done.
        DataFolder.ForgetIdentity(place.Data, ring.Engine);
        NodeFiles.WriteServerFiles(folder, ring, node, binaries, DatabaseAccounts.Load(place.AccountsFile));
        new NodeProcesses(folder, ring, binaries, Programs.Find()).Start(node, NodePart.Mysql);
        return node.ServerId;
    }
}
