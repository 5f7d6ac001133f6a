namespace Connect.LoadTests.Load;

/// <summary>
/// How requests arrive. Open models send when a request is due, whatever became of the ones before; a closed model sends the next one only after the
/// last has ended, and therefore goes easy on a server just when it is slow. Every rate is per second.
/// </summary>
/// <param name="During">How long this part lasts.</param>
public abstract record LoadSimulation(TimeSpan During)
{
    /// <summary>Open: evenly spaced.</summary>
    public static LoadSimulation Inject(double rate, TimeSpan during) => new InjectSimulation(rate, during);

    /// <summary>Open: the rate changes evenly from one value to another.</summary>
    public static LoadSimulation RampingInject(double fromRate, double toRate, TimeSpan during) => new RampingInjectSimulation(fromRate, toRate, during);

    /// <summary>Open: independent arrivals (Poisson) with a mean rate; the same seed gives the same arrivals.</summary>
    public static LoadSimulation InjectRandom(double rate, TimeSpan during, int seed) => new InjectRandomSimulation(rate, during, seed);

    /// <summary>Open: nothing arrives.</summary>
    public static LoadSimulation Pause(TimeSpan during) => new PauseSimulation(during);

    /// <summary>Closed: so many copies, each sending one request after the other.</summary>
    public static LoadSimulation KeepConstant(int copies, TimeSpan during) => new KeepConstantSimulation(copies, during);

    /// <summary>When requests are due, from the start of this part; strictly before <see cref="During"/>. Empty for a closed model.</summary>
    public abstract IEnumerable<TimeSpan> Arrivals();
}

internal sealed record InjectSimulation(double Rate, TimeSpan During) : LoadSimulation(During)
{
    public override IEnumerable<TimeSpan> Arrivals()
    {
        for (var i = 0L; i / Rate < During.TotalSeconds; i++) yield return TimeSpan.FromSeconds(i / Rate);
    }
}

internal sealed record RampingInjectSimulation(double FromRate, double ToRate, TimeSpan During) : LoadSimulation(During)
{
    /// <summary>
    /// Up to t, N(t) = a t + k t²/2 requests have arrived, where a is the first rate and k how fast it grows. Request i is due when N(t) = i.
    /// </summary>
    public override IEnumerable<TimeSpan> Arrivals()
    {
        var growth = (ToRate - FromRate) / During.TotalSeconds;
        var total = (FromRate + ToRate) / 2 * During.TotalSeconds;
        for (var i = 0L; i < total; i++)
        {
            var due = growth == 0 ? i / FromRate : (Math.Sqrt(Math.Max(0, FromRate * FromRate + 2 * growth * i)) - FromRate) / growth;
            yield return TimeSpan.FromSeconds(due);
        }
    }
}

internal sealed record InjectRandomSimulation(double Rate, TimeSpan During, int Seed) : LoadSimulation(During)
{
    public override IEnumerable<TimeSpan> Arrivals()
    {
        var random = new Random(Seed);
        for (var due = Next(random); due < During.TotalSeconds; due += Next(random)) yield return TimeSpan.FromSeconds(due);
    }

    private double Next(Random random) => -Math.Log(1 - random.NextDouble()) / Rate;
}

internal sealed record PauseSimulation(TimeSpan During) : LoadSimulation(During)
{
    public override IEnumerable<TimeSpan> Arrivals() => [];
}

internal sealed record KeepConstantSimulation(int Copies, TimeSpan During) : LoadSimulation(During)
{
    public override IEnumerable<TimeSpan> Arrivals() => [];
}
