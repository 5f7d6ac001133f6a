using System.Diagnostics;
using Connect.BoardWeb.Storage;
using Connect.Node.Database;
using Dapper;

namespace Connect.BoardWeb.Health;

/// <summary>Asks the own server a real question each 250 ms, so that readiness is answered from memory. A failure counts at once.</summary>
public sealed class OwnDatabaseProbe(BoardDatabase database) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250), Deadline = TimeSpan.FromMilliseconds(750);

    /// <summary>An answer older than this does not count any more.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1.25);

    private long _answered;
    private volatile string? _fault = "The own database has not been asked yet.";

    /// <summary>What is wrong, or null.</summary>
    public string? Fault => _fault ?? (Stopwatch.GetElapsedTime(Interlocked.Read(ref _answered)) > Fresh ? "The own database has not answered lately." : null);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                try
                {
                    // A table of the board, not SELECT 1: a server without its schema or its grants is not ready.
                    await database.Watch.RunAsync(c => c.ExecuteScalar<int?>("SELECT 1 FROM ring LIMIT 1"), Deadline, stoppingToken);
                    Interlocked.Exchange(ref _answered, Stopwatch.GetTimestamp());
                    _fault = null;
                }
                catch (Exception e) when (e is DatabaseUnavailableException or System.Data.Common.DbException)
                {
                    _fault = $"The own database does not answer: {e.Message}";
                }
                await Task.Delay(Every, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The end.
        }
    }
}
