namespace Connect.RingDaemon.Local;

/// <summary>Breaks something on purpose. It takes no lock: disasters do not wait for anyone either.</summary>
internal static class NodeBreak
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static async Task<IReadOnlyList<NodePart>> RunAsync(RingFolder folder, string name, Target what, Signal signal, CancellationToken cancel)
    {
        var place = folder.Node(RingDescription.Load(folder).Node(name).Name);
        var hit = new List<(NodePart Part, ProcessIdentity Process)>();
        // All signals before any waiting: a machine dies at once, not one process after the other.
        foreach (var part in Parts(what))
        {
            if (place.Process(part).Running is not { } process || !process.Send(signal)) continue;
            hit.Add((part, process));
        }
        if (signal is Signal.Kill or Signal.Term && !await Eventually.TrueAsync(() => hit.TrueForAll(h => !h.Process.IsAlive), Patience, cancel))
        {
            var left = hit.Where(h => h.Process.IsAlive).Select(h => h.Part.ToString().ToLowerInvariant());
            throw new LocalRingException($"{string.Join(", ", left)} of {name} still runs {Patience.TotalSeconds:0} s after SIG{signal.ToString().ToUpperInvariant()}.");
        }
        return [.. hit.Select(h => h.Part)];
    }

    private static NodePart[] Parts(Target what) => what switch
    {
        Target.Mysql => [NodePart.Mysql],
        Target.Web => [NodePart.Web],
        Target.Daemon => [NodePart.Daemon],
        _ => [NodePart.Mysql, NodePart.Web, NodePart.Daemon],
    };
}
