using System.Data.Common;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Storage;
using Connect.Node.Database;
using Dapper;

namespace Connect.BoardWeb.Moderation;

/// <summary>A decision in the log.</summary>
/// <param name="About">The subject in words: a title, a name, or the start of a post.</param>
/// <param name="Address">Where it can be looked at; null if it has not arrived here.</param>
public sealed record LoggedDecision(Decision Decision, string About, string? Address);

/// <summary>Reads decisions.</summary>
public sealed class DecisionReader(BoardDatabase database, Uuid7 ids)
{
    public const int PageSize = 50;

    private const string Columns = """
        SELECT d.id, d.subject_id, d.property, d.value, d.author_id, d.reason, a.name,
          EXISTS (SELECT 1 FROM account e WHERE e.name_key = a.name_key AND e.id < a.id) AS shared
        FROM decision d LEFT JOIN account a ON a.id = d.author_id
        """;

    private const string IsLatest = "NOT EXISTS (SELECT 1 FROM decision l WHERE l.subject_id = d.subject_id AND l.property = d.property AND l.id > d.id)";

    /// <summary>What has been decided about each of these; about most nothing.</summary>
    public IReadOnlyDictionary<Guid, Decided> Of(DbConnection connection, IReadOnlyCollection<Guid> subjects)
    {
        if (subjects.Count == 0) return new Dictionary<Guid, Decided>();
        var found = connection.Query($"{Columns} WHERE d.subject_id IN @subjects AND {IsLatest}", new { subjects = subjects.Select(Ids.Bytes) }).Select(View).ToList();
        // Whatever is decided here from now on sorts after everything that has been read here.
        if (found.Count > 0) ids.Observe(found.Max(d => d.Id));
        return found.GroupBy(d => d.Subject).ToDictionary(g => g.Key, g => new Decided(g));
    }

    public Decided Of(DbConnection connection, Guid subject) => Of(connection, [subject]).GetValueOrDefault(subject, Decided.Nothing);

    public Task<Decided> OfAsync(Guid subject, CancellationToken cancel) => database.ReadAsync(c => Of(c, subject), cancel);

    /// <summary>The latest decisions about one property, whatever the subjects, whose values begin like this; <paramref name="limit"/> of them at the most.</summary>
    /// <param name="beginning">A constant without wildcards.</param>
    public List<Decision> Latest(DbConnection connection, string property, string beginning, int limit)
    {
        var found = connection.Query($"{Columns} WHERE d.property = @property AND d.value LIKE @values AND {IsLatest} ORDER BY d.id LIMIT {limit}", new { property, values = beginning + "%" }).Select(View).ToList();
        if (found.Count > 0) ids.Observe(found.Max(d => d.Id));
        return found;
    }

    /// <summary>The highest id of an origin's decisions; null if it has made none.</summary>
    public static Guid? Newest(DbConnection connection, long origin) =>
        connection.ExecuteScalar<byte[]?>("SELECT MAX(id) FROM decision WHERE node = @origin", new { origin }) is { } id ? Ids.Of(id) : null;

    /// <summary>All decisions, the latest first; <paramref name="before"/> is the id of the last one of the page before.</summary>
    public async Task<List<LoggedDecision>> LogAsync(Guid? before, int limit, CancellationToken cancel)
    {
        var rows = await database.ReadAsync(c => c.Query($"""
            SELECT d.id, d.subject_id, d.property, d.value, d.author_id, d.reason, a.name,
              EXISTS (SELECT 1 FROM account e WHERE e.name_key = a.name_key AND e.id < a.id) AS shared,
              t.title AS topic, s.name AS account, ch.slug, ch.title AS channel, COALESCE(p.id, r.post_id) AS post, f.name AS file
            FROM (SELECT * FROM decision {(before is null ? "" : "WHERE id < @before")} ORDER BY id DESC LIMIT {limit}) d
              LEFT JOIN account a ON a.id = d.author_id LEFT JOIN topic t ON t.id = d.subject_id LEFT JOIN account s ON s.id = d.subject_id
              LEFT JOIN channel ch ON ch.id = d.subject_id LEFT JOIN post p ON p.id = d.subject_id LEFT JOIN report r ON r.id = d.subject_id
              LEFT JOIN file f ON f.id = d.subject_id
            ORDER BY d.id DESC
            """, new { before = before is { } b ? Ids.Bytes(b) : null }).ToList(), cancel);
        return [.. rows.Select(r => (LoggedDecision)Logged(r))]; // here, as the database's threads have nobody's language
    }

    private static LoggedDecision Logged(dynamic row)
    {
        Decision decision = View(row);
        if (decision.Property == Decidable.Word) return new(decision, T["TheWordList"], "/moderation/words");
        var (about, address) = ((string?)row.topic, (string?)row.account, (string?)row.channel, (byte[]?)row.post, (string?)row.file) switch
        {
            ({ } topic, _, _, _, _) => (topic, $"/t/{decision.Subject}"),
            (_, { } account, _, _, _) => (account, $"/u/{decision.Subject}"),
            (_, _, { } channel, _, _) => (channel, $"/c/{(string)row.slug}"),
            (_, _, _, { } post, _) => (T["APost"], $"/p/{Ids.Of(post)}"),
            (_, _, _, _, { } file) => (file, $"/f/{decision.Subject}"),
            _ => (T["NotArrived"], (string?)null),
        };
        return new(decision, about, address);
    }

    private static Decision View(dynamic row)
    {
        var by = Ids.Of((byte[])row.author_id);
        return new(Ids.Of((byte[])row.id), Ids.Of((byte[])row.subject_id), (string)row.property, (string)row.value, by,
            AccountName.Shown((string?)row.name, by, (long)row.shared != 0), (string)row.reason);
    }
}
