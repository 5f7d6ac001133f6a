using Connect.Node.Settings;

namespace Connect.RingDaemon.Local;

/// <summary>What to start.</summary>
/// <param name="Folder">Where everything of the ring lies.</param>
public sealed record UpOptions(string Folder)
{
    public const int DefaultNodes = 3;

    public const int DefaultPort = 8080;

    /// <summary>Null: as many as the folder's ring has; 3 for a new one.</summary>
    public int? Nodes { get; init; }

    /// <summary>Null: what the folder's ring has; for a new one whatever is installed.</summary>
    public Engine? Engine { get; init; }

    /// <summary>Null: what the folder's ring has; 8080 for a new one.</summary>
    public int? Port { get; init; }

    /// <summary>For tests: every node gets a network namespace and an address of its own, so that wires can be cut. Needs root.</summary>
    public bool Namespaces { get; init; }

    /// <summary>What a node does that sees fewer than a majority. Null: what the folder's ring does; a new one stays writable.</summary>
    public MinorityPolicy? Minority { get; init; }

    /// <summary>The ring outlives this process. Otherwise it is taken down when this process dies.</summary>
    public bool Detach { get; init; }

    /// <summary>Nodes of a stopped ring whose data is missing or damaged get it anew from the others.</summary>
    public bool Reseed { get; init; }

    /// <summary>How long to wait until the ring is closed and the board answers.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(120);
}

/// <summary>What of a node to break.</summary>
public enum Target { Node, Mysql, Web, Daemon }

/// <summary>A whole ring on one machine: servers, daemons, boards and a load balancer, in one folder. The verbs use it, and so do the tests.</summary>
public sealed class LocalRing
{
    private Guard? _guard;

    internal LocalRing(RingFolder folder, Guard? guard = null) => (Folder, _guard) = (folder, guard);

    public RingFolder Folder { get; }

    /// <summary>What the folder says now.</summary>
    public RingDescription Description => RingDescription.Load(Folder);

    /// <summary>The ring in a folder, running or not.</summary>
    /// <exception cref="LocalRingException">There is none.</exception>
    public static LocalRing Open(string folder)
    {
        var ring = new LocalRing(new(folder));
        _ = ring.Description;
        return ring;
    }

    /// <summary>Starts a new ring, or one that was stopped, and returns when it is closed and the board answers.</summary>
    /// <exception cref="LocalRingException">It could not be done; whatever had been started has been stopped again.</exception>
    public static Task<LocalRing> UpAsync(UpOptions options, IRingProgress progress, CancellationToken cancel = default) =>
        new RingUp(options, progress).RunAsync(cancel);

    /// <summary>Breaks something.</summary>
    /// <returns>What got the signal, like <c>mysql</c>; empty if nothing of it ran.</returns>
    public Task<IReadOnlyList<NodePart>> KillAsync(string node, Target what = Target.Node, Signal signal = Signal.Kill, CancellationToken cancel = default) =>
        NodeBreak.RunAsync(Folder, node, what, signal, cancel);

    /// <summary>Brings a node back: starts what does not run, wakes what is frozen. A node without usable data gets it anew from the others.</summary>
    /// <param name="node">Its name.</param>
    /// <param name="progress">Hears the steps.</param>
    /// <param name="patience">How long to wait until the ring calls it alive; null does not wait.</param>
    /// <param name="cancel">Ends the wait; what was started runs on.</param>
    public Task StartAsync(string node, IRingProgress progress, TimeSpan? patience, CancellationToken cancel = default) =>
        new NodeReturn(Folder, progress).RunAsync(node, patience, cancel);

    /// <summary>Adds a node and waits until the ring calls it alive.</summary>
    /// <returns>Its name.</returns>
    public Task<string> JoinAsync(JoinOptions options, IRingProgress progress, CancellationToken cancel = default) =>
        new NodeArrival(Folder, progress).RunAsync(options, cancel);

    /// <summary>Drains a node and takes it out for good; its folder is kept as <c>NODE.left</c>.</summary>
    /// <returns>What its daemon answered.</returns>
    public Task<System.Text.Json.Nodes.JsonNode> LeaveAsync(string node, bool dryRun, IRingProgress progress, CancellationToken cancel = default) =>
        new NodeDeparture(Folder, progress).RunAsync(node, dryRun, cancel);

    /// <summary>After the ring has forgotten a dead node: the folder does so too. What is left of it is kept as <c>NODE.left</c>.</summary>
    public Task ForgetAsync(string node, CancellationToken cancel = default) => new NodeDeparture(Folder, SilentProgress.Instance).ForgetAsync(node, cancel);

    /// <summary>Stops everything; no process of the ring is left.</summary>
    /// <param name="wipe">Also deletes everything.</param>
    /// <param name="progress">Hears the steps.</param>
    public async Task DownAsync(bool wipe, IRingProgress? progress = null)
    {
        await RingDown.RunAsync(Folder, wipe, progress ?? SilentProgress.Instance);
        Release();
    }

    /// <summary>From now on the ring outlives this process.</summary>
    public void Release()
    {
        _guard?.Dismiss();
        _guard?.Dispose();
        _guard = null;
    }
}
