using System.Data.Common;
using Connect.Node.Database;
using Connect.RingDaemon.Daemon;

namespace Connect.RingDaemon.Convergence;

/// <summary>Has <see cref="Erasing"/> done as soon as a decision to erase arrives on this node, and again and again, for rows that arrive after it. Whether the node serves or not.</summary>
public sealed partial class ErasureWatch(Erasing erasing, IAudit audit, TimeProvider time, ILogger<ErasureWatch> log) : BackgroundService
{
    /// <summary>Between two looks for new decisions, which count in an index.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>Old rows can come without a new decision; boards show nothing of them meanwhile.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Look, time);
        var (known, at) = (0L, time.GetTimestamp());
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    var count = await erasing.CountAsync(stoppingToken);
                    if (count == known && time.GetElapsedTime(at) < Again) continue;
                    var changed = await erasing.RunAsync(stoppingToken);
                    (known, at) = (count, time.GetTimestamp());
                    if (changed.Count > 0) audit.Add("erase", "administrators decided so (docs/moderation.md)", string.Join(", ", changed.Select(c => $"{c.Value} rows of {c.Key} have lost their text")));
                }
                catch (Exception e) when (e is DatabaseUnavailableException or DbException)
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

    private static partial class Log
    {
        [LoggerMessage(710, LogLevel.Debug, "What is erased was not looked for: {Why}")]
        public static partial void NotNow(ILogger logger, string why);
    }
}
