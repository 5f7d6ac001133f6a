using System.Text;
using Connect.LoadTests.Load;
using Connect.LoadTests.Results;
using Connect.LoadTests.Ring;

namespace Connect.LoadTests.Failover;

/// <summary>Judges a failover measurement and writes its page. Pure.</summary>
public static class FailoverReport
{
    /// <summary>Fewer kills than this prove nothing about a 99th percentile.</summary>
    public const int FewestRounds = 30;

    /// <summary>Results of all rounds, ms; a detour that did not come counts with the whole patience.</summary>
    public static IReadOnlyList<double> Results(FailoverNumbers n) => [.. n.Rounds.Select(r => r.ResultMs ?? FailoverOptions.RoundPatience.TotalMilliseconds)];

    public static IReadOnlyList<Verdict> Verdicts(FailoverNumbers n)
    {
        var (median, p99) = n.Options.Signal == KillSignal.Stop ? (2500, 4000) : (500, 1500);
        var results = new Percentiles(Results(n));
        var verdicts = new List<Verdict>
        {
            new("median of the detour, ms", median, results.Count > 0 ? results[50] : null),
            new("p99 of the detour (under 100 kills: the longest), ms", p99, results.Count > 0 ? results[99] : null),
            new("detours that did not come about", 0, n.Rounds.Count(r => r.ResultMs is null)),
            new("copies at the end that differ, or that nobody could compare (checksum)", 0, n.ChecksumEqual ? 0 : 1),
        };
        if (n.Load is null) return verdicts;
        verdicts.Add(new("acknowledged posts lost", 0, n.Ledger?.Lost.Count));
        verdicts.Add(new("posts doubled", 0, n.Ledger?.Doubled.Count + n.Ledger?.SharedIds));
        verdicts.Add(new("posts given up after 30 s", 0, n.Ledger?.GivenUp));
        verdicts.Add(new("failed requests outside the detection window", 0, n.Failures.Count(f => !f.Inside)));
        verdicts.Add(new("wrong answers", 0, n.Load.Outcomes[Outcome.Wrong]));
        return verdicts;
    }

    public static IReadOnlyList<string> Void(FailoverNumbers n)
    {
        var faults = new List<string>();
        if (n.Ended.Length > 0) faults.Add($"the run ended after {n.Rounds.Count} of {n.Options.Rounds} rounds: {n.Ended}");
        if (n.Rounds.Count < FewestRounds) faults.Add($"only {n.Rounds.Count} kills; a statement needs {FewestRounds}");
        if (n.Rounds.Where(r => !r.SourceProven).Select(r => r.Number).ToArray() is { Length: > 0 } unproven)
            faults.Add($"in round {string.Join(", ", unproven)} the successor's source could not be read back, so the way of the row is unproven");
        if (n.Rounds.Where(r => !r.ServedBefore).Select(r => r.Number).ToArray() is { Length: > 0 } idle)
            faults.Add($"in round {string.Join(", ", idle)} the load balancer sent nobody to the victim even before the kill");
        if (n.Load is not null) faults.AddRange(n.Load.Void);
        return faults;
    }

    public static string Body(FailoverNumbers n)
    {
        var page = new StringBuilder($"{n.Engine}; SIG{n.Options.Signal.ToString().ToUpperInvariant()} to {(n.Options.What == "node" ? "server, board and daemon" : "the server")} of each node in turn, ");
        page.Append($"{n.Rounds.Count} times, under {n.Options.Load:0.#} posts a second; seed {n.Options.Seed}.\n\n");
        page.Append("| ms after the kill | min | median | p90 | p99 | max | n |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n");
        Row(page, "**the detour** (the later of the next two)", Results(n));
        Row(page, "a row written after the kill is on the successor", n.Rounds.Select(r => r.FlowMs));
        Row(page, "out of the load balancer", n.Rounds.Select(r => r.BalancerMs));
        Row(page, "the successor begins to re-point (its audit log)", n.Rounds.Select(r => r.DetectedMs));
        Row(page, "duration of the re-point", n.Rounds.Select(r => r.RepointMs));
        Row(page, "whole again after `start`, **s**", n.Rounds.Select(r => r.HealedSeconds));
        if (n.Load is { } load)
        {
            page.Append($"\n## The people who posted meanwhile\n\n```\n{LoadText.Of(load).TrimEnd()}\n```\n\n");
            page.Append($"Failed requests (each was sent again with the same key): {n.Failures.Count}, of these {n.Failures.Count(f => !f.Inside)} outside the window from a kill to its result + 100 ms");
            page.Append(n.Failures.Count > 0 ? $"; {string.Join(", ", n.Failures.GroupBy(f => f.Detail).Select(g => $"{g.Count()} × {g.Key}"))}.\n" : ".\n");
            if (n.Ledger is { } ledger)
            {
                page.Append($"Acknowledged {ledger.Acknowledged}, lost {ledger.Lost.Count}, doubled {ledger.Doubled.Count}, late {ledger.Late}, given up {ledger.GivenUp} ");
                page.Append($"(of these on the board all the same: {ledger.UnacknowledgedButThere}).\n");
            }
        }
        page.Append($"\n## Every kill\n\n| # | victim | flow | balancer | result | detected | re-point | whole again, s |\n| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n");
        foreach (var r in n.Rounds)
            page.Append($"| {r.Number} | {r.Victim} | {Shown(r.FlowMs)} | {Shown(r.BalancerMs)} | {Shown(r.ResultMs)} | {Shown(r.DetectedMs)} | {Shown(r.RepointMs)} | {Shown(r.HealedSeconds, "0.0")} |\n");
        return page.ToString();
    }

    private static void Row(StringBuilder page, string name, IEnumerable<double> values)
    {
        var s = Summary.Of(values);
        page.Append(s.Count == 0 ? $"| {name} | - | - | - | - | - | 0 |\n" : $"| {name} | {s.Min:0.#} | {s.P50:0.#} | {s.P90:0.#} | {s.P99:0.#} | {s.Max:0.#} | {s.Count} |\n");
    }

    private static void Row(StringBuilder page, string name, IEnumerable<double?> values) => Row(page, name, values.OfType<double>());

    private static string Shown(double? value, string format = "0") => value?.ToString(format) ?? "none";
}
