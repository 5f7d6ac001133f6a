using Connect.RingDaemon.Daemon;

namespace Connect.RingDaemon.Local;

/// <summary>
/// Waits until a node is alive, and helps where a supervisor would: a MySQL server ends when it has been cloned, and must be started again. (A server that its daemon puts right is
/// restarted by <see cref="NodeRenewal"/>.)
/// </summary>
internal sealed class NodeSettling(RingFolder folder, RingDescription ring, NodeProcesses processes)
{
    private const int MaxRestarts = 5;

    private int _restarts;

    public async Task RunAsync(string name, TimeSpan patience, CancellationToken cancel)
    {
        var node = ring.Node(name);
        await new RingWatch(folder, ring).AliveAsync(node, patience, () => Supervise(node), cancel);
        if (!node.Newcomer) return;
        using var locked = await FolderLock.TakeAsync(folder, cancel);
        RingDescription.Load(folder).WithSettled(name).Save(folder);
    }

    private void Supervise(RingNode node)
    {
        var place = folder.Node(node.Name);
        if (place.Process(NodePart.Daemon).Running is null)
            throw new LocalRingException($"The daemon of {node.Name} has ended. {LogTail.Of(place.Log(NodePart.Daemon))}");
        if (place.Process(NodePart.Mysql).Running is not null || File.Exists(Path.Combine(place.State, MendingNote.File))) return;
        if (!node.Newcomer || ++_restarts > MaxRestarts)
            throw new LocalRingException($"The server of {node.Name} has ended. {LogTail.Of(place.Log(NodePart.Mysql))}");
        processes.Start(node, NodePart.Mysql);
    }
}
