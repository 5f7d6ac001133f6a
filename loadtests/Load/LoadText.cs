using System.Text;

namespace Connect.LoadTests.Load;

/// <summary>A run as one page of text.</summary>
public static class LoadText
{
    public static string Of(LoadResult r)
    {
        var text = new StringBuilder();
        text.AppendLine($"{r.Scenario}: {r.Samples.Count} requests in {r.Seconds:0.0} s ({r.Model} model, {r.WarmUpSeconds:0.#} s of warm-up left out)");
        text.AppendLine($"  {string.Join(", ", r.Outcomes.Select(o => $"{o.Key.ToString().ToLowerInvariant()} {o.Value}"))}, not sent {r.Overflow}");
        text.AppendLine("                       p50      p90      p95      p99    p99.9      max   (ms)");
        foreach (var (name, s) in (IEnumerable<(string, Summary)>)[("latency (from due)", r.Latency), ("service time", r.ServiceTime), ("generator lateness", r.Lateness), .. r.Steps.Select(x => (x.Key, x.Value))])
            text.AppendLine($"  {name,-18} {s.P50,8:0.0} {s.P90,8:0.0} {s.P95,8:0.0} {s.P99,8:0.0} {s.P999,8:0.0} {s.Max,8:0.0}");
        foreach (var (what, count) in r.Failures) text.AppendLine($"  failure {what}: {count}");
        foreach (var t in r.Thresholds) text.AppendLine($"  {(t.Passed ? "pass" : "FAIL")}  {t.Name}: {t.Measured:0.###} (at most {t.Limit:0.###})");
        foreach (var reason in r.Void) text.AppendLine($"  VOID  {reason}");
        return text.ToString();
    }
}
