using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Connect.LoadTests.Ring;

namespace Connect.LoadTests.FalseBridges;

/// <summary>A decision about a node's source, from that node's own audit log.</summary>
/// <param name="DecidedAt">When it was begun: the entry is written when it is over.</param>
/// <param name="Node">Whose source.</param>
/// <param name="Made">The server was changed; false: it was tried, and refused or failed.</param>
public sealed record SourceChange(DateTimeOffset DecidedAt, string Node, string Action, string Evidence, string Outcome, bool Made);

/// <summary>Reads the audit logs as files: they outlive a daemon and hold more than one answer of its API.</summary>
public static partial class AuditFiles
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private sealed record Entry(DateTimeOffset At, string Node, string Action, string Evidence, string Outcome);

    /// <summary>All decisions about sources of all nodes, the oldest first.</summary>
    public static IReadOnlyList<SourceChange> Changes(RingUnderTest ring) => [.. Read(ring).Select(Parse).OfType<SourceChange>().OrderBy(c => c.DecidedAt)];

    /// <summary>Everything that nodes wrote down since then, in words, the oldest first.</summary>
    public static IReadOnlyList<string> Since(RingUnderTest ring, DateTimeOffset from) =>
    [
        .. Read(ring).Select(TryRead).OfType<Entry>().Where(e => e.At >= from).OrderBy(e => e.At)
            .Select(e => $"{e.At:HH:mm:ss.fff} {e.Node}: {e.Action} · {e.Evidence} · {e.Outcome}"),
    ];

    /// <summary>A line of an audit log; null if it is no decision about a source.</summary>
    public static SourceChange? Parse(string line)
    {
        if (TryRead(line) is not { } e || !(e.Action.StartsWith("point at ", StringComparison.Ordinal) || e.Action == "stop replicating")) return null;
        var took = Took().Match(e.Outcome) is { Success: true } match ? double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
        // "connected, but ...": the server has another source, and cannot apply what it sends.
        var made = e.Outcome.StartsWith("replicating", StringComparison.Ordinal) || e.Outcome.StartsWith("connected", StringComparison.Ordinal) || e.Outcome == "stopped";
        return new(e.At - TimeSpan.FromMilliseconds(took), e.Node, e.Action, e.Evidence, e.Outcome, made);
    }

    private static IEnumerable<string> Read(RingUnderTest ring) =>
        from node in ring.Nodes
        from file in (string[])["audit.1.jsonl", "audit.jsonl"]
        let path = Path.Combine(node.Settings.Resolve(node.Settings.StateFolder), file)
        where File.Exists(path)
        from line in File.ReadAllLines(path)
        select line;

    private static Entry? TryRead(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<Entry>(line, Json);
        }
        catch (JsonException)
        {
            return null; // it is being written
        }
    }

    [GeneratedRegex(@"^replicating after (\d+(?:\.\d+)?) ms")]
    private static partial Regex Took();
}
