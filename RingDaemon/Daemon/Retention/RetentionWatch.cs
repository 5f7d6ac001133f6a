using System.Data.Common;
using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Daemon;

/// <summary>
/// Remembers who is away since when, and says in time that its logs run out: while it could still come back by itself, cheaply. What is remembered outlives the daemon
/// (<c>away.json</c>), for logs are kept for days.
/// </summary>
public sealed class RetentionWatch(NodeSettings settings, IMembership membership, IReplicationServer server, StateFile<Absence[]> file, IAudit audit, TimeProvider time) : BackgroundService
{
    /// <summary>Within the state folder.</summary>
    public const string File = "away.json";

    /// <summary>Logs are kept for days, and a member that is away for less than this need not be written down.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10);

    private GtidSet? _position;

    /// <summary>Everybody who has not left, this node included.</summary>
    public IReadOnlyList<LogOutlook> Outlooks => Of(file.Current ?? []);

    /// <summary>One look; the service takes one every ten seconds.</summary>
    public async Task LookAsync(CancellationToken cancel)
    {
        var (before, position) = (file.Current ?? [], await PositionAsync(cancel));
        // Where this node stood a look ago: whoever was lost since then had that much, and may lack what came after.
        var away = Absence.After(before, membership.Current, settings.Name, _position ?? position, time.GetUtcNow());
        _position = position ?? _position;
        var outlooks = Of(away).ToDictionary(o => o.Name, StringComparer.Ordinal);
        for (var i = 0; i < away.Length; i++)
        {
            if (!outlooks.TryGetValue(away[i].Name, out var outlook) || outlook.Left <= away[i].Warned) continue;
            audit.Add($"warn of logs for {away[i].Name}", $"it is {outlook}", outlook.Left == LogsLeft.Soon ? "it comes back more cheaply before that" : "nothing is lost: rows take longer than logs");
            away[i] = away[i] with { Warned = outlook.Left };
        }
        if (!away.SequenceEqual(before)) file.Write(away);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await LookAsync(stoppingToken);
                }
                catch (IOException)
                {
                    // A full disk: seen by its own watch, and written with the next look.
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    private LogOutlook[] Of(Absence[] away)
    {
        var view = membership.Current;
        return [.. view.Members.Where(m => m.Liveness != Liveness.Left).Select(m => LogOutlook.Of(m, view, away.FirstOrDefault(a => a.Name == m.Name && a.Origin == m.Facts.Origin), time.GetUtcNow()))];
    }

    private async Task<GtidSet?> PositionAsync(CancellationToken cancel)
    {
        try
        {
            return await server.PositionAsync(cancel);
        }
        catch (Exception e) when (e is DatabaseUnavailableException or DbException)
        {
            return null;
        }
    }
}
