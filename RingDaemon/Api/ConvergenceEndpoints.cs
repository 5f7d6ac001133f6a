using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Convergence;

namespace Connect.RingDaemon.Api;

/// <summary>The calls of docs/daemon-api.md by which members compare their rows.</summary>
internal static class ConvergenceEndpoints
{
    public static void MapConvergence(this RouteGroupBuilder v1)
    {
        v1.MapGet("/checksum", (Checksum checksum, bool? whole, CancellationToken cancel) => checksum.CompareAsync(whole ?? false, cancel));
        v1.MapGet("/distance", (Distance distance, CancellationToken cancel) => distance.LookAsync(cancel));
        v1.MapPost("/digest", (TableDigests digests, DigestRequest request, CancellationToken cancel) => digests.ReadAsync(request.Whole, cancel));
        v1.MapPost("/digest/children", (TableDigests digests, PrefixesRequest request, CancellationToken cancel) =>
            JudgedAsync(() => digests.ChildrenAsync(request.Table, Prefixes(request), cancel)));
        v1.MapPost("/digest/reread", (TableDigests digests, PrefixesRequest request, CancellationToken cancel) => JudgedAsync(async () =>
        {
            await digests.RereadAsync(request.Table, Prefixes(request), cancel);
            return new object();
        }));
        v1.MapPost("/repair/trust", (Trust trust, TrustRequest request, CancellationToken cancel) =>
            JudgedAsync(() => trust.AllAsync(request.Node, request.Table, request.Keys ?? [], request.DryRun, cancel)));
        v1.MapPost("/repair/replace", (Trust trust, ReplaceRequest request, CancellationToken cancel) =>
            JudgedAsync(() => trust.SelfAsync(request.Trusted, request.Rows ?? throw new ArgumentException("A list is missing."), cancel)));
        v1.MapPost("/rows/digests", (TableRows rows, RangeRequest request, CancellationToken cancel) =>
            JudgedAsync(() => rows.KeysAsync(request.Table, KeyPrefix.Parse(request.First).First, KeyPrefix.Parse(request.Last).First, cancel)));
        v1.MapPost("/rows/look", (RowLook look, NodeSettings settings, LookRequest request, CancellationToken cancel) => JudgedAsync(() =>
            look.LookAsync(request.Table, Given(request.Keys), GtidSet.Parse(settings.Database.Engine, request.Position), TimeSpan.FromMilliseconds(Math.Max(0, request.WaitMilliseconds)), cancel)));
    }

    private static IEnumerable<KeyPrefix> Prefixes(PrefixesRequest request) => Given(request.Prefixes).Take(TreeWalk.MostPrefixes).Select(KeyPrefix.Parse);

    private static string[] Given(string[]? list) => list ?? throw new ArgumentException("A list is missing.");

    /// <summary>A table, prefix, key or position that cannot be: 400, and what is wrong with it.</summary>
    private static async Task<IResult> JudgedAsync<T>(Func<Task<T>> answer)
    {
        try
        {
            return Results.Ok(await answer());
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            return Results.Problem(e.Message, statusCode: 400);
        }
    }

    internal sealed record TrustRequest(string Node, string? Table, string[]? Keys, bool DryRun);

    internal sealed record ReplaceRequest(string Trusted, ReplacedRow[]? Rows);

    internal sealed record DigestRequest(bool Whole);

    internal sealed record PrefixesRequest(string Table, string[]? Prefixes);

    internal sealed record RangeRequest(string Table, string First, string Last);

    internal sealed record LookRequest(string Table, string[]? Keys, string Position, int WaitMilliseconds);
}
