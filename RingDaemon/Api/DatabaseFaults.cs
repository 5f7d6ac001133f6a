using Connect.Node.Database;
using Microsoft.AspNetCore.Diagnostics;

namespace Connect.RingDaemon.Api;

/// <summary>A server that does not answer is 503, not a fault of this program.</summary>
public sealed class DatabaseFaults : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not (DatabaseUnavailableException or System.Data.Common.DbException)) return false;
        await Results.Problem($"This node's own MySQL does not answer: {exception.Message}", statusCode: 503).ExecuteAsync(httpContext);
        return true;
    }
}
