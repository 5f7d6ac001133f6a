using Connect.RingDaemon.Simulation.Faults;

namespace Connect.RingDaemon.Simulation;

/// <summary>What one story came to.</summary>
/// <param name="Story">What was played; playing it again gives the same.</param>
/// <param name="Violation">What must not happen and did, or null.</param>
/// <param name="Trace">Equal for two runs that did the same.</param>
/// <param name="Posted">Posts that a board took.</param>
/// <param name="Acknowledged">Posts whose authors were told that they are safe.</param>
/// <param name="Told">What happened, a line each, if it was asked for.</param>
internal sealed record SimulationResult(Story Story, Violation? Violation, ulong Trace, int Posted, int Acknowledged, IReadOnlyList<string> Told);

/// <summary>
/// Plays a story: a ring forms, people post, things break for a while (what must never happen is looked for), everything is mended, and the ring must come to rest: closed,
/// equal, with every acknowledged post on every node, and nobody re-pointing any more.
/// </summary>
internal static class RingSimulation
{
    private static readonly TimeSpan ToSettle = TimeSpan.FromMinutes(8); // longer than the longest hold-down
    private static readonly TimeSpan ToBecomeEqual = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(12);

    /// <summary>Plays the story that a seed draws.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="fewest">Smallest ring.</param>
    /// <param name="most">Largest ring.</param>
    public static SimulationResult Run(ulong seed, int fewest, int most, RunOptions? options = null) => Run(StoryDraw.Of(seed, fewest, most), options);

    public static SimulationResult Run(Story story, RunOptions? options = null)
    {
        using var ring = new SimulatedRing(story, options ?? new());
        Play(ring, story);
        return new(story, ring.Violation, ring.World.TraceHash, ring.Posted, ring.Boards.Acknowledged, ring.Told);
    }

    private static void Play(SimulatedRing ring, Story story)
    {
        if (!Comes(ring, ring.Found(), "never-formed", "the ring did not form within a minute")) return;
        ring.Boards.StartPosting();
        var faults = new FaultPlayer(ring);
        faults.Play(story.Faults);
        ring.Run(story.Lasts);
        if (ring.Violation is not null) return;
        faults.MendAll();
        ring.Checks.Mended();
        if (!Comes(ring, ring.RunUntil(() => ring.IsClosedAtRest() && ring.Present.All(d => d.Report is { Serving: true, Writable: true }), ToSettle), "ring-open", "the ring did not close again")) return;
        ring.Run(TimeSpan.FromSeconds(5));
        ring.Boards.StopPosting();
        var became = ring.RunUntil(ring.IsEqual, ToBecomeEqual);
        if (!Comes(ring, became, "divergence", $"the nodes did not become equal ({ring.Differences()})")) return;
        // A link is called broken for a while after it was mended. When that is taken back the order changes once more, after a hold-down: what follows counts from there.
        if (ring.Present.Any(NamesABrokenLink))
        {
            if (!Comes(ring, ring.RunUntil(() => !ring.Present.Any(NamesABrokenLink), ToSettle), "link-open", "a node goes on saying that it does not reach another one after everything was mended")) return;
            ring.Run(Rest);
        }
        // A last change may come late, when a long hold-down is over: until then a node does not follow its plan (seed 3655). Then there must be peace.
        if (!Comes(ring, ring.RunUntil(() => ring.IsClosedAtRest() && ring.Present.All(d => ring.World.Now - d.LastSourceChange > Rest), ToSettle), "circles", "nodes go on re-pointing after everything was mended")) return;
        ring.IsAtRest = true;
        ring.Run(Rest);
        if (!Comes(ring, ring.IsClosedAtRest(), "ring-open", "the ring opened again by itself")) return;
        if (!Comes(ring, ring.IsEqual(), "divergence", $"the nodes became unequal by themselves ({ring.Differences()})")) return;
        ring.Checks.Rested();
    }

    private static bool NamesABrokenLink(SimulatedDaemon daemon) => !daemon.Gossip.Facts.Unreached.Names.IsEmpty;

    private static bool Comes(SimulatedRing ring, bool came, string rule, string otherwise)
    {
        if (!came) ring.Checks.Never(rule, $"{otherwise}: {ring.Shape()}");
        return ring.Violation is null;
    }
}
