using Connect.Node.Settings;
using Connect.RingDaemon.Daemon;
using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Simulation;

/// <summary>What one seed came to.</summary>
/// <param name="Violation">What must not happen and did, or null.</param>
/// <param name="Trace">Equal for two runs that did the same.</param>
/// <param name="Acknowledged">Posts whose authors were told that they are safe.</param>
/// <param name="Faults">How often something was broken or mended.</param>
/// <param name="Story">What happened, if it was asked for.</param>
public sealed record SimulationResult(ulong Seed, int Nodes, string? Violation, ulong Trace, int Posted, int Acknowledged, int Faults, IReadOnlyList<string> Story);

/// <summary>
/// One schedule of faults, drawn from a seed: a ring forms, people post, things break for a while (what must never happen is looked for), everything is mended, and the
/// ring must come to rest: closed, equal, with every acknowledged post on every node, and nobody re-pointing any more.
/// </summary>
public static class RingSimulation
{
    private static readonly TimeSpan ToSettle = TimeSpan.FromMinutes(8); // longer than the longest hold-down
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(12);

    /// <param name="seed">Decides everything.</param>
    /// <param name="fewest">Smallest ring.</param>
    /// <param name="most">Largest ring.</param>
    /// <param name="tells">Keep the story.</param>
    public static SimulationResult Run(ulong seed, int fewest, int most, bool tells)
    {
        var shape = new Prng(seed);
        var nodes = fewest + shape.Below(most - fewest + 1);
        using var ring = new SimulatedRing(nodes, seed, shape.Below(2) == 0 ? Engine.MariaDB : Engine.MySQL, tells);
        var faults = new FaultSchedule(ring);
        var violation = Play(ring, faults) ?? (ring.FirstDefect is { } defect ? $"the simulation itself failed: {defect}" : null);
        return new(seed, nodes, violation, ring.World.TraceHash, ring.Posted, ring.Acknowledged.Count, faults.Count, ring.Story);
    }

    private static string? Play(SimulatedRing ring, FaultSchedule faults)
    {
        if (!ring.Found()) return "the ring did not form within a minute";
        ring.StartPosting();
        ring.Run(TimeSpan.FromSeconds(2));
        faults.Break(TimeSpan.FromSeconds(30));
        faults.MendAll();
        if (!ring.RunUntil(() => ring.IsClosed() && ring.Daemons.All(d => d.Report.Serving), ToSettle)) return $"the ring did not close again: {Shape(ring)}";
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
