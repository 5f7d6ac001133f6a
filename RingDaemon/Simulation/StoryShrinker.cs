namespace Connect.RingDaemon.Simulation;

/// <param name="Result">The shortest story that was found, and what it came to.</param>
/// <param name="Runs">How many stories were played for it.</param>
internal sealed record Shrunk(SimulationResult Result, int Runs);

/// <summary>
/// Makes a story that breaks a rule as short as it can: leaves out nodes and faults (delta debugging: Zeller, Hildebrandt 2002), then shortens what is left, as long as the
/// same rule is broken. Without a fault all noise after it is another, so each candidate is played with a few seeds.
/// </summary>
/// <param name="play">Plays a story.</param>
/// <param name="mostRuns">After so many it ends with what it has.</param>
internal sealed class StoryShrinker(Func<Story, SimulationResult> play, int mostRuns = 1500)
{
    private const int SeedsEach = 4;

    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Afterwards = TimeSpan.FromSeconds(1);

    private int _runs;

    /// <param name="broken">A result with a violation.</param>
    public Shrunk Shrink(SimulationResult broken)
    {
        var best = broken;
        for (var before = int.MaxValue; Weight(best.Story) < before && _runs < mostRuns;)
        {
            before = Weight(best.Story);
            best = FewerNodes(best);
            best = FewerFaults(best);
            best = ShorterFaults(best);
            best = CalmerWorld(best);
        }
        return new(best, _runs);
    }

    /// <summary>What a reader has to take in.</summary>
    private static int Weight(Story story) => (story.Faults.Length * 1000) + (story.Nodes * 100) + (int)story.Faults.Sum(f => f.Lasts.TotalSeconds);

    private SimulationResult FewerNodes(SimulationResult best)
    {
        while (best.Story.Nodes > 2)
        {
            var gone = $"n{best.Story.Nodes}";
            var fewer = best.Story with { Nodes = best.Story.Nodes - 1, Faults = [.. best.Story.Faults.Where(f => f.Node != gone && f.Other != gone)] };
            if (Try(fewer, best) is not { } smaller) return best;
            best = smaller;
        }
        return best;
    }

    private SimulationResult FewerFaults(SimulationResult best)
    {
        for (var parts = 2; best.Story.Faults.Length > 0;)
        {
            var faults = best.Story.Faults;
            var size = Math.Max(1, (faults.Length + parts - 1) / parts);
            SimulationResult? smaller = null;
            for (var from = 0; from < faults.Length && smaller is null; from += size)
                smaller = Try(best.Story with { Faults = faults.RemoveRange(from, Math.Min(size, faults.Length - from)) }, best);
            if (smaller is not null) (best, parts) = (smaller, Math.Max(2, parts - 1));
            else if (size == 1) break;
            else parts = Math.Min(parts * 2, faults.Length);
        }
        return best;
    }

    private SimulationResult ShorterFaults(SimulationResult best)
    {
        for (var i = 0; i < best.Story.Faults.Length; i++)
        {
            for (var fault = best.Story.Faults[i]; fault.Lasts > Least;)
            {
                fault = fault with { Lasts = Half(fault.Lasts) };
                if (Try(best.Story with { Faults = best.Story.Faults.SetItem(i, fault) }, best) is not { } shorter) break;
                best = shorter;
            }
            for (var fault = best.Story.Faults[i]; fault.Amount > 1;)
            {
                fault = fault with { Amount = fault.Amount / 2 };
                if (Try(best.Story with { Faults = best.Story.Faults.SetItem(i, fault) }, best) is not { } less) break;
                best = less;
            }
        }
        var end = best.Story.Faults.Length == 0 ? TimeSpan.Zero : best.Story.Faults.Max(f => f.At + f.Lasts);
        return end + Afterwards < best.Story.Lasts ? Try(best.Story with { Lasts = end + Afterwards }, best) ?? best : best;
    }

    private SimulationResult CalmerWorld(SimulationResult best)
    {
        foreach (var calmer in StoryDraw.Calmer(best.Story)) best = Try(calmer(best.Story), best) ?? best;
        return best;
    }

    /// <returns>The same rule broken by this story, or null.</returns>
    private SimulationResult? Try(Story story, SimulationResult best)
    {
        if (story.Equals(best.Story)) return null;
        for (ulong i = 0; i < SeedsEach && _runs < mostRuns; i++)
        {
            _runs++;
            var result = play(story with { Seed = i == 0 ? best.Story.Seed : i });
            if (result.Violation?.Rule == best.Violation!.Rule) return result;
        }
        return null;
    }

    private static TimeSpan Half(TimeSpan time) => TimeSpan.FromMilliseconds(Math.Max(Least.TotalMilliseconds, Math.Round(time.TotalMilliseconds / 2)));
}
