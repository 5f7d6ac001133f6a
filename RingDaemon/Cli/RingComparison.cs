using System.Text.Json;
using System.Text.Json.Nodes;
using Connect.Node.Database;
using Connect.Node.Settings;

namespace Connect.RingDaemon.Cli;

/// <summary>One table on every node.</summary>
internal sealed record ComparedTable(string Table, IReadOnlyDictionary<string, string> Digests, IReadOnlyDictionary<string, long> Rows, bool Same);

/// <summary>What a comparison found.</summary>
/// <param name="Why">What differs; empty if nothing does.</param>
internal sealed record ComparisonResult(bool Equal, IReadOnlyList<string> Nodes, IReadOnlyList<ComparedTable> Tables, DateTimeOffset AgreedAt, string Why)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public JsonNode ToJson() => JsonSerializer.SerializeToNode(new
    {
        Equal,
        Tables = Tables.Select(t => new { t.Table, t.Digests, t.Rows }),
        AgreedAt = Equal ? AgreedAt : (DateTimeOffset?)null,
        Why,
    }, Json)!;
}

/// <summary>
/// Compares the nodes at a fence: everything that any of them had executed when the question began. Writes that come later may make two nodes differ for
/// a moment, so a difference is looked at again before it is reported.
/// </summary>
internal sealed class RingComparison(RingConnection ring)
{
    private const int Looks = 3;
    private const int WaitMilliseconds = 2000;

    private static readonly TimeSpan DigestDeadline = TimeSpan.FromSeconds(30);

    public async Task<ComparisonResult> RunAsync(CancellationToken cancel)
    {
        var result = await LookAsync(cancel);
        for (var look = 1; look < Looks && !result.Equal; look++) result = await LookAsync(cancel);
        return result;
    }

    private async Task<ComparisonResult> LookAsync(CancellationToken cancel)
    {
        var report = RingReport.From(await ring.AskAnyAsync("/v1/status", cancel));
        var members = report.Nodes.Where(n => n.State is not ("left" or "leaving")).ToList();
        var positions = await Task.WhenAll(members.Select(n => TryAsync(() => ring.Daemon(n.Daemon.Url).GetAsync("/v1/node", cancel))));
        var fence = Fence(positions);
        var digests = await Task.WhenAll(members.Select(n => TryAsync(() => ring.Daemon(n.Daemon.Url)
            .PostAsync("/v1/digest", new JsonObject { ["position"] = fence, ["waitMilliseconds"] = WaitMilliseconds }, cancel, DigestDeadline))));
        return Compare([.. members.Select(n => n.Name)], digests);
    }

    /// <summary>The union of what all nodes had executed.</summary>
    private static string Fence(IEnumerable<JsonNode?> nodes)
    {
        GtidSet? union = null;
        foreach (var node in nodes)
        {
            if ((string?)node?["position"] is not { Length: > 0 } position) continue;
            var engine = ((string?)node["engine"] ?? "").StartsWith("MariaDB", StringComparison.OrdinalIgnoreCase) ? Engine.MariaDB : Engine.MySQL;
            var executed = GtidSet.Parse(engine, position);
            union = union?.Union(executed) ?? executed;
        }
        return union?.ToString() ?? "";
    }

    internal static ComparisonResult Compare(IReadOnlyList<string> nodes, IReadOnlyList<JsonNode?> digests)
    {
        var silent = nodes.Where((_, i) => digests[i]?["tables"] is not JsonArray).ToList();
        var late = nodes.Where((_, i) => (bool?)digests[i]?["reached"] == false).ToList();
        var cells = nodes.SelectMany((node, i) => (digests[i]?["tables"] as JsonArray ?? []).Select(t =>
            (Node: node, Table: (string)t!["table"]!, Digest: (string)t["digest"]!, Rows: (long)t["rows"]!))).ToList();
        var tables = cells.GroupBy(c => c.Table).Select(g => new ComparedTable(g.Key, g.ToDictionary(c => c.Node, c => c.Digest), g.ToDictionary(c => c.Node, c => c.Rows),
            g.Count() == nodes.Count - silent.Count && g.Select(c => (c.Digest, c.Rows)).Distinct().Count() == 1)).ToList();
        var reasons = new List<string>();
        if (silent.Count > 0) reasons.Add($"{string.Join(", ", silent)} did not answer");
        if (late.Count > 0) reasons.Add($"{string.Join(", ", late)} had not reached the common point after {WaitMilliseconds / 1000} s");
        if (tables.Where(t => !t.Same).Select(t => t.Table).ToList() is { Count: > 0 } different) reasons.Add($"{string.Join(", ", different)} differ");
        if (tables.Count == 0 && silent.Count < nodes.Count) reasons.Add("no table was compared");
        return new(reasons.Count == 0, nodes, tables, DateTimeOffset.UtcNow, string.Join("; ", reasons));
    }

    private static async Task<JsonNode?> TryAsync(Func<Task<JsonNode>> ask)
    {
        try
        {
            return await ask();
        }
        catch (Exception e) when (e is DaemonUnreachableException or DaemonRefusedException { Status: >= 500 })
        {
            return null;
        }
    }
}
