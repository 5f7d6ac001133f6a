using System.Text;
using System.Text.Json.Nodes;
using Connect.LoadTests.Load;
using Connect.LoadTests.Posting;
using Connect.LoadTests.Results;

namespace Connect.LoadTests.CatchUp;

/// <summary>Everything a catching-up measurement found.</summary>
/// <param name="AwaySeconds">From the kill to the start of its daemon.</param>
/// <param name="AcknowledgedAway">Posts acknowledged in that time.</param>
/// <param name="Audit">The victim's latest decisions.</param>
/// <param name="Copies">What differs between the copies, counted with SQL that shares nothing with the daemons; empty if they are equal.</param>
/// <param name="MachineBefore">The machine's load average (one minute) when the node was called back.</param>
/// <param name="MachineDuring">The same when the watching ended.</param>
public sealed record CatchUpNumbers(
    string Engine, IReadOnlyList<string> RingNodes, CatchUpOptions Options, double AwaySeconds, int AcknowledgedAway, CatchUpReading Reading, IReadOnlyList<Standing> Standings, JsonArray Audit,
    IReadOnlyDictionary<Outcome, int> Outcomes, int Overflow, Summary Latency, Summary Lateness, IReadOnlyDictionary<string, int> Failures, LedgerVerdict Ledger, JsonNode? Checksum,
    IReadOnlyList<string> Copies, double MachineBefore, double MachineDuring)
{
    /// <summary>The speed at which the load came while the node was away, posts a second, as it was, not as it was meant.</summary>
    public double LoadSpeed => AcknowledgedAway / AwaySeconds;

    /// <summary>What it missed ÷ the time until it was alive and level, as a multiple of the load's speed: the strict reading. What came meanwhile does not count, starting up does.</summary>
    public double? Ratio => Reading.CaughtUp is { } seconds ? Reading.Missed / seconds / LoadSpeed : null;

    /// <summary>The same with what came meanwhile, which had to be applied too.</summary>
    public double? RatioWithNew => Reading.CaughtUp is { } seconds ? Reading.Applied / seconds / LoadSpeed : null;

    /// <summary>Replication by itself, without starting up and serving: posts applied a second.</summary>
    public double? ApplySpeed => Reading.Applying is > 0 and var seconds ? Reading.Applied / seconds : null;

    public bool ChecksumEqual => (bool?)Checksum?["equal"] == true
        && Checksum["tables"]?.AsArray() is { Count: > 0 } tables && tables.All(t => RingNodes.All(node => t?["digests"]?[node] is not null));

    /// <summary>A target is a largest value: so the speed shows as the time in which what was missed must be there.</summary>
    public IReadOnlyList<Verdict> Verdicts =>
    [
        new($"seconds from the start of its daemon until it serves and holds everything ({Options.Times:0.#} times the load's speed: {Reading.Missed} posts missed ÷ {Options.Times:0.#} ÷ {LoadSpeed:0.0} a second)",
            Reading.Missed / Options.Times / LoadSpeed, Reading.CaughtUp),
        new("acknowledged posts lost", 0, Ledger.Lost.Count),
        new("posts doubled", 0, Ledger.Doubled.Count + Ledger.SharedIds),
        new("tables that differ, or that nobody could compare (checksum)", 0, ChecksumEqual ? 0 : 1),
        new("tables that differ (SHA-256 over all rows, in SQL)", 0, Copies.Count),
        new("posts given up after 30 s", 0, Ledger.GivenUp),
        new("wrong answers", 0, Outcomes[Outcome.Wrong]),
    ];

    public IReadOnlyList<string> Void
    {
        get
        {
            var faults = new List<string>();
            if (Overflow > 0) faults.Add($"{Overflow} posts were due and not sent");
            if (LoadSpeed < 0.9 * Options.Rate) faults.Add($"only {LoadSpeed:0.0} of {Options.Rate:0.#} posts a second were acknowledged while the node was away");
            if (Reading.Missed < 0.9 * AcknowledgedAway) faults.Add($"at the first look the node held {AcknowledgedAway - Reading.Missed} posts of the time it was away: the look came late");
            return faults;
        }
    }

    public string Body()
    {
        var r = Reading;
        var page = new StringBuilder($"{Engine}; {Options.Victim} of {RingNodes.Count} nodes was dead for {AwaySeconds / 60:0.0} minutes (all its processes killed), while {LoadSpeed:0.0} posts a second were acknowledged; they went on while it caught up.\n\n");
        page.Append("| | |\n| --- | ---: |\n");
        Row("posts it missed", $"{r.Missed}");
        Row("`alive` after, s", Shown(r.Alive));
        Row("holds what was acknowledged a second before, after, s", Shown(r.Level));
        Row("**caught up** (both) after, s", Shown(r.CaughtUp));
        Row("gets readers after, s", Shown(r.Readers));
        Row("**× the speed of the load**: posts missed ÷ time until caught up", Shown(Ratio));
        Row("the same, with the posts that came meanwhile", Shown(RatioWithNew));
        Row("replication alone: posts applied a second, from the first that came until level", Shown(ApplySpeed));
        Row("load average of the machine, when called back and at the end", $"{MachineBefore:0.0}, {MachineDuring:0.0}");
        var after = Standings.Where(s => s.At >= (r.CaughtUp ?? double.MaxValue)).ToArray();
        page.Append("\n| how far behind | median | p90 | p99 | max | looks |\n| --- | ---: | ---: | ---: | ---: | ---: |\n");
        Distribution("posts, while catching up", Standings.Where(s => s.At >= 0 && s.At < (r.CaughtUp ?? double.MaxValue)).Select(s => (double)s.Behind), "0");
        Distribution("seconds, while catching up", Standings.Where(s => s.At >= 0 && s.At < (r.CaughtUp ?? double.MaxValue)).Select(s => s.Lag), "0.0");
        Distribution("posts, afterwards", after.Select(s => (double)s.Behind), "0");
        Distribution("seconds, afterwards", after.Select(s => s.Lag), "0.00");
        page.Append("\n## Over time\n\n| s after the daemon's start | state | held | behind | behind, s | applied a second | the server's own lag, s |\n| ---: | --- | ---: | ---: | ---: | ---: | ---: |\n");
        Standing? before = null;
        foreach (var s in Sampled())
        {
            var speed = before is { } b && s.At > b.At ? $"{(s.Held - b.Held) / (s.At - b.At):0}" : "-";
            page.Append($"| {s.At:0.0} | {(s.State.Length > 0 ? s.State : "no answer")} | {s.Held} | {s.Behind} | {s.Lag:0.0} | {speed} | {(s.ServerLag is { } lag ? $"{lag:0}" : "-")} |\n");
            before = s;
        }
        page.Append($"\n## The people who posted\n\nOver the whole run: {string.Join(", ", Outcomes.Select(o => $"{o.Key.ToString().ToLowerInvariant()} {o.Value}"))}, not sent {Overflow}; ");
        page.Append($"latency from the due time, ms: median {Latency.P50:0}, p99 {Latency.P99:0}, max {Latency.Max:0}; the generator's lateness: p99 {Lateness.P99:0.0} ms.\n");
        if (Failures.Count > 0) page.Append($"Posts that were not acknowledged: {string.Join(", ", Failures.Select(f => $"{f.Value} × {f.Key}"))}.\n");
        page.Append($"Acknowledged {Ledger.Acknowledged}, lost {Ledger.Lost.Count}, doubled {Ledger.Doubled.Count}, late {Ledger.Late}, given up {Ledger.GivenUp} (of these on the board all the same: {Ledger.UnacknowledgedButThere}).\n");
        return page.ToString();

        void Row(string what, string value) => page.Append($"| {what} | {value} |\n");

        void Distribution(string what, IEnumerable<double> values, string format)
        {
            var s = Summary.Of(values);
            page.Append($"| {what} | {s.P50.ToString(format)} | {s.P90.ToString(format)} | {s.P99.ToString(format)} | {s.Max.ToString(format)} | {s.Count} |\n");
        }
    }

    /// <summary>Some forty lines: the JSON has all of them.</summary>
    private IEnumerable<Standing> Sampled()
    {
        var until = Standings.Where(s => s.At <= (Reading.CaughtUp ?? double.MaxValue) + 5).ToArray();
        var step = Math.Max(1, until.Length / 40);
        return until.Where((_, i) => i % step == 0 || i == until.Length - 1);
    }

    private static string Shown(double? value) => value is { } v ? v.ToString("0.0") : "never";
}
