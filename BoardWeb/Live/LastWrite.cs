using System.Diagnostics;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Writes;
using Connect.Node.Database;
using Connect.Node.Settings;

namespace Connect.BoardWeb.Live;

/// <summary>
/// Readers see what they wrote, on whichever node they land next: the position of their last write travels with them in a cookie, and a node that does
/// not have it yet waits a moment, or says that it is behind.
/// </summary>
public sealed class LastWrite(BoardDatabase database, NodeSettings settings)
{
    public const string Cookie = "connect-seen";

    /// <summary>How long the cookie lives: replication is behind by less, or the reader should be told. One minute.</summary>
    private static readonly TimeSpan Lives = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Wait = TimeSpan.FromMilliseconds(500), Pace = TimeSpan.FromMilliseconds(20);

    /// <summary>Readers who may wait at the same time; the next ones see the page as it is.</summary>
    private const int MaxWaiting = 32;

    private int _waiting;

    /// <summary>Notes a write of this reader's.</summary>
    public void Remember(HttpContext context, WriteResult result)
    {
        if (result.Position.Length == 0) return;
        context.Response.Cookies.Append(Cookie, $"{settings.Name}|{result.Position}", new()
        {
            HttpOnly = true,
            SameSite = SameSiteMode.Lax,
            Secure = context.Request.IsHttps,
            MaxAge = Lives,
            IsEssential = true,
        });
    }

    /// <summary>True if this node has what the reader wrote, perhaps after a short wait.</summary>
    public async Task<bool> IsHereAsync(HttpContext context)
    {
        if (context.Request.Cookies[Cookie] is not { Length: > 2 and < 2000 } text) return true;
        var bar = text.IndexOf('|', StringComparison.Ordinal);
        if (bar < 1 || text[..bar] == settings.Name) return true;
        GtidSet wanted;
        try
        {
            wanted = GtidSet.Parse(database.Engine, text[(bar + 1)..]);
        }
        catch (FormatException)
        {
            return true; // made up, or from a ring of another engine
        }
        try
        {
            return Interlocked.Increment(ref _waiting) <= MaxWaiting && await ReachedAsync(wanted, context.RequestAborted);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private async Task<bool> ReachedAsync(GtidSet wanted, CancellationToken cancel)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            if ((await database.ReadAsync(c => OwnServer.Executed(c, database.Engine), cancel)).Contains(wanted)) return true;
            if (Stopwatch.GetElapsedTime(began) > Wait) return false;
            await Task.Delay(Pace, cancel);
        }
    }
}
