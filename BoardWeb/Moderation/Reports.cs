using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Writes;
using Connect.Node.Database;
using Dapper;

namespace Connect.BoardWeb.Moderation;

/// <summary>Somebody asks the moderators to look at a post.</summary>
/// <param name="By">The name of whoever asks.</param>
public sealed record Report(Guid Id, Guid Post, string By, string Reason)
{
    public DateTimeOffset At => Uuid7.TimeOf(Id);
}

/// <summary>Reports of posts. One is open until a decision says that it is handled; one that arrives later from the other side of a partition is open by itself.</summary>
public sealed class Reports(BoardDatabase database, WriteBatcher writes)
{
    /// <summary>Open ones that are shown.</summary>
    public const int MaxShown = 100;

    private const string Columns = """
        SELECT r.id, r.post_id, r.author_id, r.reason, a.name,
          EXISTS (SELECT 1 FROM account e WHERE e.name_key = a.name_key AND e.id < a.id) AS shared
        FROM report r LEFT JOIN account a ON a.id = r.author_id
        """;

    private static readonly string IsOpen = $"NOT EXISTS (SELECT 1 FROM decision d WHERE d.subject_id = r.id AND d.property = '{Decidable.Handled}')";

    /// <summary>The oldest of those that are open.</summary>
    public Task<List<Report>> OpenAsync(CancellationToken cancel) => database.ReadAsync(c =>
        c.Query($"{Columns} WHERE {IsOpen} ORDER BY r.id LIMIT {MaxShown}").Select(View).ToList(), cancel);

    public Task<List<Report>> OpenOfAsync(Guid post, CancellationToken cancel) => database.ReadAsync(c =>
        c.Query($"{Columns} WHERE r.post_id = @post AND {IsOpen} ORDER BY r.id LIMIT {MaxShown}", new { post = Ids.Bytes(post) }).Select(View).ToList(), cancel);

    public Task<Report?> FindAsync(Guid id, CancellationToken cancel) => database.ReadAsync(c =>
        c.Query($"{Columns} WHERE r.id = @id", new { id = Ids.Bytes(id) }).Select(View).FirstOrDefault(), cancel);

    /// <summary>Reports a post; <see cref="WriteResult.Existing"/> is set if this person's report of it is open already.</summary>
    public async Task<WriteResult> ReportAsync(Guid post, Guid author, string reason, CancellationToken cancel)
    {
        var before = await database.ReadAsync(c => c.QueryFirstOrDefault<byte[]>(
            $"SELECT r.id FROM report r WHERE r.post_id = @post AND r.author_id = @author AND {IsOpen} LIMIT 1", new { post = Ids.Bytes(post), author = Ids.Bytes(author) }), cancel);
        return before is not null ? new([], Ids.Of(before), "", 0, true) : await writes.WriteAsync(new(next => [new NewReport(next(), post, author, reason)]));
    }

    private static Report View(dynamic row)
    {
        var by = Ids.Of((byte[])row.author_id);
        return new(Ids.Of((byte[])row.id), Ids.Of((byte[])row.post_id), AccountName.Shown((string?)row.name, by, (long)row.shared != 0), (string)row.reason);
    }
}
