using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Connect.LoadTests.Results;

/// <summary>A measurement as it is kept: what was run, where, what came out, and every raw number.</summary>
/// <param name="Name">Also the files' name.</param>
/// <param name="Title">Of the page.</param>
/// <param name="Void">Why the numbers must not be used; empty if they may.</param>
/// <param name="Numbers">Everything measured, raw values included.</param>
public sealed record StoredResult(
    string Name, string Title, Provenance Provenance, IReadOnlyList<Verdict> Verdicts, IReadOnlyList<string> Void, object Numbers)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // the files are read by people, not put into pages
    };

    /// <summary>0 every target was met; 1 one was not; 3 the measurement is void.</summary>
    [JsonIgnore]
    public int ExitCode => Void.Count > 0 ? 3 : Verdicts.All(v => v.Passed) ? 0 : 1;

    /// <summary>Writes NAME.json and the page made from it, NAME.md.</summary>
    /// <param name="folder">Made if missing.</param>
    /// <param name="body">The part of the page below the verdicts, made from the same numbers.</param>
    public void Save(string folder, string body)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, Name + ".json"), JsonSerializer.Serialize(this, Json) + "\n");
        File.WriteAllText(Path.Combine(folder, Name + ".md"), Page(body));
    }

    public string Page(string body)
    {
        var p = Provenance;
        var page = new StringBuilder($"# {Title}\n\n");
        foreach (var reason in Void) page.Append($"**Void:** {reason}.\n\n");
        page.Append("| target | limit | measured | |\n| --- | ---: | ---: | --- |\n");
        foreach (var v in Verdicts) page.Append($"| {v.Target} | {v.Limit:0.##} | {(v.Measured is { } m ? m.ToString("0.##") : "none")} | {(v.Passed ? "pass" : "**fail**")} |\n");
        page.Append($"\n{body.TrimEnd()}\n\n## Where it comes from\n\n");
        page.Append($"- `{p.Command}`\n- commit {p.Commit}\n- {p.At:yyyy-MM-dd HH:mm} UTC; load average before: {p.LoadBefore:0.00}\n");
        page.Append($"- {p.Machine.Processor}, {p.Machine.Cores} cores, {p.Machine.MemoryMegabytes} MB, kernel {p.Machine.Kernel}; {p.Machine.System}; {p.Machine.Runtime}; {p.Machine.Haproxy}\n");
        page.Append("- Generator, load balancer, boards, daemons and servers share this machine.\n");
        page.Append($"- Raw numbers: [{Name}.json]({Name}.json). This page was written by `loadtests`; how each number is made: [loadtests/README.md](../../loadtests/README.md)\n");
        return page.ToString();
    }
}
