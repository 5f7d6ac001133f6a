namespace Connect.RingDaemon.Local;

/// <summary>Stops a ring: boards and daemons first, then the servers, then the load balancer, each with a deadline.</summary>
internal static class RingDown
{
    private static readonly TimeSpan ProgramPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ServerPatience = TimeSpan.FromSeconds(30);

    public static async Task RunAsync(RingFolder folder, bool wipe, IRingProgress progress)
    {
        if (!Directory.Exists(folder.Path)) return;
        using (await FolderLock.TakeAsync(folder, CancellationToken.None))
        {
            progress.Doing("Stopping boards, daemons and servers");
            await StopAllAsync(folder);
            if (wipe)
            {
                progress.Doing($"Deleting {folder.Path}");
                folder.Wipe();
            }
        }
    }

    /// <summary>Stops everything, whoever started it. When it returns no process carries the folder's mark.</summary>
    public static async Task StopAllAsync(RingFolder folder)
    {
        var ring = RingDescription.TryLoad(folder);
        var nodes = ring?.Nodes ?? [];
        await StopAsync(folder, nodes, ProgramPatience, NodePart.Web, NodePart.Daemon);
        await StopAsync(folder, nodes, ServerPatience, NodePart.Mysql);
        if (ProcessHandle.Find(folder.HaproxyProcess) is { } haproxy) await haproxy.StopAsync(ProgramPatience);
        await KillRestAsync(folder);
        await RingNetwork.RemoveAsync(folder);
        if (ring is not null) (ring with { Phase = RingPhase.Stopped }).Save(folder);
    }

    private static Task StopAsync(RingFolder folder, IEnumerable<RingNode> nodes, TimeSpan patience, params NodePart[] parts) =>
        Task.WhenAll(nodes.SelectMany(node => parts.Select(part => ProcessHandle.Find(folder.Node(node.Name).Process(part))))
            .Select(process => process?.StopAsync(patience) ?? Task.CompletedTask));

    /// <summary>Whatever no file speaks of: children, and processes whose file was deleted.</summary>
    private static async Task KillRestAsync(RingFolder folder)
    {
        var gone = await Eventually.TrueAsync(() =>
        {
            var rest = ProcessTable.Marked(folder.Path).ToList();
            foreach (var process in rest) process.Send(Signal.Kill);
            return rest.Count == 0;
        }, ProgramPatience, CancellationToken.None);
        if (!gone)
            throw new LocalRingException($"These processes of the ring do not die: {string.Join(", ", ProcessTable.Marked(folder.Path).Select(p => p.Pid))}.");
    }
}
