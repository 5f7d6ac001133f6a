using Connect.RingDaemon.Simulation.Faults;

namespace Connect.RingDaemon.Simulation;

/// <summary>What one story came to.</summary>
/// <param name="Story">What was played; playing it again gives the same.</param>
/// <param name="Violation">What must not happen and did, or null.</param>
/// <param name="Trace">Equal for two runs that did the same.</param>
/// <param name="Acknowledged">Posts whose authors were told that they are safe.</param>
/// <param name="Told">What happened, a line each, if it was asked for.</param>
public sealed record SimulationResult(Story Story, string? Violation, ulong Trace, int Posted, int Acknowledged, IReadOnlyList<string> Told);

/// <summary>
/// Plays a story: a ring forms, people post, things break for a while (what must never happen is looked for), everything is mended, and the ring must come to rest: closed,
/// equal, with every acknowledged post on every node, and nobody re-pointing any more.
/// </summary>
public static class RingSimulation
{
    private static readonly TimeSpan ToSettle = TimeSpan.FromMinutes(8); // longer than the longest hold-down
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(12);

    /// <summary>Plays the story that a seed draws.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="fewest">Smallest ring.</param>
    /// <param name="most">Largest ring.</param>
    /// <param name="tells">Keep what happened.</param>
    public static SimulationResult Run(ulong seed, int fewest, int most, bool tells) => Run(StoryDraw.Of(seed, fewest, most), tells);

    /// <param name="story">What is to happen.</param>
    /// <param name="tells">Keep what happened.</param>
    public static SimulationResult Run(Story story, bool tells)
    {
        using var ring = new SimulatedRing(story, tells);
        var violation = Play(ring, story) ?? (ring.FirstDefect is { } defect ? $"the simulation itself failed: {defect}" : null);
        return new(story, violation, ring.World.TraceHash, ring.Posted, ring.Acknowledged.Count, ring.Told);
    }

    private static string? Play(SimulatedRing ring, Story story)
    {
        if (!ring.Found()) return "the ring did not form within a minute";
        ring.StartPosting();
        var faults = new FaultPlayer(ring);
        faults.Play(story.Faults);
        ring.Run(story.Lasts);
        if (ring.FirstDefect is not null) return null;
        faults.MendAll();
        if (!ring.RunUntil(() => ring.IsClosed() && ring.Daemons.All(d => d.Report.Serving && d.FollowsItsPlan), ToSettle)) return $"the ring did not close again: {Shape(ring)}";
        ring.Run(TimeSpan.FromSeconds(5));
        ring.StopPosting();
        if (!ring.RunUntil(ring.IsEqual, TimeSpan.FromMinutes(1))) return $"the nodes did not become equal: {string.Join(", ", ring.Daemons.Select(d => $"{d.Name} [{d.Server.Executed}]"))}";
        if (ring.Lost() is { Count: > 0 } lost) return $"acknowledged posts are lost: {string.Join(", ", lost.Take(5))}";
        var changes = ring.Daemons.Sum(d => d.SourceChanges);
        ring.Run(Rest);
        if (ring.Daemons.Sum(d => d.SourceChanges) != changes && !Rests(ring)) return "nodes go on re-pointing after everything was mended";
        return ring.IsClosed() ? null : $"the ring opened again by itself: {Shape(ring)}";
    }

    /// <summary>A last change may come late, when a long hold-down is over. Then there must be peace.</summary>
    private static bool Rests(SimulatedRing ring) =>
        ring.RunUntil(() => ring.Daemons.All(d => ring.World.Now - d.LastSourceChange > Rest), ToSettle);

    private static string Shape(SimulatedRing ring) =>
        string.Join(", ", ring.Daemons.Select(d => $"{d.Name} {d.Report.Phase} from {d.Server.Source?.Name ?? "nobody"}{(d.Server.Replicating ? "" : " (not running)")}: {d.Report.Doing}; {d.Report.Why}"));
}
