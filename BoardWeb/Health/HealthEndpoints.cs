using Connect.BoardWeb.KeyRing;
using Connect.BoardWeb.Metrics;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Topics;
using Connect.BoardWeb.Writes;

namespace Connect.BoardWeb.Health;

/// <summary>Why this node should get no traffic: empty if it should. Read from memory, so a load balancer may ask as often as it likes.</summary>
public sealed class Readiness(OwnDatabaseProbe database, OwnDaemonProbe daemon, KeyRingReader keys, TopicDirectory topics, IHostApplicationLifetime lifetime)
{
    public IReadOnlyList<string> Reasons()
    {
        var reasons = new List<string>();
        if (lifetime.ApplicationStopping.IsCancellationRequested) reasons.Add("The board is stopping.");
        if (database.Fault is { } d) reasons.Add(d);
        if (!keys.Usable) reasons.Add("The key for cookies and forms has not arrived: is the ring founded?");
        if (!topics.IsRead) reasons.Add("The topics have not been read yet.");
        if (daemon.Fault is { } r) reasons.Add(r);
        return reasons;
    }
}

public static class HealthEndpoints
{
    public static void AddHealth(this IServiceCollection services)
    {
        services.AddSingleton<OwnDatabaseProbe>().AddHostedService(p => p.GetRequiredService<OwnDatabaseProbe>());
        services.AddSingleton<OwnDaemonProbe>().AddHostedService(p => p.GetRequiredService<OwnDaemonProbe>());
        services.AddSingleton<IWriteGate>(p => p.GetRequiredService<OwnDaemonProbe>());
        services.AddSingleton<Readiness>();
    }

    public static void MapHealth(this WebApplication app, string node)
    {
        app.MapGet("/health/live", () => TypedResults.Ok(new { node, live = true })).ExcludeFromDescription();
        app.MapGet("/health/ready", (Readiness readiness) =>
        {
            var reasons = readiness.Reasons();
            return Results.Json(new { node, ready = reasons.Count == 0, reasons }, statusCode: reasons.Count == 0 ? 200 : 503);
        }).ExcludeFromDescription();
        app.MapGet("/metrics", (BoardMetrics metrics, Readiness readiness, WriteBatcher writes, BoardDatabase database) => TypedResults.Text(
            metrics.ToText(
                ("connect_board_ready", "1 if this node should get traffic.", readiness.Reasons().Count == 0 ? 1 : 0),
                ("connect_board_writes_queued", "Writes that wait for the writer.", writes.Queued),
                ("connect_board_database_abandoned", "Database calls whose caller did not wait for their end, since the start.", database.Abandoned)),
            "text/plain; version=0.0.4")).ExcludeFromDescription();
    }
}
