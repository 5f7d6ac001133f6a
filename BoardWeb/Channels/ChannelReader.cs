using Connect.BoardWeb.Storage;
using Connect.Node.Database;
using Dapper;

namespace Connect.BoardWeb.Channels;

/// <summary>A channel as readers see it.</summary>
/// <param name="Slug">What its address says: with a suffix if an earlier channel has the plain slug.</param>
/// <param name="LastActivity">When the newest topic was opened, or null.</param>
public sealed record ChannelView(Guid Id, string Slug, string Title, long Origin, DateTimeOffset? LastActivity)
{
    public DateTimeOffset CreatedAt => Uuid7.TimeOf(Id);
}

/// <summary>Reads channels; of two with one slug the earlier one keeps it.</summary>
public sealed class ChannelReader(BoardDatabase database)
{
    /// <summary>Channels a board shows. A board with more of them needs another front page.</summary>
    public const int MaxShown = 500;

    private const string Columns = """
        SELECT c.id, c.slug, c.title, c.node,
          EXISTS (SELECT 1 FROM channel e WHERE e.slug = c.slug AND e.id < c.id) AS taken,
          (SELECT MAX(t.id) FROM topic t WHERE t.channel_id = c.id) AS latest
        FROM channel c
        """;

    public Task<List<ChannelView>> AllAsync(CancellationToken cancel) =>
        database.ReadAsync(c => c.Query($"{Columns} ORDER BY c.id LIMIT {MaxShown}").Select(View).ToList(), cancel);

    /// <summary>The channel with this slug: the earliest one that has it, else the one whose slug and suffix it is.</summary>
    public Task<ChannelView?> FindAsync(string slug, CancellationToken cancel) => database.ReadAsync(
        c => c.Query($"{Columns} WHERE c.slug = @slug ORDER BY c.id LIMIT 1", new { slug }).Select(View).FirstOrDefault()
            ?? (slug.Length > 5 && slug[^5] == '-'
                ? c.Query($"{Columns} WHERE c.slug = @plain", new { plain = slug[..^5] }).Select(View).FirstOrDefault(v => v.Slug == slug)
                : null), cancel);

    public Task<ChannelView?> FindAsync(Guid id, CancellationToken cancel) => database.ReadAsync(
        c => c.Query($"{Columns} WHERE c.id = @id", new { id = Ids.Bytes(id) }).Select(View).FirstOrDefault(), cancel);

    private static ChannelView View(dynamic row)
    {
        var id = Ids.Of((byte[])row.id);
        var slug = (long)row.taken != 0 ? $"{row.slug}-{Ids.SuffixOf(id)}" : (string)row.slug;
        return new(id, slug, (string)row.title, (long)row.node, row.latest is byte[] latest ? Uuid7.TimeOf(Ids.Of(latest)) : null);
    }
}
