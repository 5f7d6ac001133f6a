using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Convergence;
using Connect.RingDaemon.Daemon;
using Connect.RingDaemon.Keys;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Presence;
using Connect.RingDaemon.Replication.Acknowledgement;

namespace Connect.RingDaemon.Api;

/// <summary>The HTTP API of docs/daemon-api.md.</summary>
public static class DaemonEndpoints
{
    private const int LargestSealedBody = 256 << 10;

    /// <summary>Sealed bodies that are read and opened at the same time: a stranger may send them too. With them all memory for it is 4 MiB.</summary>
    private const int MostSealed = 16;

    /// <summary>How long a sealed body may take to arrive; whoever sends an exchange waits no longer than a second.</summary>
    private static readonly TimeSpan BodyArrives = TimeSpan.FromSeconds(2);

    private static readonly SemaphoreSlim Sealed = new(MostSealed, MostSealed);

    public static void MapDaemon(this WebApplication app)
    {
        app.MapGet("/health/live", () => Results.Text("live")).WithMetadata(OpenToAll.Instance);
        app.MapGet("/metrics", (DaemonMetrics metrics) => Results.Text(metrics.Render(), "text/plain; version=0.0.4")).WithMetadata(OpenToAll.Instance);
        app.MapPost("/v1/exchange", (HttpRequest request, RingMembership membership, CancellationToken cancel) => SealedAsync(request, body => Task.FromResult(membership.HandleExchange(body)), cancel)).WithMetadata(OpenToAll.Instance);
        app.MapPost("/v1/join", (HttpRequest request, Entrance entrance, CancellationToken cancel) => SealedAsync(request, body => entrance.AnswerAsync(body, cancel), cancel)).WithMetadata(OpenToAll.Instance);

        var v1 = app.MapGroup("/v1");
        v1.MapKeys();
        v1.MapHere();
        v1.MapGet("/node", (RingObserver ring, bool? position, CancellationToken cancel) => ring.SelfAsync(position ?? true, cancel));
        v1.MapGet("/status", (RingObserver ring, CancellationToken cancel) => ring.StatusAsync(cancel));
        v1.MapGet("/members", (IMembership membership) => MembersReport.Of(membership.Current));
        v1.MapGet("/explain", (NodeSettings settings, RingAgent agent, AuditLog audit, IMembership membership, RetentionWatch retention) => ExplainReport.Of(settings.Name, agent.Report, membership.Current, retention.Outlooks, audit.Newest(5)));
        v1.MapGet("/audit", (AuditLog audit, int? limit) => new AuditReport(audit.Newest(Math.Clamp(limit ?? 100, 1, 1000))));
        v1.MapPost("/ack", AckAsync);
        v1.MapConvergence();
        v1.MapPost("/repair", (Repair repair, DryRunRequest request, CancellationToken cancel) => repair.AllAsync(request.DryRun, cancel));
        v1.MapPost("/repair/self", (Repair repair, DryRunRequest request, CancellationToken cancel) => repair.SelfAsync(request.DryRun, cancel));
        v1.MapPost("/repair/take", TakeAsync);
        v1.MapPost("/rows/keys", (TableRows rows, KeysRequest request, CancellationToken cancel) => rows.KeysAsync(request.Table, request.After, cancel));
        v1.MapPost("/rows/read", (TableRows rows, RowsRequest request, CancellationToken cancel) => rows.ReadAsync(request.Table, request.Keys, cancel));
        v1.MapPost("/maintenance", (OperatorDesk desk, MaintenanceRequest request, CancellationToken cancel) => desk.MaintenanceAsync(request.On, request.DryRun, cancel));
        v1.MapPost("/leave", (OperatorDesk desk, DryRunRequest request, CancellationToken cancel) => desk.LeaveAsync(request.DryRun, cancel));
        v1.MapPost("/forget", (OperatorDesk desk, ForgetRequest request, CancellationToken cancel) => desk.ForgetAsync(request.Name, request.DryRun, cancel));
        v1.MapPost("/rejoin", (OperatorDesk desk, DryRunRequest request, CancellationToken cancel) => desk.RejoinAsync(request.DryRun, cancel));
    }

    private static async Task<IResult> AckAsync(AckRequest request, Acknowledgements acknowledgements, RingAgent agent, NodeSettings settings, CancellationToken cancel)
    {
        if (!Enum.TryParse<Acknowledgement>(request.Level, ignoreCase: true, out var level)) return Results.Problem("level is local, one or all", statusCode: 400);
        try
        {
            var wait = TimeSpan.FromMilliseconds(Math.Clamp(request.WaitMilliseconds, 0, 30_000));
            var position = GtidSet.Parse(settings.Database.Engine, request.Position);
            agent.Wrote(position);
            return Results.Ok(await acknowledgements.WaitAsync(position, level, wait, cancel));
        }
        catch (FormatException e)
        {
            return Results.Problem(e.Message, statusCode: 400);
        }
    }

    /// <summary>A member that is put right asks this one to take over what only it has.</summary>
    private static async Task<IResult> TakeAsync(TakeRequest request, Repair repair, NodeSettings settings, RingAgent agent, OwnServerWatch own, IMembership membership, AuditLog audit, CancellationToken cancel)
    {
        // Whoever asks saw this node as it was a moment ago; its disk may have been lost since.
        if (agent.Report.Phase != Phase.Serving || own.Identity?.Origin != request.Origin) return Results.Problem($"{settings.Name} does not serve, or not under the origin {request.Origin}.", statusCode: 409);
        if (membership.Current.Find(request.From) is not { } member) return Results.Problem($"There is no member '{request.From}'.", statusCode: 404);
        if (await repair.UniteAsync(member.Facts.DaemonUrl, member.Name, logged: true, cancel) is not { } taken) return Results.Problem($"{request.From} did not answer to the end.", statusCode: 502);
        if (taken.Rows > 0 || taken.Conflicts.Count > 0)
            audit.Add($"save rows of {request.From}", "its server is put right", $"{taken.Rows} rows that only it had; {taken.Conflicts.Count} keys with other content here are left alone{Named(taken.Conflicts)}");
        return Results.Ok(new TakeReply(taken.Rows, taken.Conflicts));
    }

    private static string Named(IReadOnlyList<string> conflicts) => conflicts.Count == 0 ? "" : $": {string.Join(", ", conflicts.Take(10))}";

    /// <summary>Bodies that are sealed with the cluster's key need no token: who can seal them belongs to the cluster.</summary>
    private static async Task<IResult> SealedAsync(HttpRequest request, Func<byte[], Task<byte[]?>> answer, CancellationToken cancel)
    {
        if (request.ContentLength is null or > LargestSealedBody) return Results.Problem($"A sealed body has a length of at most {LargestSealedBody} bytes.", statusCode: 413);
        if (!await Sealed.WaitAsync(0, cancel)) return Results.Problem($"{MostSealed} sealed calls are under way already; try again.", statusCode: 503);
        byte[] body;
        try
        {
            using var late = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            late.CancelAfter(BodyArrives);
            body = new byte[(int)request.ContentLength];
            await request.Body.ReadExactlyAsync(body, late.Token);
        }
        catch (Exception e) when (e is EndOfStreamException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return Results.Problem($"The body did not arrive within {BodyArrives.TotalSeconds:0} s.", statusCode: 408);
        }
        finally
        {
            Sealed.Release();
        }
        return await answer(body) is { } reply ? Results.Bytes(reply) : Results.Problem("This was not sealed with a key of this cluster, or it is too old.", statusCode: 403);
    }

    internal sealed record AuditReport(IReadOnlyList<AuditEntry> Items);

    internal sealed record AckRequest(string Position, string Level, int WaitMilliseconds);

    internal sealed record TakeRequest(string From, string Origin);

    internal sealed record TakeReply(long Rows, IReadOnlyList<string> Conflicts);

    internal sealed record MaintenanceRequest(bool On, bool DryRun);

    internal sealed record KeysRequest(string Table, string? After);

    internal sealed record RowsRequest(string Table, string[] Keys);

    internal sealed record ForgetRequest(string Name, bool DryRun);

    internal sealed record DryRunRequest(bool DryRun);
}
