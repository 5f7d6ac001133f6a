using System.Collections.Immutable;
using Connect.Node.Settings;
using Connect.RingDaemon.Simulation.Faults;

namespace Connect.RingDaemon.Simulation;

/// <summary>
/// Everything a run depends on, as data: the world, and what breaks in it. The seed decides the noise (delays, losses, who posts where) and nothing else, so faults can be
/// left out and the rest be played again. <see cref="StoryText"/> writes it down.
/// </summary>
internal sealed record Story
{
    /// <summary>Of all noise.</summary>
    public required ulong Seed { get; init; }

    /// <summary>How many nodes found the ring: n1, n2, ...</summary>
    public required int Nodes { get; init; }

    public required Engine Engine { get; init; }

    /// <summary>Longest journey of a packet; the shortest is 1 ms.</summary>
    public TimeSpan Latency { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Share of packets that are lost, 0 to 1. TCP loses nothing.</summary>
    public double Loss { get; init; } = 0.01;

    /// <summary>Share of packets that arrive twice, 0 to 1.</summary>
    public double Duplicates { get; init; }

    /// <summary>Each link has a length of its own, up to <see cref="Latency"/>.</summary>
    public bool UnevenLinks { get; init; }

    /// <summary>How many zones the nodes are spread over.</summary>
    public int Zones { get; init; } = 1;

    /// <summary>How far wall clocks may be off, either way.</summary>
    public TimeSpan Skew { get; init; }

    /// <summary>How long people post before everything is mended; faults happen within it.</summary>
    public TimeSpan Lasts { get; init; } = TimeSpan.FromSeconds(32);

    /// <summary>How often somebody posts.</summary>
    public TimeSpan PostEvery { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>When an author is told that a post is safe.</summary>
    public Acknowledgement Acknowledge { get; init; } = Acknowledgement.One;

    /// <summary>What a node does that sees fewer than a majority.</summary>
    public MinorityPolicy Minority { get; init; } = MinorityPolicy.Writable;

    /// <summary>What breaks, in the order in which it happens.</summary>
    public ImmutableArray<Fault> Faults { get; init; } = [];

    public override string ToString() => StoryText.Write(this);
}
