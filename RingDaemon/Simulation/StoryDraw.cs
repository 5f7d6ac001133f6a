using System.Collections.Immutable;
using Connect.Node.Settings;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Simulation.Faults;

namespace Connect.RingDaemon.Simulation;

/// <summary>From a seed to a story: how large the ring is, what its network is like, and what breaks when.</summary>
internal static class StoryDraw
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestPeace = TimeSpan.FromSeconds(3);

    /// <param name="seed">Decides everything.</param>
    /// <param name="fewest">Smallest ring.</param>
    /// <param name="most">Largest ring.</param>
    public static Story Of(ulong seed, int fewest, int most)
    {
        // A stream of its own: the noise of the run, drawn from the same seed, does not repeat it.
        var chance = new Prng(seed ^ 0x53544F5259);
        var story = new Story
        {
            Seed = seed,
            Nodes = fewest + chance.Below(most - fewest + 1),
            Engine = chance.Below(2) == 0 ? Engine.MariaDB : Engine.MySQL,
            Acknowledge = chance.Below(4) == 0 ? Acknowledgement.All : Acknowledgement.One,
            Latency = TimeSpan.FromMilliseconds(2 + chance.Below(20)),
        };
        return story with { Faults = Faults(chance, story) };
    }

    /// <summary>What makes a world easier to understand, one thing each.</summary>
    public static IEnumerable<Func<Story, Story>> Calmer(Story of)
    {
        var plain = new Story { Seed = of.Seed, Nodes = of.Nodes, Engine = of.Engine };
        yield return s => s with { Loss = 0 };
        yield return s => s with { Latency = plain.Latency };
        yield return s => s with { Acknowledge = plain.Acknowledge };
        yield return s => s with { PostEvery = TimeSpan.FromSeconds(1) };
    }

    /// <summary>Every one and a half seconds on average something happens.</summary>
    private static ImmutableArray<Fault> Faults(Prng chance, Story story)
    {
        var faults = ImmutableArray.CreateBuilder<Fault>();
        for (var at = Quiet; ;)
        {
            at += Whole(TimeSpan.FromMilliseconds(50) + chance.Within(LongestPeace));
            if (at >= story.Lasts) return faults.ToImmutable();
            var kind = FaultKinds.Draw(chance);
            var node = 1 + chance.Below(story.Nodes);
            var other = 1 + (node + chance.Below(story.Nodes - 1)) % story.Nodes;
            faults.Add(new(at, kind.Name, $"n{node}")
            {
                Other = kind.OnTwo ? $"n{other}" : null,
                Lasts = Whole(chance.Within(kind.Longest)),
                Amount = kind.Most == 0 ? 0 : 1 + chance.Below(kind.Most),
            });
        }
    }

    /// <summary>Milliseconds can be written down exactly.</summary>
    private static TimeSpan Whole(TimeSpan time) => TimeSpan.FromMilliseconds(Math.Round(time.TotalMilliseconds));
}
