using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Connect.Node.Settings;

namespace Connect.Node.Database;

/// <summary>
/// Which transactions a server has executed: for each origin, ranges of sequence numbers. Immutable.
/// <para>
/// MySQL writes <c>UUID:1-5:7,UUID2:1-3</c> and may have gaps. MariaDB writes <c>DOMAIN-SERVER-SEQ</c>, the last one of each domain;
/// every member writes in a domain of its own without gaps (its domain is its server id), so <c>2-2-50</c> reads as origin 2, 1 to 50.
/// </para>
/// </summary>
public sealed class GtidSet : IEquatable<GtidSet>
{
    /// <param name="First">First sequence number, 1 or more.</param>
    /// <param name="Last">Last sequence number, inclusive.</param>
    public readonly record struct Range(long First, long Last);

    private readonly ImmutableSortedDictionary<string, ImmutableArray<Range>> _origins;

    private GtidSet(Engine engine, ImmutableSortedDictionary<string, ImmutableArray<Range>> origins) => (Engine, _origins) = (engine, origins);

    public Engine Engine { get; }

    public static GtidSet Empty(Engine engine) => new(engine, ImmutableSortedDictionary.Create<string, ImmutableArray<Range>>(StringComparer.Ordinal));

    public bool IsEmpty => _origins.IsEmpty;

    /// <summary>The origins in it: server UUIDs (with a tag, if any), or domains.</summary>
    public IEnumerable<string> Origins => _origins.Keys;

    /// <summary>The ranges of one origin; empty if it has none.</summary>
    public ImmutableArray<Range> this[string origin] => _origins.TryGetValue(origin, out var ranges) ? ranges : [];

    /// <summary>How many transactions are in it.</summary>
    public long Count => _origins.Values.Sum(ranges => ranges.Sum(r => r.Last - r.First + 1));

    /// <param name="origins">The ranges of each origin, in any order; origins without ranges are left out.</param>
    public static GtidSet Of(Engine engine, IEnumerable<KeyValuePair<string, IEnumerable<Range>>> origins) =>
        new(engine, origins.Select(o => KeyValuePair.Create(o.Key, Normalise(o.Value))).Where(o => !o.Value.IsEmpty).ToImmutableSortedDictionary(StringComparer.Ordinal));

    /// <exception cref="FormatException">The text is not a position in this engine's notation.</exception>
    public static GtidSet Parse(Engine engine, string? text)
    {
        var origins = new Dictionary<string, List<Range>>(StringComparer.Ordinal);
        foreach (var part in (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (engine == Engine.MariaDB) ParseMariaDB(part, origins);
            else ParseMySql(part, origins);
        }
        return new(engine, origins.ToImmutableSortedDictionary(o => o.Key, o => Normalise(o.Value), StringComparer.Ordinal));
    }

    /// <summary>Only what one origin wrote.</summary>
    public GtidSet Only(string origin) => _origins.TryGetValue(origin, out var ranges) ? new(Engine, Empty(Engine)._origins.Add(origin, ranges)) : Empty(Engine);

    /// <summary>With the number after the last one of this origin.</summary>
    public GtidSet WithOneMoreOf(string origin)
    {
        var next = this[origin] is [.., var last] ? last.Last + 1 : 1;
        return new(Engine, _origins.SetItem(origin, Normalise([.. this[origin], new Range(next, next)])));
    }

    /// <exception cref="ArgumentException">The other set is of another engine.</exception>
    public bool Contains(GtidSet other) => SameEngine(other)._origins.All(o => Subtract(o.Value, this[o.Key]).IsEmpty);

    /// <exception cref="ArgumentException">The other set is of another engine.</exception>
    public GtidSet Union(GtidSet other)
    {
        SameEngine(other);
        var result = _origins.ToBuilder();
        foreach (var (origin, ranges) in other._origins) result[origin] = Normalise([.. this[origin], .. ranges]);
        return new(Engine, result.ToImmutable());
    }

    /// <summary>What is in here and not in <paramref name="other"/>.</summary>
    /// <exception cref="ArgumentException">The other set is of another engine.</exception>
    public GtidSet Except(GtidSet other)
    {
        SameEngine(other);
        var result = Empty(Engine)._origins.ToBuilder();
        foreach (var (origin, ranges) in _origins)
        {
            if (Subtract(ranges, other[origin]) is { IsEmpty: false } left) result[origin] = left;
        }
        return new(Engine, result.ToImmutable());
    }

    public bool Equals(GtidSet? other) => other is not null && Engine == other.Engine && ToString() == other.ToString();

    public override bool Equals(object? obj) => Equals(obj as GtidSet);

    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    /// <summary>In the engine's own notation, origins in ordinal order; empty text for the empty set.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var (origin, ranges) in _origins)
        {
            if (text.Length > 0) text.Append(',');
            if (Engine == Engine.MariaDB)
            {
                text.Append(origin).Append('-').Append(origin).Append('-').Append(ranges[^1].Last);
                continue;
            }
            text.Append(origin);
            foreach (var range in ranges)
            {
                text.Append(':').Append(range.First);
                if (range.Last > range.First) text.Append('-').Append(range.Last);
            }
        }
        return text.ToString();
    }

    private GtidSet SameEngine(GtidSet other) => other.Engine == Engine
        ? other
        : throw new ArgumentException($"A position of {other.Engine} says nothing about one of {Engine}.", nameof(other));

    private static void ParseMariaDB(string part, Dictionary<string, List<Range>> origins)
    {
        var fields = part.Split('-');
        if (fields.Length != 3 || !uint.TryParse(fields[0], NumberStyles.None, null, out var domain)
            || !uint.TryParse(fields[1], NumberStyles.None, null, out _) || !long.TryParse(fields[2], NumberStyles.None, null, out var sequence))
            throw new FormatException($"'{part}' is not a MariaDB GTID (domain-server-sequence).");
        if (sequence > 0) Add(origins, domain.ToString(), new(1, sequence));
    }

    private static void ParseMySql(string part, Dictionary<string, List<Range>> origins)
    {
        var fields = part.Split(':', StringSplitOptions.TrimEntries);
        if (fields.Length < 2 || !Guid.TryParseExact(fields[0], "D", out _) || !char.IsAsciiDigit(fields[^1].FirstOrDefault()))
            throw new FormatException($"'{part}' is not a MySQL GTID set (uuid:first-last).");
        var origin = fields[0].ToLowerInvariant();
        foreach (var field in fields.Skip(1))
        {
            // MySQL 8.3 and later may put a tag between the UUID and its ranges: each tag counts on its own.
            if (field.Length > 0 && !char.IsAsciiDigit(field[0]))
            {
                origin = $"{fields[0].ToLowerInvariant()}:{field}";
                continue;
            }
            var dash = field.IndexOf('-', StringComparison.Ordinal);
            if (!long.TryParse(dash < 0 ? field : field[..dash], NumberStyles.None, null, out var first)
                || !long.TryParse(dash < 0 ? field : field[(dash + 1)..], NumberStyles.None, null, out var last) || first < 1 || last < first)
                throw new FormatException($"'{field}' is not a range of a MySQL GTID set.");
            Add(origins, origin, new(first, last));
        }
    }

    private static void Add(Dictionary<string, List<Range>> origins, string origin, Range range)
    {
        if (!origins.TryGetValue(origin, out var ranges)) origins[origin] = ranges = [];
        ranges.Add(range);
    }

    /// <summary>Sorted, and joined where they touch.</summary>
    private static ImmutableArray<Range> Normalise(IEnumerable<Range> ranges)
    {
        var result = new List<Range>();
        foreach (var range in ranges.OrderBy(r => r.First))
        {
            if (result.Count > 0 && range.First - 1 <= result[^1].Last) result[^1] = new(result[^1].First, Math.Max(result[^1].Last, range.Last));
            else result.Add(range);
        }
        return [.. result];
    }

    private static ImmutableArray<Range> Subtract(ImmutableArray<Range> from, ImmutableArray<Range> what)
    {
        var result = new List<Range>();
        foreach (var range in from)
        {
            var (first, left) = (range.First, true);
            foreach (var hole in what)
            {
                if (hole.Last < first) continue;
                if (hole.First > range.Last) break;
                if (hole.First > first) result.Add(new(first, hole.First - 1));
                left = hole.Last < range.Last;
                if (!left) break;
                first = hole.Last + 1;
            }
            if (left) result.Add(new(first, range.Last));
        }
        return [.. result];
    }
}
