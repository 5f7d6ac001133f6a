using System.Text.Json;

namespace Connect.RingDaemon.Daemon;

/// <summary>One decision that changed something, with what it was based on.</summary>
/// <param name="At">Wall clock, UTC.</param>
/// <param name="Node">Who decided; always the node itself, for nobody changes another.</param>
/// <param name="Action">What was done or tried, like <c>point at n1</c>.</param>
/// <param name="Evidence">Why, and the live state it was checked against.</param>
/// <param name="Outcome">What was read back afterwards.</param>
public sealed record AuditEntry(DateTimeOffset At, string Node, string Action, string Evidence, string Outcome);

/// <summary>
/// What this node decided and why, one JSON line each, newest last, in <c>audit.jsonl</c>. At <see cref="MaxBytes"/> the file becomes <c>audit.1.jsonl</c> and a new one is begun,
/// so the log never outgrows twice that size.
/// </summary>
public sealed class AuditLog(string folder, string node, TimeProvider time) : IAudit
{
    public const long MaxBytes = 4 << 20;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly Lock _gate = new();
    private readonly string _path = Path.Combine(folder, "audit.jsonl");
    private readonly string _older = Path.Combine(folder, "audit.1.jsonl");

    public void Add(string action, string evidence, string outcome)
    {
        var line = JsonSerializer.Serialize(new AuditEntry(time.GetUtcNow(), node, action, evidence, outcome), Json) + "\n";
        lock (_gate)
        {
            Directory.CreateDirectory(folder);
            if (File.Exists(_path) && new FileInfo(_path).Length > MaxBytes) File.Move(_path, _older, overwrite: true);
            try
            {
                File.AppendAllText(_path, line);
            }
            catch (IOException)
            {
                // A full disk must not keep the node from leaving the ring because of it.
            }
        }
    }

    /// <summary>The newest entries, newest first.</summary>
    public IReadOnlyList<AuditEntry> Newest(int limit)
    {
        lock (_gate)
        {
            return [.. Lines(_path).Reverse().Concat(Lines(_older).Reverse()).Select(Read).OfType<AuditEntry>().Take(limit)];
        }
    }

    private static string[] Lines(string path) => File.Exists(path) ? File.ReadAllLines(path) : [];

    private static AuditEntry? Read(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<AuditEntry>(line, Json);
        }
        catch (JsonException)
        {
            return null; // the last line of a crash
        }
    }
}
