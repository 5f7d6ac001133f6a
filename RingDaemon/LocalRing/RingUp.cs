using Connect.Node.Security;
using Connect.Node.Settings;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Local;

/// <summary>
/// Takes a ring up. Everything that does not depend on something else happens at once: while the servers start, daemons, boards and load balancer
/// start too and wait for them by themselves.
/// </summary>
internal sealed class RingUp(UpOptions options, IRingProgress progress)
{
    private readonly RingFolder _folder = new(options.Folder);

    public async Task<LocalRing> RunAsync(CancellationToken cancel)
    {
        var programs = Programs.Find();
        RefuseForeignFolder();
        _folder.Create();
        var locked = await FolderLock.TakeAsync(_folder, cancel);
        try
        {
            return await RunAsync(programs, locked.Dispose, cancel);
        }
        finally
        {
            locked.Dispose();
        }
    }

    /// <param name="unlock">Called when everything is started: while the ring closes, a daemon may have to renew its server, which changes the folder.</param>
    private async Task<LocalRing> RunAsync(Programs programs, Action unlock, CancellationToken cancel)
    {
        var existing = RingDescription.TryLoad(_folder);
        if (existing is not null) RefuseRunning(existing);
        if (existing is { Founded: false })
        {
            _folder.DeleteRing(); // an earlier up did not get far enough for anybody to have written anything
            existing = null;
        }
        if (existing is not null) RefuseContradiction(existing);
        var binaries = await ServerPrograms.FindAsync(existing?.Engine ?? options.Engine, progress, cancel);
        var ring = existing is null ? Plan(binaries) : Resume(existing);
        ring = ring with { Minority = options.Minority ?? ring.Minority };
        RefuseBusyPorts(ring);

        var guard = Guard.Start(["dotnet", programs.Daemon, "down", "--data", _folder.Path], _folder.GuardLog);
        var started = new LocalRing(_folder, guard);
        try
        {
            ring = await StartAsync(ring with { Phase = RingPhase.Starting }, binaries, programs, cancel);
            unlock();
            progress.Doing("Waiting for the ring to close and the board to answer");
            await new RingWatch(_folder, ring).ClosedAsync(options.Patience, cancel);
        }
        catch (Exception e)
        {
            progress.Doing("Stopping what was started");
            await RingDown.StopAllAsync(_folder);
            started.Release();
            if (e is OperationCanceledException) throw;
            throw e as LocalRingException ?? new LocalRingException($"The ring could not be started: {e.Message}", e);
        }
        using (await FolderLock.TakeAsync(_folder, cancel))
        {
            // Founded not before the daemons have found each other: one that did not would wait for ever to be let in.
            ring = RingDescription.Load(_folder) with { Phase = RingPhase.Running, Founded = true };
            ring.Nodes.Aggregate(ring, (settled, node) => settled.WithSettled(node.Name)).Save(_folder);
        }
        if (options.Detach) started.Release();
        return started;
    }

    private RingDescription Plan(ServerBinaries binaries)
    {
        var port = options.Port ?? UpOptions.DefaultPort;
        var ring = RingDescription.New(binaries.Engine, port, options.Nodes ?? UpOptions.DefaultNodes, $"local-{Guid.CreateVersion7():N}"[..24]);
        return options.Namespaces ? ring with { Network = RingNetwork.Plan(_folder) } : ring;
    }

    /// <summary>A stopped ring comes back with its data; what is wrong with the data is said before anything is started.</summary>
    private RingDescription Resume(RingDescription ring)
    {
        foreach (var node in ring.Nodes.Where(n => !n.Newcomer))
        {
            var missing = DataCheck.Missing(ring.Engine, _folder.Node(node.Name).Data);
            if (missing.Count == 0) continue;
            if (!options.Reseed)
            {
                throw new LocalRingException(
                    $"The data of {node.Name} is damaged: {string.Join(", ", missing)} {(missing.Count == 1 ? "is" : "are")} missing. "
                    + $"'./connect up --reseed --data {_folder.Path}' gives {node.Name} a fresh copy from the others (as a new member); "
                    + $"'./connect down --wipe --data {_folder.Path}' deletes the whole ring.");
            }
            ring = ring.WithRebuilt(node.Name);
        }
        if (ring.Nodes.All(n => n.Newcomer))
            throw new LocalRingException($"No node in {_folder.Path} has its data. './connect down --wipe --data {_folder.Path}' deletes the rest.");
        return ring;
    }

    private async Task<RingDescription> StartAsync(RingDescription ring, ServerBinaries binaries, Programs programs, CancellationToken cancel)
    {
        if (!File.Exists(_folder.KeyFile)) ClusterKeys.Create(_folder.KeyFile);
        ring.Save(_folder);
        await RingNetwork.RemoveAsync(_folder); // what a run that was killed with everything else has left
        await RingNetwork.MakeAsync(ring, cancel);
        var processes = new NodeProcesses(_folder, ring, binaries, programs);
        var haproxy = new HaproxyProcess(_folder, ring);

        progress.Doing($"Preparing {ring.Nodes.Count} {binaries.Engine} {binaries.Version} servers");
        haproxy.Start();
        var shared = SharedAccounts(ring);
        await Task.WhenAll(ring.Nodes.Select(node => NodePreparation.RunAsync(_folder, ring, node, binaries, shared, cancel)));

        progress.Doing("Starting servers, daemons, boards and the load balancer");
        foreach (var node in ring.Nodes) processes.Start(node, NodePart.Mysql);
        foreach (var node in ring.Nodes) processes.Start(node, NodePart.Daemon);
        var founding = ring.Founded ? Task.CompletedTask : FoundAsync(ring, processes, cancel);
        foreach (var node in ring.Nodes) processes.Start(node, NodePart.Web);
        await Task.WhenAll([founding, .. ring.Nodes.Select(node => RingWatch.ServerAnswersAsync(_folder, ring, node, options.Patience, cancel))]);
        return ring;
    }

    private async Task FoundAsync(RingDescription ring, NodeProcesses processes, CancellationToken cancel)
    {
        await RingWatch.ServerAnswersAsync(_folder, ring, ring.Nodes[0], options.Patience, cancel);
        await processes.FoundAsync(ring.Nodes[0], cancel);
    }

    private DatabaseAccounts SharedAccounts(RingDescription ring) => ring.Nodes.Select(n => _folder.Node(n.Name).AccountsFile).FirstOrDefault(File.Exists) is { } file
        ? DatabaseAccounts.Load(file) : DatabaseAccounts.Generate();

    private void RefuseForeignFolder()
    {
        if (Directory.Exists(_folder.Path) && !_folder.Exists
            && Directory.EnumerateFileSystemEntries(_folder.Path).Any(e => e != _folder.LockFile && e != _folder.GuardLog))
            throw new LocalRingException($"{_folder.Path} holds other things and no ring. Name an empty or a new folder with --data.");
    }

    private void RefuseRunning(RingDescription ring)
    {
        if (ProcessTable.Marked(_folder.Path).Any())
        {
            throw new LocalRingException(ring.Phase == RingPhase.Running
                ? $"The ring in {_folder.Path} is running already: {ring.BoardUrl}. './connect status --data {_folder.Path}' shows how it is, './connect start NODE' brings a node back."
                : $"A part of the ring in {_folder.Path} is running. Take it down first: ./connect down --data {_folder.Path}");
        }
    }

    /// <summary>A ring is what it is: flags that say something else are a mistake, not a wish.</summary>
    private void RefuseContradiction(RingDescription ring)
    {
        string? contradiction = null;
        if (options.Nodes is { } nodes && nodes != ring.Nodes.Count) contradiction = $"has {ring.Nodes.Count} nodes, not {nodes}";
        if (options.Engine is { } engine && engine != ring.Engine) contradiction = $"runs on {ring.Engine}, not on {engine}";
        if (options.Port is { } port && port != ring.Port) contradiction = $"uses port {ring.Port}, not {port}";
        if (options.Namespaces && ring.Network is null) contradiction = "shares this machine's network";
        if (contradiction is not null)
        {
            throw new LocalRingException($"The ring in {_folder.Path} {contradiction}. Leave the flag out to start it as it is, name another folder with --data, "
                + $"or delete it with './connect down --wipe --data {_folder.Path}'.");
        }
    }

    private static void RefuseBusyPorts(RingDescription ring)
    {
        var busy = Ports.Busy(Ports.All(ring.Port, ring.Nodes.Select(n => n.Index)));
        if (busy.Count > 0)
            throw new LocalRingException($"{(busy.Count == 1 ? "A port is" : "Ports are")} taken: {string.Join(", ", busy)}. Choose another first port, like --port {ring.Port + 100}.");
    }
}
