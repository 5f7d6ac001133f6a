using Connect.RingDaemon.Simulation.Plants;

namespace Connect.RingDaemon.Simulation;

/// <summary>How a story is played.</summary>
internal sealed record RunOptions
{
    /// <summary>Keep what happened, in words.</summary>
    public bool Tells { get; init; }

    /// <summary>A bug that is put in on purpose, to see that it is found.</summary>
    public PlantedBug Plant { get; init; } = PlantedBug.None;
}
