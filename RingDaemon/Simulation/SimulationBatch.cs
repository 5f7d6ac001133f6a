using System.Diagnostics;

namespace Connect.RingDaemon.Simulation;

/// <summary>What many stories came to.</summary>
/// <param name="Broken">Those that broke a rule, in the order of their seeds; the first thousand of them.</param>
internal sealed record BatchResult(int Played, long Faults, long Posted, long Acknowledged, IReadOnlyList<SimulationResult> Broken, int Violations, TimeSpan Took);

/// <summary>Plays many stories, on all cores: each run has a thread to itself.</summary>
internal static class SimulationBatch
{
    private const int MostKept = 1000;

    /// <param name="count">How many.</param>
    /// <param name="story">The story of each index from 0.</param>
    /// <param name="each">Told of each result, one at a time and in any order; null if nobody wants to know.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static BatchResult Play(int count, Func<int, Story> story, RunOptions options, Action<SimulationResult>? each = null, CancellationToken cancel = default)
    {
        var began = Stopwatch.GetTimestamp();
        var gate = new Lock();
        var broken = new SortedList<int, SimulationResult>();
        var (played, violations, faults, posted, acknowledged) = (0, 0, 0L, 0L, 0L);
        Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancel }, i =>
        {
            var result = RingSimulation.Run(story(i), options);
            lock (gate)
            {
                (played, faults, posted, acknowledged) = (played + 1, faults + result.Story.Faults.Length, posted + result.Posted, acknowledged + result.Acknowledged);
                if (result.Violation is not null)
                {
                    violations++;
                    broken.Add(i, result);
                    if (broken.Count > MostKept) broken.RemoveAt(MostKept);
                }
                each?.Invoke(result);
            }
        });
        return new(played, faults, posted, acknowledged, [.. broken.Values], violations, Stopwatch.GetElapsedTime(began));
    }
}
