namespace Connect.RingDaemon.Membership;

/// <summary>
/// How far this member trusts itself (Lifeguard, "local health awareness"): 0 is healthy. A sick member probes more slowly and gives the accused more
/// time, because what looks like their silence may be its own deafness.
/// </summary>
public sealed class Awareness(int maximum)
{
    /// <summary>0 to the maximum.</summary>
    public int Score { get; private set; }

    /// <summary>Lost nacks, a stall, an accusation to be refuted: +1 each. An answered probe: -1.</summary>
    public void Change(int by) => Score = Math.Clamp(Score + by, 0, maximum);

    /// <summary>interval x (score + 1), as in memberlist.</summary>
    public TimeSpan ScaleInterval(TimeSpan interval) => interval * (Score + 1);

    /// <summary>duration x (1 + score / 2): less than the interval, or one stall of ours would double the time until a real death is acted upon.</summary>
    public TimeSpan ScaleSuspicion(TimeSpan duration) => duration * (1 + (Score / 2.0));
}
