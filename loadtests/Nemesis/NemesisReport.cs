using System.Net;
using System.Text;
using Connect.LoadTests.Results;

namespace Connect.LoadTests.Nemesis;

/// <summary>The page of a nemesis run: one file, no script, nothing loaded from anywhere.</summary>
public static class NemesisReport
{
    private const string Style = """
        body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1240px; padding: 0 1rem; color: #1c2024; background: #fff }
        table { border-collapse: collapse; margin: 1rem 0; width: 100% } th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid #e3e6ea; vertical-align: top }
        td.n, th.n { text-align: right; font-variant-numeric: tabular-nums } .bad { color: #b3261e; font-weight: 600 } .good { color: #1b7f3b }
        svg { width: 100%; height: auto; font: 11px system-ui, sans-serif } .scroll { overflow-x: auto } code { font-size: .92em } details { margin: 1rem 0 }
        @media (prefers-color-scheme: dark) { body { color: #e6e8eb; background: #15181c } th, td { border-color: #333a42 } .bad { color: #ff8a80 } .good { color: #7ddc97 } svg { background: #fff } }
        """;

    /// <summary>The whole page.</summary>
    public static string Page(string title, Provenance provenance, NemesisNumbers n)
    {
        var page = new StringBuilder($"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{Text(title)}</title><style>{Style}</style></head><body>\n");
        page.Append($"<h1>{Text(title)}</h1>\n");
        page.Append(n.Violation.Length > 0 ? $"<p class=\"bad\">Violation: {Text(n.Violation)}</p>\n" : "<p class=\"good\">No violation.</p>\n");
        page.Append($"<p>{n.Faults.Count} faults in {TimeSpan.FromSeconds(n.Seconds):h\\:mm\\:ss} on {n.RingNodes.Count} nodes, {Text(n.Engine)}; {n.Acknowledged:#,0} posts acknowledged with 201, "
            + $"{n.Faults.Sum(f => f.Pending):#,0} with 202, {n.Faults.Sum(f => f.Unknown):#,0} never answered, {n.Faults.Sum(f => f.FailedRequests):#,0} requests failed. Seed {n.Options.Seed}, faults {n.Options.First} to {n.Options.First + n.Faults.Count - 1}.</p>\n");
        page.Append("<table><tr><th>must hold</th><th class=\"n\">at most</th><th class=\"n\">found</th></tr>\n");
        foreach (var v in n.Verdicts) page.Append($"<tr><td>{Text(v.Target)}</td><td class=\"n\">{v.Limit:0}</td><td class=\"n {(v.Passed ? "good" : "bad")}\">{v.Measured:0}</td></tr>\n");
        page.Append("</table>\n<h2>Timeline</h2>\n<div class=\"scroll\">").Append(TimelineSvg.Of(n)).Append("</div>\n<h2>Kinds of faults</h2>\n").Append(Kinds(n));
        page.Append("<h2>Every fault</h2>\n<details><summary>").Append($"{n.Faults.Count} faults</summary>\n").Append(Faults(n)).Append("</details>\n");
        page.Append($"<h2>Where it comes from</h2>\n<ul><li><code>{Text(provenance.Command)}</code></li><li>commit {Text(provenance.Commit)}, {provenance.At:yyyy-MM-dd HH:mm} UTC, load average before {provenance.LoadBefore:0.00}</li>"
            + $"<li>{Text(provenance.Machine.Processor)}, {provenance.Machine.Cores} cores, {provenance.Machine.MemoryMegabytes} MB, kernel {Text(provenance.Machine.Kernel)}; {Text(provenance.Machine.System)}; {Text(provenance.Machine.Runtime)}; {Text(provenance.Machine.Haproxy)}</li>"
            + "<li>Generator, load balancer, boards, daemons and servers share this machine; every node has a network namespace of its own. How to read this page: docs/nemesis.md</li></ul>\n</body></html>\n");
        return page.ToString();
    }

    /// <summary>The same in short, for the page beside the JSON file.</summary>
    public static string Body(NemesisNumbers n)
    {
        var body = new StringBuilder($"{n.Faults.Count} faults in {TimeSpan.FromSeconds(n.Seconds):h\\:mm\\:ss}, {n.RingNodes.Count} nodes, {n.Engine}, seed {n.Options.Seed}. Acknowledged with 201: {n.Acknowledged}; with 202: {n.Faults.Sum(f => f.Pending)}; never answered: {n.Faults.Sum(f => f.Unknown)}.\n\n");
        if (n.Violation.Length > 0) body.Append($"**Violation:** {n.Violation}\n\n");
        body.Append("| fault | times | healed | lost | diverged | not whole | by operator | heal min, s | median | max |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
        foreach (var k in n.Kinds) body.Append($"| {k.Kind}: {k.What} | {k.Times} | {k.Healed} | {k.Lost} | {k.Diverged} | {k.NotWhole} | {k.ByOperator} | {k.MinHeal:0.0} | {k.MedianHeal:0.0} | {k.MaxHeal:0.0} |\n");
        return body.ToString();
    }

    private static string Kinds(NemesisNumbers n)
    {
        var table = new StringBuilder("<table><tr><th>kind</th><th>what breaks</th>");
        foreach (var head in (string[])["times", "healed", "lost", "diverged", "not whole", "by operator", "heal min, s", "median", "max"]) table.Append($"<th class=\"n\">{head}</th>");
        table.Append("</tr>\n");
        foreach (var k in n.Kinds)
        {
            table.Append($"<tr><td>{k.Kind}</td><td>{Text(k.What)}</td><td class=\"n\">{k.Times}</td><td class=\"n\">{k.Healed}</td>{Zero(k.Lost)}{Zero(k.Diverged)}{Zero(k.NotWhole)}"
                + $"<td class=\"n\">{k.ByOperator}</td><td class=\"n\">{k.MinHeal:0.0}</td><td class=\"n\">{k.MedianHeal:0.0}</td><td class=\"n\">{k.MaxHeal:0.0}</td></tr>\n");
        }
        return table.Append("</table>\n").ToString();
    }

    private static string Faults(NemesisNumbers n)
    {
        var table = new StringBuilder("<table><tr><th class=\"n\">#</th><th class=\"n\">at, s</th><th>kind</th><th>story</th><th class=\"n\">heal, s</th><th class=\"n\">201</th><th class=\"n\">202</th><th class=\"n\">failed</th><th>notes</th></tr>\n");
        foreach (var f in n.Faults)
        {
            var notes = string.Join("; ", f.Died.Select(d => $"{d} ended by itself").Concat(f.Notes).Concat(f.Violation.Length > 0 ? [$"VIOLATION: {f.Violation}"] : []));
            table.Append($"<tr><td class=\"n\">{f.Number}</td><td class=\"n\">{f.Began:0.0}</td><td>{f.Kind}</td><td>{Text(f.Story)}</td><td class=\"n\">{f.HealSeconds:0.0}</td><td class=\"n\">{f.Acknowledged}</td>"
                + $"<td class=\"n\">{f.Pending}</td><td class=\"n\">{f.FailedRequests}</td><td{(f.Violation.Length > 0 ? " class=\"bad\"" : "")}>{Text(notes)}</td></tr>\n");
        }
        return table.Append("</table>\n").ToString();
    }

    private static string Zero(int count) => $"<td class=\"n {(count == 0 ? "" : "bad")}\">{count}</td>";

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
