namespace Connect.RingDaemon.Simulation.Faults;

/// <summary>
/// One way in which a ring can break. Its name is what stories call it; <see cref="FaultKinds"/> lists them all, and a new one is added there and nowhere else.
/// A kind copes with whatever state its node is in: another fault may have come first.
/// </summary>
/// <param name="Name">Lower case with hyphens, a verb first.</param>
/// <param name="Begin">What happens.</param>
internal sealed record FaultKind(string Name, Action<SimulatedRing, Fault> Begin)
{
    /// <summary>How often it is drawn, in proportion to the others; 0 if it is only told.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>It concerns a second node too.</summary>
    public bool OnTwo { get; init; }

    /// <summary>Drawn durations are shorter; zero if it has none.</summary>
    public TimeSpan Longest { get; init; }

    /// <summary>Drawn amounts are from 1 to this; 0 if it has none.</summary>
    public int Most { get; init; }

    /// <summary>How it is over, after its duration or when everything is mended; it happens once. Null if it does not end by itself.</summary>
    public Action<SimulatedRing, Fault>? End { get; init; }

    /// <summary>What has to be done on top of waking and starting every process, when everything is mended; null if nothing.</summary>
    public Action<SimulatedRing, Fault>? Mend { get; init; }
}
