namespace Connect.RingDaemon.Membership;

/// <summary>
/// SplitMix64 (Steele, Lea, Flood 2014). Our own, because a run must replay exactly from its seed on every runtime, which <see cref="Random"/> does not
/// promise. Not for secrets: in production its seed comes from the system's generator and what it draws only ever travels encrypted.
/// </summary>
public sealed class Prng(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A number from 0 to <paramref name="bound"/> - 1; the bias is below 2^-32 for every bound we use.</summary>
    public int Below(int bound) => (int)Math.BigMul(Next(), (ulong)bound, out _);

    /// <summary>From 0 (included) to 1 (excluded).</summary>
    public double Unit() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>From zero to <paramref name="limit"/>.</summary>
    public TimeSpan Within(TimeSpan limit) => TimeSpan.FromTicks((long)(Unit() * limit.Ticks));

    public void Shuffle<T>(List<T> items)
    {
        for (var i = items.Count - 1; i > 0; i--)
        {
            var j = Below(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
