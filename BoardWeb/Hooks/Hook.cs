using System.Data.Common;
using Connect.BoardWeb.Storage;
using Connect.Node.Database;
using Dapper;

namespace Connect.BoardWeb.Hooks;

/// <summary>A webhook as it is.</summary>
/// <param name="Version">The id of the row that says so.</param>
/// <param name="Secret">Sealed, as is the one before it.</param>
public sealed record Hook(Guid Id, Guid Version, Guid Author, string Url, IReadOnlyList<string> Events, string Secret, string Before, long BeforeUntil, string State, Guid Since)
{
    public DateTimeOffset CreatedAt => Uuid7.TimeOf(Id);

    public DateTimeOffset ChangedAt => Uuid7.TimeOf(Version);

    public bool IsOn => State == HookState.On;

    /// <summary>Without what may be a secret of the receiver's.</summary>
    public string Host => new Uri(Url).Host;

    /// <summary>The sealed secrets that sign at this time.</summary>
    public IEnumerable<string> SecretsAt(DateTimeOffset now)
    {
        yield return Secret;
        if (Before.Length > 0 && now.ToUnixTimeMilliseconds() < BeforeUntil) yield return Before;
    }
}

/// <summary>An attempt.</summary>
public sealed record HookDelivery(Guid Id, Guid EventId, string Event, int Attempt, string Outcome, int Status, string Note, long Origin)
{
    public DateTimeOffset At => Uuid7.TimeOf(Id);
}

/// <summary>Reads webhooks: of each the latest row counts.</summary>
public sealed class HookReader(BoardDatabase database, Uuid7 ids)
{
    /// <summary>Deliveries that are shown.</summary>
    public const int MaxShown = 50;

    private const string Columns = "SELECT h.id, h.hook_id, h.author_id, h.url, h.events, h.secret, h.secret_before, h.before_until, h.state, h.since_id FROM hook h";

    private static readonly string IsLatest = $"h.state <> '{HookState.Deleted}' AND NOT EXISTS (SELECT 1 FROM hook l WHERE l.hook_id = h.hook_id AND l.id > h.id)";

    public Task<List<Hook>> AllAsync(CancellationToken cancel) => database.ReadAsync(c => Views(c.Query($"{Columns} WHERE {IsLatest} ORDER BY h.hook_id LIMIT 100")), cancel);

    public Task<Hook?> FindAsync(Guid id, CancellationToken cancel) => database.ReadAsync(c => Views(c.Query($"{Columns} WHERE h.hook_id = @id AND {IsLatest}", new { id = Ids.Bytes(id) })).FirstOrDefault(), cancel);

    /// <summary>The latest attempts, the latest first.</summary>
    /// <param name="before">The id of the last one of the page before; null for the first page.</param>
    public Task<List<HookDelivery>> DeliveriesAsync(Guid hook, Guid? before, int limit, CancellationToken cancel) => database.ReadAsync(c => c.Query(
            $"SELECT id, event_id, event, attempt, outcome, status, note, node FROM hook_delivery WHERE hook_id = @hook {(before is null ? "" : "AND id < @before")} ORDER BY id DESC LIMIT {limit}",
            new { hook = Ids.Bytes(hook), before = before is { } b ? Ids.Bytes(b) : null })
        .Select(r => new HookDelivery(Ids.Of((byte[])r.id), Ids.Of((byte[])r.event_id), (string)r.@event, (int)r.attempt, (string)r.outcome, (int)r.status, (string)r.note, (long)r.node)).ToList(), cancel);

    private List<Hook> Views(IEnumerable<dynamic> rows)
    {
        var found = rows.Select(r => new Hook(Ids.Of((byte[])r.hook_id), Ids.Of((byte[])r.id), Ids.Of((byte[])r.author_id), (string)r.url, ((string)r.events).Split(' '),
            (string)r.secret, (string)r.secret_before, (long)r.before_until, (string)r.state, Ids.Of((byte[])r.since_id))).ToList();
        // What is decided here from now on sorts after everything that has been read here.
        if (found.Count > 0) ids.Observe(found.Max(h => h.Version));
        return found;
    }
}
