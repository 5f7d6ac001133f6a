using System.Text;
using Connect.LoadTests.Load;
using Connect.LoadTests.Posting;
using Connect.LoadTests.Results;

namespace Connect.LoadTests.FalseBridges;

/// <summary>The part in which every core was busy with other work.</summary>
/// <param name="ProcessorShare">Of the machine's processor time that was used, by anybody, 0 to 1.</param>
/// <param name="FewestBusy">Busy processes that ran at any look; fewer than were asked for void the run.</param>
/// <param name="LoadAverages">Of the machine, one minute, every ten seconds.</param>
/// <param name="Changes">Every decision about a source, of any node.</param>
/// <param name="SourcesSeen">Changes of source in what the daemons said of their servers twice a second.</param>
/// <param name="Looks">How often they were asked.</param>
/// <param name="Audit">Everything the nodes wrote down.</param>
public sealed record SaturatedPart(
    DateTimeOffset From, DateTimeOffset Until, double ProcessorShare, int FewestBusy, IReadOnlyList<double> LoadAverages, IReadOnlyList<SourceChange> Changes, IReadOnlyList<BalancerChange> Balancer,
    int SourcesSeen, int Looks, IReadOnlyList<string> Audit);

/// <summary>Everything a run found.</summary>
/// <param name="Balancer">Every change at HAProxy in the whole run.</param>
/// <param name="Ended">Why it ended early; empty if it did not.</param>
public sealed record FalseBridgesNumbers(
    string Engine, FalseBridgesOptions Options, SaturatedPart Saturated, IReadOnlyList<Pause> Pauses, IReadOnlyList<BalancerChange> Balancer, IReadOnlyDictionary<Outcome, int> Outcomes, Summary Latency,
    LedgerVerdict Ledger, string Ended)
{
    private Pause[] Short => [.. Pauses.Where(p => p.IsShort)];

    private Pause[] Long => [.. Pauses.Where(p => p.HealedSeconds is not null)];

    public IReadOnlyList<Verdict> Verdicts =>
    [
        new("saturated: changes of source, tried ones included, of any node", 0, Saturated.Changes.Count),
        new("saturated: changes of source that the daemons showed", 0, Saturated.SourcesSeen),
        new("pauses up to 1 s: changes of source, tried ones included, of any node", 0, Options.ShortPauses > 0 && Short.Length == 0 ? null : Short.Sum(p => p.Changes.Count)),
        new("longer pauses: changes of the others' sources after the node was back, all of them together (the worst pause)", 1, Options.LongPauses == 0 ? 0 : Long.Length > 0 ? Long.Max(p => p.BackByOthers) : null),
        new("longer pauses: changes of the others' sources while it was away, all of them together (the worst pause)", 1, Options.LongPauses == 0 ? 0 : Long.Length > 0 ? Long.Max(p => p.AwayByOthers) : null),
        new("acknowledged posts lost", 0, Ledger.Lost.Count),
        new("posts doubled", 0, Ledger.Doubled.Count + Ledger.SharedIds),
        new("wrong answers", 0, Outcomes[Outcome.Wrong]),
    ];

    public IReadOnlyList<string> Void
    {
        get
        {
            var faults = new List<string>();
            if (Ended.Length > 0) faults.Add($"the run ended after {Pauses.Count} pauses: {Ended}");
            if (Saturated.FewestBusy < Options.Busy) faults.Add($"only {Saturated.FewestBusy} of {Options.Busy} busy processes ran all the time");
            if (Options.Saturated > TimeSpan.Zero && Saturated.ProcessorShare < 0.9) faults.Add($"only {Saturated.ProcessorShare:P0} of the processor time was used: the machine was not saturated");
            return faults;
        }
    }

    public string Body()
    {
        var s = Saturated;
        var page = new StringBuilder($"{Engine}; three nodes, {Options.Rate:0.#} posts a second through the load balancer; seed {Options.Seed}.\n\n## Every core busy with other work\n\n");
        page.Append($"{(s.Until - s.From).TotalMinutes:0.0} minutes with {Options.Busy} processes that only count: {s.ProcessorShare:P0} of the processor time was used, the load average was {Summary.Of(s.LoadAverages).P50:0.0} (median; {Summary.Of(s.LoadAverages).Max:0.0} at most; others were at work too where it is above the {Options.Busy} and a few). ");
        page.Append($"Changes of source in the audit logs: {s.Changes.Count}; in {s.Looks} looks at the daemons: {s.SourcesSeen}. Changes at the load balancer: {s.Balancer.Count}{(s.Balancer.Count > 0 ? " (" + string.Join(", ", s.Balancer.Select(b => $"{b.At:HH:mm:ss} {b.Node} {(b.Serves ? "in" : "out")}")) + ")" : "")}.\n");
        if (s.Audit.Count > 0) page.Append($"\nWhat the nodes wrote down meanwhile:\n\n```\n{string.Join('\n', s.Audit.Take(100))}\n```\n");
        page.Append("\n## Pauses\n\nA short one is 0.2 to 1 s, and nobody may change anything because of it. A long one is 3 to 20 s: the ring goes round the node (one change of another node), and takes it back (one change).\n\n");
        page.Append("| what was paused | length | pauses | others changed meanwhile | afterwards | its own changes | tried, not done | whole again, s: median, max |\n| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |\n");
        foreach (var group in Pauses.GroupBy(p => (Length: p.HealedSeconds is null ? p.IsShort ? "short" : "meant to be short, and longer" : "long", p.What)))
        {
            var healed = Summary.Of(group.Select(p => p.HealedSeconds).OfType<double>());
            page.Append($"| {group.Key.What} | {group.Key.Length} | {group.Count()} | {group.Sum(p => p.AwayByOthers)} | {group.Sum(p => p.BackByOthers)} | {group.Sum(p => p.Own)} | {group.Sum(p => p.Attempts)} | {(healed.Count > 0 ? $"{healed.P50:0.0}, {healed.Max:0.0}" : "-")} |\n");
        }
        page.Append("\n| # | what | node | lasted, s | others meanwhile | others afterwards | own | whole again, s |\n| ---: | --- | --- | ---: | ---: | ---: | ---: | ---: |\n");
        foreach (var p in Pauses) page.Append($"| {p.Number} | {p.What} | {p.Node} | {p.Lasted / 1000:0.00} | {p.AwayByOthers} | {p.BackByOthers} | {p.Own} | {(p.HealedSeconds is { } h ? $"{h:0.0}" : "-")} |\n");
        page.Append($"\n## The people who posted\n\n{string.Join(", ", Outcomes.Select(o => $"{o.Key.ToString().ToLowerInvariant()} {o.Value}"))}; latency from the due time, ms: median {Latency.P50:0}, p99 {Latency.P99:0}, max {Latency.Max:0}. ");
        page.Append($"Acknowledged {Ledger.Acknowledged}, lost {Ledger.Lost.Count}, doubled {Ledger.Doubled.Count}, given up {Ledger.GivenUp}.\n");
        return page.ToString();
    }
}
