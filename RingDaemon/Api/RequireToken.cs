using Connect.Node.Security;
using Connect.RingDaemon.Keys;

namespace Connect.RingDaemon.Api;

/// <summary>
/// Nothing is answered without the cluster's token, except what says so itself (<see cref="OpenToAll"/>). It stands before the endpoints, so that a stranger's body is not
/// even read, and what is added later is closed unless somebody opens it. An address that does not exist is closed too: a stranger learns nothing.
/// </summary>
internal sealed class RequireToken(RequestDelegate next, IClusterKeys keys, KeyKeeper keeper)
{
    private const string Scheme = "Bearer ";

    public Task InvokeAsync(HttpContext http)
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<OpenToAll>() is not null) return next(http);
        var header = http.Request.Headers.Authorization.ToString();
        var token = header.StartsWith(Scheme, StringComparison.Ordinal) ? header[Scheme.Length..] : null;
        if (!keys.Current.IsApiToken(token))
            return Results.Problem("This call needs the cluster's bearer token. The CLI makes it from the cluster's key file.", statusCode: StatusCodes.Status401Unauthorized).ExecuteAsync(http);
        keeper.BoardSaid(http.Request.Headers[BoardKeys.Header]);
        return next(http);
    }
}

/// <summary>This endpoint needs no token: it tells nothing that matters, or its body is sealed.</summary>
internal sealed class OpenToAll
{
    public static OpenToAll Instance { get; } = new();
}
