using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Api;
using Connect.RingDaemon.Daemon;
using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Convergence;

/// <summary>What one node did to itself.</summary>
/// <param name="Added">Rows brought over (with dry run: that would be), by table.</param>
/// <param name="Conflicts">Keys that exist here and elsewhere with different content: rows are immutable, so somebody changed one by hand. They are left alone.</param>
public sealed record NodeRepair(string Node, IReadOnlyDictionary<string, int> Added, IReadOnlyList<string> Conflicts, IReadOnlyList<string> Unheard);

/// <summary>What <c>connect repair</c> prints.</summary>
public sealed record RepairReport(bool DryRun, IReadOnlyList<NodeRepair> Nodes, IReadOnlyList<string> Unheard);

/// <summary>
/// Makes replicas equal by union: each node looks for rows that others have and it lacks, and fetches them. Nothing is deleted and nothing is changed in place, so
/// running it once too often does no harm, and replication goes on meanwhile.
/// </summary>
public sealed class Repair(NodeSettings settings, IMembership membership, TableRows own, RangeUnion ranges, MemberClient members, AuditLog audit)
{
    private static readonly TimeSpan PerPage = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan PerMember = TimeSpan.FromMinutes(10);

    /// <summary>Most conflicts that are named.</summary>
    private const int MostConflicts = 100;

    /// <summary>Asks every member, this one included, to repair itself.</summary>
    public async Task<RepairReport> AllAsync(bool dryRun, CancellationToken cancel)
    {
        var alive = Alive();
        var asked = await Task.WhenAll(alive.Select(async m => m.Name == settings.Name
            ? await SelfAsync(dryRun, cancel)
            : await members.PostAsync<NodeRepair>(m.Facts.DaemonUrl, "/v1/repair/self", new { dryRun }, PerMember, cancel)));
        var answers = asked.OfType<NodeRepair>().ToArray();
        return new(dryRun, answers, [.. alive.Select(m => m.Name).Except(answers.Select(a => a.Node))]);
    }

    /// <summary>Brings over what this node lacks.</summary>
    /// <param name="dryRun">Only say what would come.</param>
    /// <param name="cancel">Ends it early; what has come stays.</param>
    /// <param name="because">Who wants it, for the audit log.</param>
    public async Task<NodeRepair> SelfAsync(bool dryRun, CancellationToken cancel, string because = "an operator's wish")
    {
        var added = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var conflicts = new List<string>();
        var unheard = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var donor in Alive().Where(m => m.Name != settings.Name))
        {
            Task<List<Row>?> Fetch(string table, string[] keys) => members.PostAsync<List<Row>>(donor.Facts.DaemonUrl, "/v1/rows/read", new { table, keys }, PerPage, cancel);
            if (!await ranges.FromAsync(new RemoteReplica(donor, settings.Database.Engine, members), Fetch, dryRun, added, conflicts, cancel)) unheard.Add(donor.Name);
        }
        if (!dryRun && added.Values.Sum() > 0) audit.Add("repair", because, string.Join(", ", added.Where(a => a.Value > 0).Select(a => $"{a.Value} rows of {a.Key}")));
        return new(settings.Name, added, conflicts, [.. unheard]);
    }

    /// <summary>Brings over every row that one member has and this node lacks.</summary>
    /// <param name="logged">As for <see cref="TableRows.AddAsync"/>.</param>
    /// <returns>How many rows came, and which conflicts were left alone; null if the member did not answer to the end.</returns>
    public async Task<(long Rows, IReadOnlyList<string> Conflicts)?> UniteAsync(string donorUrl, string donor, bool logged, CancellationToken cancel)
    {
        var (rows, conflicts) = (0L, new List<string>());
        foreach (var table in BoardSchema.Tables)
        {
            if (await FromAsync(donorUrl, donor, table, logged, conflicts, cancel) is not { } count) return null;
            rows += count;
        }
        return (rows, conflicts);
    }

    /// <returns>How many rows came from there; null if it did not answer.</returns>
    private async Task<int?> FromAsync(string donorUrl, string donor, string table, bool logged, List<string> conflicts, CancellationToken cancel)
    {
        var count = 0;
        string? after = null;
        while (true)
        {
            var theirs = await members.PostAsync<List<TableRows.KeyDigest>>(donorUrl, "/v1/rows/keys", new { table, after }, PerPage, cancel);
            if (theirs is null) return null;
            if (theirs.Count == 0) return count;
            var mine = await KeysUpToAsync(table, after, theirs[^1].Key, cancel);
            foreach (var differs in theirs.Where(t => mine.TryGetValue(t.Key, out var digest) && digest != t.Digest))
                if (conflicts.Count < MostConflicts) conflicts.Add($"{table} {differs.Key} ({donor})");
            var missing = theirs.Where(t => !mine.ContainsKey(t.Key)).Select(t => t.Key).ToArray();
            foreach (var page in missing.Chunk(TableRows.RowPage))
            {
                var rows = await members.PostAsync<List<Row>>(donorUrl, "/v1/rows/read", new { table, keys = page }, PerPage, cancel);
                if (rows is null) return null;
                count += await own.AddAsync(table, rows, logged, cancel);
            }
            after = theirs[^1].Key;
        }
    }

    private async Task<Dictionary<string, string>> KeysUpToAsync(string table, string? after, string last, CancellationToken cancel)
    {
        var keys = new Dictionary<string, string>(StringComparer.Ordinal);
        while (true)
        {
            var page = await own.KeysAsync(table, after, cancel);
            foreach (var key in page) keys[key.Key] = key.Digest;
            if (page.Count < TableRows.KeyPage || string.CompareOrdinal(page[^1].Key, last) >= 0) return keys;
            after = page[^1].Key;
        }
    }

    private Member[] Alive() => [.. membership.Current.Members.Where(m => m.HasServer)];
}
