using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Connect.LoadTests.Failover;

/// <summary>Finds in a daemon's audit log (<c>GET /v1/audit</c>) when it began to change its source after a kill, and how long that took.</summary>
public static partial class AuditReading
{
    /// <returns>Milliseconds from the kill, and milliseconds of the change; nulls if the log does not say.</returns>
    public static (double? DetectedMs, double? RepointMs) Of(JsonNode? audit, string source, DateTimeOffset killed)
    {
        foreach (var entry in (audit?["items"]?.AsArray() ?? []).Reverse()) // the oldest first
        {
            if (!DateTimeOffset.TryParse((string?)entry?["at"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) || at < killed) continue;
            if ((string?)entry!["action"] != $"point at {source}" || Took().Match((string?)entry["outcome"] ?? "") is not { Success: true } took) continue;
            var repoint = double.Parse(took.Groups[1].Value, CultureInfo.InvariantCulture);
            return ((at - killed).TotalMilliseconds - repoint, repoint);
        }
        return (null, null);
    }

    [GeneratedRegex(@"after (\d+(?:\.\d+)?) ms")]
    private static partial Regex Took();
}
