using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Connect.RingDaemon.Cli;

/// <summary>What the place that output goes to can show.</summary>
/// <param name="Colour">Escape sequences are understood and wanted.</param>
/// <param name="Unicode">Box drawing characters arrive.</param>
internal sealed record Terminal(bool Colour, bool Unicode)
{
    /// <summary>No colours, but Unicode: what tests and files get.</summary>
    public static Terminal Plain { get; } = new(false, true);

    private static readonly string[] LocaleVariables = ["LC_ALL", "LC_CTYPE", "LANG"];
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Judges a writer: colours only on a terminal that does not forbid them (NO_COLOR, TERM=dumb), Unicode only in a UTF-8 locale.</summary>
    public static Terminal Of(TextWriter output)
    {
        var standard = ReferenceEquals(output, Console.Out);
        var wanted = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) && Environment.GetEnvironmentVariable("TERM") is not ("dumb" or null);
        var colour = standard && !Console.IsOutputRedirected && wanted;
        return new(colour, !standard || IsUtf8());
    }

    public static void WriteJson(TextWriter output, JsonNode node) => output.WriteLine(node.ToJsonString(Indented));

    public string Good(string text) => Paint(text, "32");

    public string Warn(string text) => Paint(text, "33");

    public string Bad(string text) => Paint(text, "31");

    public string Faint(string text) => Paint(text, "2");

    public string Bold(string text) => Paint(text, "1");

    /// <summary>A state's word in its colour.</summary>
    public string State(string state) => state switch
    {
        "alive" or "running" => Good(state),
        "unreachable" or "stopped" or "broken" => Bad(state),
        _ => Warn(state),
    };

    private string Paint(string text, string code) => Colour && text.Length > 0 ? $"\e[{code}m{text}\e[0m" : text;

    /// <summary>As setlocale decides: the first of these that is set counts. Without any the locale is C, which is not UTF-8.</summary>
    private static bool IsUtf8()
    {
        var locale = LocaleVariables.Select(Environment.GetEnvironmentVariable).FirstOrDefault(v => !string.IsNullOrEmpty(v)) ?? "";
        return locale.Replace("-", "", StringComparison.Ordinal).Contains("utf8", StringComparison.OrdinalIgnoreCase);
    }
}
