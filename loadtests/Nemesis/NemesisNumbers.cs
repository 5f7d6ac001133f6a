using Connect.LoadTests.Results;

namespace Connect.LoadTests.Nemesis;

/// <summary>One second of the load, by the time answers came.</summary>
/// <param name="At">Seconds from the beginning of the run.</param>
/// <param name="Acknowledged">201.</param>
/// <param name="Pending">202.</param>
/// <param name="Failed">Requests that failed.</param>
public sealed record LoadSecond(int At, int Acknowledged, int Pending, int Failed);

/// <summary>What became of one kind of fault.</summary>
/// <param name="Lost">Faults after which an acknowledged post was missing.</param>
/// <param name="Diverged">Faults after which copies differed.</param>
/// <param name="NotWhole">Faults after which the ring did not become whole.</param>
/// <param name="ByOperator">Faults that needed an operator beyond starting what was stopped.</param>
/// <param name="MedianHeal">Seconds from the first step of mending to a whole ring, as the two beside it.</param>
public sealed record KindCount(string Kind, string What, int Times, int Healed, int Lost, int Diverged, int NotWhole, int ByOperator, double? MinHeal, double? MedianHeal, double? MaxHeal);

/// <summary>Everything a nemesis run found.</summary>
/// <param name="Engine">As the servers name themselves.</param>
/// <param name="Seconds">The run's length.</param>
public sealed record NemesisNumbers(
    string Engine, IReadOnlyList<string> RingNodes, NemesisOptions Options, double Seconds, IReadOnlyList<FaultResult> Faults, IReadOnlyList<Moment> Timeline, IReadOnlyList<LoadSecond> Load)
{
    public int Acknowledged => Faults.Sum(f => f.Acknowledged);

    /// <summary>The first violation; empty if there was none.</summary>
    public string Violation => Faults.FirstOrDefault(f => f.Violation.Length > 0) is { } bad ? $"fault {bad.Number} ({bad.Kind}): {bad.Violation}" : "";

    public IReadOnlyList<KindCount> Kinds => [.. FaultKinds.All.Where(k => Options.Kinds.Contains(k.Name)).Select(Count)];

    public IReadOnlyList<Verdict> Verdicts =>
    [
        new("faults after which an acknowledged post was lost or doubled", 0, Faults.Count(f => f.Lost.Count + f.Doubled.Count > 0)),
        new("faults after which copies differed", 0, Faults.Count(f => f.Diverged.Count > 0)),
        new("faults after which the ring was not whole in time", 0, Faults.Count(f => f.Whole is null)),
        new("other violations", 0, Faults.Count(f => f is { Violation.Length: > 0, Whole: not null, Lost.Count: 0, Doubled.Count: 0, Diverged.Count: 0 })),
        new("daemons and boards that ended by themselves", 0, Faults.Sum(f => f.Died.Count)),
    ];

    public IReadOnlyList<string> Void => Faults.Count == 0 ? ["no fault was carried out"] : Acknowledged == 0 ? ["no post was acknowledged"] : [];

    private KindCount Count(FaultKind kind)
    {
        var faults = Faults.Where(f => f.Kind == kind.Name).ToArray();
        var heal = new Load.Percentiles(faults.Select(f => f.HealSeconds).OfType<double>());
        double? Seconds(double percent) => heal.Count == 0 ? null : Math.Round(heal[percent], 2);
        return new(kind.Name, kind.What, faults.Length, faults.Count(f => f.Violation.Length == 0), faults.Count(f => f.Lost.Count > 0), faults.Count(f => f.Diverged.Count > 0),
            faults.Count(f => f.Whole is null), faults.Count(f => f.ByOperator), Seconds(1e-6), Seconds(50), Seconds(100));
    }
}
