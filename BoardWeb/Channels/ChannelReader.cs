using System.Data.Common;
using System.Globalization;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Storage;
using Connect.Node.Database;
using Dapper;

namespace Connect.BoardWeb.Channels;

/// <summary>A channel as readers see it.</summary>
/// <param name="Slug">What its address says: with a suffix if an earlier channel has the plain slug.</param>
/// <param name="State">What has been decided about it.</param>
public sealed record ChannelView(Guid Id, string Slug, string Title, long Origin, Decided State)
{
    public string Description => State.Text(Decidable.Description) ?? "";

    /// <summary>On the front page; channels without one stand behind those that have one.</summary>
    public int? Place => int.TryParse(State.Text(Decidable.Place), CultureInfo.InvariantCulture, out var place) ? place : null;

    /// <summary>It is read only.</summary>
    public bool IsArchived => State.Is(Decidable.Archived);

    public DateTimeOffset CreatedAt => Uuid7.TimeOf(Id);
}

/// <summary>Reads channels; of two with one slug the earlier one keeps it.</summary>
public sealed class ChannelReader(BoardDatabase database, DecisionReader decisions)
{
    /// <summary>Channels a board shows. A board with more of them needs another front page.</summary>
    public const int MaxShown = 500;

    private const string Columns = """
        SELECT c.id, c.slug, c.title, c.node,
          EXISTS (SELECT 1 FROM channel e WHERE e.slug = c.slug AND e.id < c.id) AS taken
        FROM channel c
        """;

    /// <summary>All of them: as they were placed, the others as they were made, and those that are archived at the end.</summary>
    public Task<List<ChannelView>> AllAsync(CancellationToken cancel) => database.ReadAsync(c => Views(c, $"ORDER BY c.id LIMIT {MaxShown}", new { })
        .OrderBy(v => v.IsArchived).ThenBy(v => v.Place ?? int.MaxValue).ThenBy(v => v.Id).ToList(), cancel);

    /// <summary>The channel with this slug: the earliest one that has it, else the one whose slug and suffix it is.</summary>
    public Task<ChannelView?> FindAsync(string slug, CancellationToken cancel) => database.ReadAsync(
        c => Views(c, "WHERE c.slug = @slug ORDER BY c.id LIMIT 1", new { slug }).FirstOrDefault()
            ?? (slug.Length > 5 && slug[^5] == '-'
                ? Views(c, "WHERE c.slug = @plain", new { plain = slug[..^5] }).FirstOrDefault(v => v.Slug == slug)
                : null), cancel);

    public Task<ChannelView?> FindAsync(Guid id, CancellationToken cancel) => database.ReadAsync(
        c => Views(c, "WHERE c.id = @id", new { id = Ids.Bytes(id) }).FirstOrDefault(), cancel);

    private List<ChannelView> Views(DbConnection connection, string which, object parameters)
    {
        var rows = connection.Query($"{Columns} {which}", parameters).ToList();
        var states = decisions.Of(connection, [.. rows.Select(r => Ids.Of((byte[])r.id))]);
        return [.. rows.Select(r => View(r, states))];
    }

    private static ChannelView View(dynamic row, IReadOnlyDictionary<Guid, Decided> states)
    {
        var id = Ids.Of((byte[])row.id);
        var slug = (long)row.taken != 0 ? $"{row.slug}-{Ids.SuffixOf(id)}" : (string)row.slug;
        var state = states.GetValueOrDefault(id, Decided.Nothing);
        return new(id, slug, state.Text(Decidable.Title) ?? (string)row.title, (long)row.node, state);
    }
}
