using Connect.BoardWeb.Live;
using Connect.Node.Database;

namespace Connect.BoardWeb.Search;

/// <summary>
/// Tells whether this node's server is catching up on what it missed: its newest rows are behind the clock, and come nearer much faster than time passes. Ids begin with their time, so the
/// marks are enough. Whoever has work that can wait leaves the processors to it meanwhile: each row the server lacks is one that has a copy less.
/// </summary>
public sealed class CatchingUp(TimeProvider time)
{
    /// <summary>So far behind the clock, and so much nearer at a look than at the one before. Looks are a second apart. Five seconds.</summary>
    public static readonly TimeSpan Leap = TimeSpan.FromSeconds(5);

    /// <summary>Nobody waits longer for it. Ten minutes.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    private Marks? _before;
    private long? _since;

    /// <param name="newest">What the server holds now.</param>
    public bool Look(Marks newest)
    {
        var (before, now) = (_before, time.GetUtcNow());
        _before = newest;
        if (before is null || !newest.Origins.Any(Leaps))
        {
            _since = null;
            return false;
        }
        _since ??= time.GetTimestamp();
        return time.GetElapsedTime(_since.Value) < Longest;

        bool Leaps(KeyValuePair<long, Guid> origin) =>
            before[origin.Key] is var last && last != Guid.Empty && Uuid7.TimeOf(origin.Value) is var at && at - Uuid7.TimeOf(last) > Leap && now - at > Leap;
    }
}
