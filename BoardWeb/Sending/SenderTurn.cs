using Connect.BoardWeb.Ring;
using Connect.Node.Settings;

namespace Connect.BoardWeb.Sending;

/// <summary>
/// Whether it is this node that sends what the board sends by itself: digests and webhooks. Nobody is elected: it is the first by name of the members that this node sees, if it takes
/// writes, and has been so for <see cref="NodeSettings.SenderSettleSeconds"/>, so that a moment's confusion makes no second sender. Each side of a partition has one.
/// </summary>
public sealed class SenderTurn(NodeSettings settings, TimeProvider time)
{
    /// <summary>What the daemon said is believed for so long. 5 s.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private long? _since;
    private long _heard;

    /// <summary>True if this node sends now. To be asked again before each thing that is sent.</summary>
    public bool IsOurs
    {
        get
        {
            lock (_gate)
                return _since is { } since && time.GetElapsedTime(_heard) <= Fresh && time.GetElapsedTime(since) >= TimeSpan.FromSeconds(settings.SenderSettleSeconds);
        }
    }

    /// <summary>Takes over what the daemon says.</summary>
    public void Learn(NodeReport report)
    {
        lock (_gate)
        {
            // Whoever was not heard of for a while begins anew.
            if (!report.Writable || First(report.Members) != settings.Name) _since = null;
            else if (_since is null || time.GetElapsedTime(_heard) > Fresh) _since = time.GetTimestamp();
            _heard = time.GetTimestamp();
        }
    }

    /// <summary>The first by name of those that are there, also if they are suspected; null if there is none.</summary>
    public static string? First(IEnumerable<MemberReport>? members) => members?.Where(m => m.State is "alive" or "suspect").Select(m => m.Name).Order(StringComparer.Ordinal).FirstOrDefault();
}
