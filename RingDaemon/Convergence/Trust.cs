using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Api;
using Connect.RingDaemon.Daemon;
using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Convergence;

/// <summary>A row with another content than the trusted member's.</summary>
/// <param name="Was">Digest of the content that goes.</param>
/// <param name="Becomes">Digest of the trusted content.</param>
public sealed record ReplacedRow(string Table, string Key, string Was, string Becomes);

/// <summary>What one member did to itself.</summary>
/// <param name="Replaced">With dry run: would be.</param>
/// <param name="Left">Rows that were left alone, each with why.</param>
/// <param name="Saved">The file with the old contents, on that node; null if nothing was replaced.</param>
public sealed record NodeTrust(string Node, IReadOnlyList<ReplacedRow> Replaced, IReadOnlyList<string> Left, string? Saved);

/// <summary>What <c>connect repair --trust</c> prints.</summary>
/// <param name="Note">What stood in the way, or what an operator should know; often empty.</param>
/// <param name="Done">Nothing is left of what was asked for.</param>
public sealed record TrustReport(bool DryRun, string Trusted, IReadOnlyList<NodeTrust> Nodes, IReadOnlyList<string> Unheard, string Note, bool Done);

/// <summary>
/// Settles rows that have two contents. Rows are immutable, so somebody changed one by hand or a page is corrupted, and no program can know which content is right: an operator says
/// whose. Each other member then replaces its own row, outside its binary log, after it has saved the old content. Nobody changes another one's server.
/// </summary>
public sealed class Trust(NodeSettings settings, IMembership membership, Replicas replicas, Checksum checksum, TableRows own, MemberClient members, AuditLog audit, TimeProvider time)
{
    /// <summary>Most rows at once.</summary>
    public const int MostRows = ChecksumReport.MostDifferences;

    private static readonly TimeSpan PerPage = TimeSpan.FromSeconds(30);

    /// <param name="trusted">The member whose contents are right.</param>
    /// <param name="table">Null for every table.</param>
    /// <param name="keys">Rows of that table; empty for all that have two contents.</param>
    /// <param name="dryRun">Only say what would be replaced.</param>
    /// <param name="cancel">Ends it early; what was replaced stays so.</param>
    /// <exception cref="ArgumentException">There is no such member or table, or it cannot be trusted now.</exception>
    public async Task<TrustReport> AllAsync(string trusted, string? table, IReadOnlyCollection<string> keys, bool dryRun, CancellationToken cancel)
    {
        if (membership.Current.Find(trusted) is not { } member) throw new ArgumentException($"There is no member '{trusted}'.");
        if (!member.IsTrustworthy) throw new ArgumentException($"{trusted} cannot be trusted now: its server is down, or is being put right itself.");
        if (table is not null) TableRows.Quoted(settings, table); // refuses a table that is none
        if (keys.Count > 0 && table is null) throw new ArgumentException("Keys are those of one table: say which.");
        if (keys.Count > MostRows) throw new ArgumentException($"At most {MostRows} rows at once.");
        var alive = replicas.Alive();
        var nodes = alive.ToDictionary(r => r.Name, _ => (Replaced: new List<ReplacedRow>(), Left: new List<string>(), Saved: (string?)null), StringComparer.Ordinal);
        var (unheard, notes) = (new SortedSet<string>(StringComparer.Ordinal), new List<string>());
        foreach (var (name, rows) in await AskedForAsync(table, keys, notes, cancel))
        {
            foreach (var (node, wanted) in await DifferingAsync(alive, trusted, name, rows, notes, unheard, cancel))
            {
                foreach (var page in wanted.Chunk(TableRows.RowPage))
                {
                    var answer = dryRun ? new NodeTrust(node, page, [], null) : await ReplaceOnAsync(node, trusted, page, cancel);
                    if (answer is null) { unheard.Add(node); continue; }
                    nodes[node].Replaced.AddRange(answer.Replaced);
                    nodes[node].Left.AddRange(answer.Left);
                    nodes[node] = nodes[node] with { Saved = answer.Saved ?? nodes[node].Saved };
                }
            }
        }
        NodeTrust[] done = [.. nodes.Where(n => n.Value.Replaced.Count + n.Value.Left.Count > 0).Select(n => new NodeTrust(n.Key, n.Value.Replaced, n.Value.Left, n.Value.Saved))];
        return new(dryRun, trusted, done, [.. unheard], string.Join("; ", notes), unheard.Count == 0 && notes.Count == 0 && done.All(n => n.Left.Count == 0));
    }

    /// <summary>This member's part: it replaces some of its own rows by those that the trusted member has.</summary>
    /// <param name="trusted">Whose are right.</param>
    /// <param name="rows">Of one table, at most <see cref="TableRows.RowPage"/>; each is replaced only if it still is what it was, and the other one still has what it had.</param>
    /// <param name="cancel">Ends it early.</param>
    /// <exception cref="ArgumentException">There is no such member or table.</exception>
    public async Task<NodeTrust> SelfAsync(string trusted, IReadOnlyList<ReplacedRow> rows, CancellationToken cancel)
    {
        if (rows.Count is 0 or > TableRows.RowPage || rows.Any(r => r?.Table is null || r.Table != rows[0]?.Table)) throw new ArgumentException($"Rows of one table, at most {TableRows.RowPage}.");
        if (membership.Current.Find(trusted) is not { } member) throw new ArgumentException($"There is no member '{trusted}'.");
        var table = rows[0].Table;
        var theirs = await members.PostAsync<List<Row>>(member.Facts.DaemonUrl, "/v1/rows/read", new { table, keys = rows.Select(r => r.Key) }, PerPage, cancel);
        if (theirs is null) return new(settings.Name, [], [.. rows.Select(r => $"{table} {r.Key}: {trusted} did not send it")], null);
        var file = Path.Combine(settings.Resolve(settings.StateFolder), "replaced", $"{time.GetUtcNow():yyyyMMdd'T'HHmmss'.'fff'Z'}-{table}.jsonl");
        var replaced = await own.ReplaceAsync(table, theirs, rows.ToDictionary(r => r.Key, r => (r.Was, r.Becomes), StringComparer.Ordinal), file, cancel);
        var (gone, left) = (rows.Where(r => replaced.Contains(r.Key)).ToArray(), rows.Where(r => !replaced.Contains(r.Key)).ToArray());
        if (gone.Length > 0)
            audit.Add("replace rows", $"an operator trusts what {trusted} has", $"{gone.Length} rows of {table}: {string.Join(", ", gone.Select(r => $"{r.Key} {r.Was[..8]} -> {r.Becomes[..8]}"))}; the old ones are in {file}");
        return new(settings.Name, gone, [.. left.Select(r => $"{table} {r.Key}: it changed while it was looked at; ask again")], gone.Length > 0 ? file : null);
    }

    private async Task<IEnumerable<(string Table, string[] Keys)>> AskedForAsync(string? table, IReadOnlyCollection<string> keys, List<string> notes, CancellationToken cancel)
    {
        if (keys.Count > 0) return [(table!, [.. keys.Select(k => k.ToLowerInvariant()).Distinct()])];
        var report = await checksum.CompareAsync(whole: false, cancel);
        if (report.MoreDifferences) notes.Add("there are more rows that differ than were named; run it again");
        return report.Differences.Where(d => d.Conflict && (table is null || d.Table == table)).GroupBy(d => d.Table).Select(g => (g.Key, g.Select(d => d.Key).ToArray()));
    }

    /// <summary>Looks at the rows again when everybody has executed what any of them had, and tells for each member which of its rows are not the trusted one's.</summary>
    private static async Task<IEnumerable<(string Node, ReplacedRow[] Rows)>> DifferingAsync(
        IReplica[] alive, string trusted, string table, string[] keys, List<string> notes, SortedSet<string> unheard, CancellationToken cancel)
    {
        var positions = await Task.WhenAll(alive.Select(async r => (r.Name, Position: await r.PositionAsync(cancel))));
        unheard.UnionWith(positions.Where(p => p.Position is null).Select(p => p.Name));
        if (positions.All(p => p.Position is null)) return [];
        var fence = positions.Select(p => p.Position).OfType<GtidSet>().Aggregate((a, b) => a.Union(b));
        var seen = await Task.WhenAll(alive.Select(async r => (r.Name, Seen: await r.LookAsync(table, keys, fence, cancel))));
        unheard.UnionWith(seen.Where(s => s.Seen is null).Select(s => s.Name));
        // What is on its way to somebody who is behind cannot be told from what differs.
        foreach (var behind in seen.Where(s => s.Seen is { Reached: false })) notes.Add($"{behind.Name} had not executed after {RowLook.MostWait.TotalSeconds:0} s what the others had, and is left alone");
        if (seen.FirstOrDefault(s => s.Name == trusted).Seen is not { Reached: true } theirs) return [];
        var right = theirs.Rows.ToDictionary(r => r.Key, r => r.Digest, StringComparer.Ordinal);
        if (keys.Where(k => !right.ContainsKey(k)).ToArray() is { Length: > 0 } absent) notes.Add($"{trusted} has no row {string.Join(", ", absent.Take(10))} in {table}");
        return seen.Where(s => s.Name != trusted && s.Seen is { Reached: true })
            .Select(s => (s.Name, s.Seen!.Rows.Where(r => right.TryGetValue(r.Key, out var digest) && digest != r.Digest).Select(r => new ReplacedRow(table, r.Key, r.Digest, right[r.Key])).ToArray()));
    }

    private async Task<NodeTrust?> ReplaceOnAsync(string node, string trusted, ReplacedRow[] rows, CancellationToken cancel) => node == settings.Name
        ? await SelfAsync(trusted, rows, cancel)
        : membership.Current.Find(node) is { } member ? await members.PostAsync<NodeTrust>(member.Facts.DaemonUrl, "/v1/repair/replace", new { trusted, rows }, PerPage + PerPage, cancel) : null;
}
