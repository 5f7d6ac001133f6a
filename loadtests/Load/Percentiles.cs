namespace Connect.LoadTests.Load;

/// <summary>
/// Exact percentiles of raw samples by nearest rank: the p-th percentile of n sorted values is the value at rank ⌈p/100 · n⌉ (counted from 1).
/// It is always a value that was measured. With fewer than 100 values the 99th percentile is the largest one.
/// Percentiles of several runs come from their samples put together; they are never averaged.
/// </summary>
public sealed class Percentiles
{
    private readonly double[] _sorted;

    public Percentiles(IEnumerable<double> values)
    {
        _sorted = [.. values];
        Array.Sort(_sorted);
    }

    public int Count => _sorted.Length;

    /// <summary>The percentile; NaN if there are no values.</summary>
    /// <param name="percent">More than 0, up to 100.</param>
    public double this[double percent]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(percent, 0);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(percent, 100);
            if (_sorted.Length == 0) return double.NaN;
            // 0.999 * 1000 is a little more than 999 in binary: without the small number the rank would be one too high.
            var rank = (int)Math.Ceiling(percent / 100 * _sorted.Length - 1e-9);
            return _sorted[Math.Clamp(rank, 1, _sorted.Length) - 1];
        }
    }

    public Summary Summarise() => Count == 0
        ? Summary.None
        : new(Count, _sorted[0], _sorted.Average(), this[50], this[75], this[90], this[95], this[99], this[99.9], _sorted[^1]);
}

/// <summary>Of a set of values, in their unit (milliseconds, unless it says otherwise). Zeros if there were none.</summary>
public sealed record Summary(int Count, double Min, double Mean, double P50, double P75, double P90, double P95, double P99, double P999, double Max)
{
    public static Summary None { get; } = new(0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    public static Summary Of(IEnumerable<double> values) => new Percentiles(values).Summarise();
}
