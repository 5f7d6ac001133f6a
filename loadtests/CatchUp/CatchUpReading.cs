namespace Connect.LoadTests.CatchUp;

/// <summary>A look at the returning node.</summary>
/// <param name="At">Seconds from the start of its daemon; negative before it.</param>
/// <param name="Held">Posts of the measured topic in its server's table.</param>
/// <param name="State">What its daemon calls it; empty if it does not answer.</param>
/// <param name="Serving">Its daemon says that it gets readers.</param>
/// <param name="ServerLag">What the server itself gives as its lag behind its source, s; null if it does not.</param>
public sealed record Look(double At, long Held, string State, bool Serving, double? ServerLag);

/// <summary>The same look against what had been acknowledged by then.</summary>
/// <param name="Acknowledged">Posts acknowledged until then, by any node.</param>
/// <param name="Behind">Of these, so many are not on the node.</param>
/// <param name="Lag">How long ago the ring held as much as the node does now, s.</param>
public sealed record Standing(double At, long Held, long Acknowledged, long Behind, double Lag, string State, bool Serving, double? ServerLag);

/// <summary>What follows from the looks. Times are seconds from the start of the daemon.</summary>
/// <param name="Missed">Posts that were acknowledged before the daemon started and were not on the node at the first look.</param>
/// <param name="Alive">When its daemon first called it alive; null if never.</param>
/// <param name="Readers">When its daemon first said that it gets readers.</param>
/// <param name="Level">When it first held everything that was acknowledged a second before.</param>
/// <param name="Applied">Posts that came to be on the node from the first look until it was level and alive.</param>
/// <param name="Applying">From the last look at which nothing had come yet until it was level, s: how long replication itself took.</param>
public sealed record CatchUpReading(long Missed, double? Alive, double? Readers, double? Level, long Applied, double? Applying)
{
    /// <summary>Both alive and level: it serves, and holds everything. Null if that never came.</summary>
    public double? CaughtUp => Alive is { } alive && Level is { } level ? Math.Max(alive, level) : null;

    /// <summary>
    /// Sets looks against the ledger. A node that holds h posts is where the ring was when the h-th was acknowledged. Rows whose answer is still under way make it seem further by a
    /// few; it is never further than the ring.
    /// </summary>
    /// <param name="looks">In the order of time.</param>
    /// <param name="acknowledged">When each post was acknowledged, seconds from the start of the daemon, sorted.</param>
    public static IReadOnlyList<Standing> Against(IReadOnlyList<Look> looks, IReadOnlyList<double> acknowledged)
    {
        var standings = new List<Standing>(looks.Count);
        foreach (var look in looks)
        {
            var until = CountUntil(acknowledged, look.At);
            var behind = Math.Max(0, until - look.Held);
            // The oldest that is missing, if posts came in the order in which they were acknowledged.
            var lag = behind == 0 ? 0 : Math.Max(0, look.At - acknowledged[(int)look.Held]);
            standings.Add(new(look.At, look.Held, until, behind, lag, look.State, look.Serving, look.ServerLag));
        }
        return standings;
    }

    /// <param name="standings">In the order of time; the first may be before the daemon's start.</param>
    /// <param name="acknowledgedAtStart">Posts acknowledged when the daemon started.</param>
    public static CatchUpReading Of(IReadOnlyList<Standing> standings, long acknowledgedAtStart)
    {
        var after = standings.Where(s => s.At >= 0).ToArray();
        if (standings.Count == 0 || after.Length == 0) return new(0, null, null, null, 0, null);
        var first = standings[0].Held;
        var alive = after.FirstOrDefault(s => s.State == "alive")?.At;
        var level = after.FirstOrDefault(s => s.Lag <= CatchUpOptions.Level.TotalSeconds)?.At;
        var idle = standings.LastOrDefault(s => s.Held == first)?.At;
        var end = alive is { } a && level is { } l ? after.First(s => s.At >= Math.Max(a, l)) : after[^1];
        return new(Math.Max(0, acknowledgedAtStart - first), alive, after.FirstOrDefault(s => s.Serving)?.At, level, end.Held - first, level - Math.Max(0, idle ?? 0));
    }

    private static int CountUntil(IReadOnlyList<double> sorted, double at)
    {
        var (low, high) = (0, sorted.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (sorted[middle] <= at) low = middle + 1;
            else high = middle;
        }
        return low;
    }
}
