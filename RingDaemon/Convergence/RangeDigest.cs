namespace Connect.RingDaemon.Convergence;

/// <summary>How many rows a range has, and the XOR of their digests: ranges add up to larger ranges in any order. Rows have distinct keys, so no two cancel each other out.</summary>
/// <param name="Rows">0 or more.</param>
/// <param name="Digest">64 bits; see docs/adr/0012 for what that promises.</param>
public readonly record struct RangeDigest(long Rows, ulong Digest)
{
    public static RangeDigest operator +(RangeDigest a, RangeDigest b) => new(a.Rows + b.Rows, a.Digest ^ b.Digest);
}

/// <summary>A range and what was read there.</summary>
public readonly record struct PrefixDigest(KeyPrefix Prefix, RangeDigest Sum);

/// <summary>A range and how many rows it has now.</summary>
public readonly record struct PrefixCount(KeyPrefix Prefix, long Rows);
