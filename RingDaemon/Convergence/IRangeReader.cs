using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Convergence;

/// <summary>Where the next part of a table ends that is read in one statement.</summary>
/// <param name="Last">Its last key, inclusive; it never cuts a prefix of <paramref name="Digits"/> digits.</param>
/// <param name="Digits">Digits to group its rows by.</param>
public readonly record struct Slice(UInt128 Last, int Digits)
{
    /// <param name="from">Where the slice begins.</param>
    /// <param name="first">The first key that is there.</param>
    /// <param name="end">The first key that is too many, or the last one of the table.</param>
    /// <param name="more">There are rows beyond.</param>
    public static Slice Of(UInt128 from, UInt128 first, UInt128 end, bool more)
    {
        // Two digits more than all of them share: 256 groups at the most. It ends at a boundary of those, so that the next one can begin there.
        var digits = Math.Min(KeyPrefix.MostDigits, KeyPrefix.Common(first, end) + 2);
        return new(more ? KeyPrefix.Of(end, digits).First - 1 : UInt128.MaxValue, Math.Max(digits, KeyPrefix.Alignment(from)));
    }
}

/// <summary>What is asked of this node's own server about ranges of keys. Each answer is of one moment.</summary>
public interface IRangeReader
{
    /// <summary>The counters of changed rows; null if this server does not show them.</summary>
    Task<ModificationCounters?> CountersAsync(CancellationToken cancel);

    /// <summary>Counts the rows from a key to the end, by the first digits of their keys, sorted.</summary>
    Task<List<PrefixCount>> CountAsync(string table, UInt128 from, int digits, CancellationToken cancel);

    /// <summary>Counts the rows before a key.</summary>
    Task<long> CountBeforeAsync(string table, UInt128 key, CancellationToken cancel);

    /// <summary>Counts and digests the rows of a range (both ends inclusive), by the first digits of their keys, sorted.</summary>
    Task<List<PrefixDigest>> DigestAsync(string table, UInt128 first, UInt128 last, int digits, CancellationToken cancel);

    /// <summary>Where a slice that begins at a key should end; null if there are no rows from there on.</summary>
    Task<Slice?> SliceAsync(string table, UInt128 from, CancellationToken cancel);
}
