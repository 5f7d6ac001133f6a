using Connect.Node.Settings;

namespace Connect.RingDaemon.Keys;

/// <summary>The calls of a rotation.</summary>
internal static class KeyEndpoints
{
    public static void MapKeys(this RouteGroupBuilder v1)
    {
        v1.MapGet("/keys", (KeyKeeper keeper) => keeper.Report());
        v1.MapPost("/keys", Apply);
        v1.MapPost("/keys/share", (KeyKeeper keeper, KeyName key) => keeper.Share(key.Id) is { } box ? Results.Ok(new SealedBody(box)) : Results.Problem("This node does not hold that key.", statusCode: 404));
        v1.MapPost("/keys/rotate", (KeyRotation rotation, RotateRequest request, CancellationToken cancel) => rotation.RotateAsync(request.DryRun, request.Without ?? [], cancel));
    }

    private static IResult Apply(KeyKeeper keeper, SealedBody body)
    {
        if (body.Sealed is null || !keeper.TryOpen(body.Sealed, out var change)) return Results.Problem("This was not sealed with a key of this cluster, or it is too old.", statusCode: 403);
        try
        {
            return keeper.Apply(change) ? Results.Ok(keeper.Report()) : Results.Problem("This node holds other keys than those the change begins with.", statusCode: 409);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SettingsException)
        {
            return Results.Problem($"The key file cannot be changed: {e.Message}", statusCode: 409);
        }
    }

    internal sealed record RotateRequest(bool DryRun, string[]? Without);
}
