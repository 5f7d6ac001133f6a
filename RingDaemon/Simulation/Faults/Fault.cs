namespace Connect.RingDaemon.Simulation.Faults;

/// <summary>One thing that happens to a simulated ring.</summary>
/// <param name="At">When, counted from the moment people begin to post.</param>
/// <param name="Kind">A name of <see cref="FaultKinds"/>.</param>
/// <param name="Node">To whom.</param>
internal sealed record Fault(TimeSpan At, string Kind, string Node)
{
    /// <summary>The other node concerned, if the kind has one.</summary>
    public string? Other { get; init; }

    /// <summary>How long until it is over; zero if it lasts until something mends it.</summary>
    public TimeSpan Lasts { get; init; }

    /// <summary>How many, if the kind counts something; else 0.</summary>
    public int Amount { get; init; }

    public override string ToString() => StoryText.Write(this);
}
