using System.Collections.Immutable;
using System.Data.Common;
using System.Text;
using Connect.BoardWeb.Archive;
using Connect.BoardWeb.Storage;
using Dapper;

namespace Connect.BoardWeb.Live;

/// <summary>
/// How far someone has seen each origin's posts: the highest id of each. An origin's posts arrive everywhere in the order of their ids, so this
/// says exactly what is missing, on every node, however far each of them has come. Immutable.
/// </summary>
public sealed class Marks
{
    /// <summary>Origins in one text at most: a ring has had this many incarnations, or somebody is making it up.</summary>
    public const int MaxOrigins = 64;

    public static readonly Marks None = new(ImmutableSortedDictionary<long, Guid>.Empty);

    private readonly ImmutableSortedDictionary<long, Guid> _origins;

    private Marks(ImmutableSortedDictionary<long, Guid> origins) => _origins = origins;

    public IEnumerable<KeyValuePair<long, Guid>> Origins => _origins;

    /// <summary>The highest id seen of an origin; the empty id if none was.</summary>
    public Guid this[long origin] => _origins.GetValueOrDefault(origin);

    public static Marks Of(IEnumerable<KeyValuePair<long, Guid>> origins) => new(origins.ToImmutableSortedDictionary());

    /// <summary>
    /// The newest of each origin in these tables, as this node's server holds them: a few dives into an index of each. An origin's ids rise over all of its tables, so one mark says
    /// how far all of them have been seen. What was imported is of no origin: its ids do not rise.
    /// </summary>
    /// <param name="tables">Constants: tables with an index by origin.</param>
    public static Marks Newest(DbConnection connection, params ReadOnlySpan<string> tables)
    {
        var newest = new List<string>();
        foreach (var table in tables) newest.Add($"SELECT node, MAX(id) FROM {table} GROUP BY node");
        return Of(connection.Query<(long Node, byte[] Id)>(string.Join(" UNION ALL ", newest)).Where(o => o.Node != ImportedRow.Origin).GroupBy(o => o.Node, o => Ids.Of(o.Id)).Select(o => KeyValuePair.Create(o.Key, o.Max())));
    }

    /// <summary>With an id seen; marks never fall.</summary>
    public Marks With(long origin, Guid id) => id.CompareTo(this[origin]) > 0 ? new(_origins.SetItem(origin, id)) : this;

    /// <summary>Reads <c>1.ID,2.ID</c>; null if it is anything else.</summary>
    public static Marks? Parse(string? text)
    {
        if (string.IsNullOrEmpty(text) || text.Length > MaxOrigins * 44) return null;
        var marks = None;
        foreach (var part in text.Split(','))
        {
            var dot = part.IndexOf('.', StringComparison.Ordinal);
            if (dot < 0 || !uint.TryParse(part[..dot], out var origin) || !Guid.TryParseExact(part[(dot + 1)..], "N", out var id)) return null;
            marks = marks.With(origin, id);
        }
        return marks;
    }

    /// <summary><c>1.ID,2.ID</c>: an event's id, and the <c>after</c> of a live stream.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var (origin, id) in _origins) text.Append(text.Length > 0 ? "," : "").Append(origin).Append('.').Append(id.ToString("N"));
        return text.ToString();
    }
}
