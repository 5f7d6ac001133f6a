using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Daemon;

namespace Connect.RingDaemon.Convergence;

/// <summary>What a node last found when it compared its rows with a neighbour's.</summary>
/// <param name="At">When.</param>
/// <param name="With">With whom.</param>
/// <param name="Equal">No row differs that is not on its way.</param>
/// <param name="Differing">Rows that differ, at least.</param>
/// <param name="Examples">Some of them.</param>
public sealed record ComparedRows(DateTimeOffset At, string With, bool Equal, int Differing, IReadOnlyList<RowDifference> Examples);

/// <summary>
/// Looks for differences without being asked. Every half a minute it reads some rows again, in rotation; every minute it compares its digests with those of the member before
/// it (in the order of names), which makes a chain of all members. What it finds goes to the audit log once, to <c>status</c> and to the metrics.
/// </summary>
public sealed partial class ContinuousCheck(
    NodeSettings settings, TableDigests digests, Replicas replicas, Repair repair, RingAgent agent, AuditLog audit, TimeProvider time, ILogger<ContinuousCheck> log) : BackgroundService
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(30);

    /// <summary>Steps from one comparison to the next, while nothing was found.</summary>
    private const int StepsToCompare = 2;

    /// <summary>After each slice of the first reading, which takes some 50 ms: a tenth of one core.</summary>
    private static readonly TimeSpan FirstReadingPause = TimeSpan.FromMilliseconds(450);

    /// <summary>Rows that a finding names.</summary>
    private const int Named = 10;

    /// <summary>The last comparison; null before the first, and while nobody is there to compare with.</summary>
    public ComparedRows? Last { get; private set; }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (settings.Daemon.CheckRowsPerSecond == 0) return;
        using var timer = new PeriodicTimer(Step, time);
        try
        {
            for (var step = 1; await timer.WaitForNextTickAsync(stoppingToken); step++)
            {
                if (!agent.Report.Serving) continue;
                try
                {
                    await digests.ReadFirstAsync(FirstReadingPause, stoppingToken);
                    await digests.RotateAsync(settings.Daemon.CheckRowsPerSecond * (int)Step.TotalSeconds, stoppingToken);
                    if (step % StepsToCompare == 0 || Last is { Equal: false }) await CompareAsync(stoppingToken);
                }
                catch (Exception e) when (e is DatabaseUnavailableException or System.Data.Common.DbException)
                {
                    Log.NotNow(log, e.Message);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    /// <summary>Compares with the member before this one.</summary>
    public async Task CompareAsync(CancellationToken cancel)
    {
        var alive = replicas.Alive();
        var own = Array.FindIndex(alive, r => r.Name == settings.Name);
        if (own < 0 || alive.Length < 2)
        {
            Last = null;
            return;
        }
        var other = alive[(own + alive.Length - 1) % alive.Length];
        var report = await new Checksum(() => [alive[own], other], time).CompareAsync(whole: false, cancel);
        if (report.Unheard.Count > 0 || (!report.Equal && report.Differences.Count == 0)) return; // nothing was found out
        var found = new ComparedRows(time.GetUtcNow(), other.Name, report.Equal, report.Differences.Count, [.. report.Differences.Take(Named)]);
        Tell(Last, found);
        Last = found;
        if (found.Equal || !settings.Daemon.RepairByItself || !report.Differences.Any(d => d.Missing.Contains(settings.Name))) return;
        var mended = await repair.SelfAsync(dryRun: false, cancel, because: "the continuous check found them missing");
        if (mended.Added.Values.Sum() > 0) await digests.ReadAsync(whole: false, cancel);
    }

    /// <summary>A finding is written down when it is new, not each minute.</summary>
    private void Tell(ComparedRows? before, ComparedRows now)
    {
        if (now.Equal)
        {
            if (before is { Equal: false }) audit.Add($"compare rows with {now.With}", "the continuous check", "equal again");
            return;
        }
        if (before is { Equal: false } && before.With == now.With && before.Differing == now.Differing && before.Examples.Select(Text).SequenceEqual(now.Examples.Select(Text))) return;
        audit.Add($"compare rows with {now.With}", "the continuous check; looked at again after both had executed the same",
            $"{now.Differing} rows differ: {string.Join("; ", now.Examples.Select(Text))}{(now.Differing > now.Examples.Count ? "; ..." : "")}. See connect checksum, connect repair");
        Log.Differs(log, now.Differing, now.With);
    }

    private static string Text(RowDifference d) => d.Conflict ? $"{d.Table} {d.Key} has {d.Contents.Values.Distinct().Count()} contents" : $"{d.Table} {d.Key} is missing on {string.Join(", ", d.Missing)}";

    private static partial class Log
    {
        [LoggerMessage(700, LogLevel.Warning, "{Rows} rows differ from those of {Other}; connect checksum names them")]
        public static partial void Differs(ILogger logger, int rows, string other);

        [LoggerMessage(701, LogLevel.Information, "Rows were not compared: {Why}")]
        public static partial void NotNow(ILogger logger, string why);
    }
}
