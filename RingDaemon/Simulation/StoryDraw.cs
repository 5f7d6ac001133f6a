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
            UnevenLinks = chance.Below(2) == 0,
            Loss = OneOf(chance, 0, 0.01, 0.01, 0.05, 0.2),
            Duplicates = OneOf(chance, 0, 0, 0.01, 0.1),
            Zones = 1 + chance.Below(3),
            Skew = chance.Below(3) == 0 ? TimeSpan.FromHours(1) : TimeSpan.Zero,
            // A stream of its own: what older seeds draw besides stays what it was.
            Minority = new Prng(seed ^ 0x4D494E4F52495459).Below(4) == 0 ? MinorityPolicy.ReadOnly : MinorityPolicy.Writable,
        };
        return story with { Faults = Faults(chance, story) };
    }

    /// <summary>
    /// Nothing but pauses of a second or less, of daemons, servers and whole nodes, each over before the next: none of them may move anybody.
    /// </summary>
    public static Story ShortPauses(ulong seed)
    {
        var (story, chance) = Pausing(seed);
        var faults = ImmutableArray.CreateBuilder<Fault>();
        for (var at = Quiet; at < story.Lasts - LongestPeace; at += Whole(TimeSpan.FromSeconds(1.5) + chance.Within(LongestPeace)))
            faults.Add(Pause(chance, story, at, TimeSpan.FromMilliseconds(200) + chance.Within(TimeSpan.FromMilliseconds(800))));
        return story with { Faults = faults.ToImmutable() };
    }

    /// <summary>One pause of 2 to 15 s: when the paused node is back the others move once at most.</summary>
    public static Story OneLongPause(ulong seed)
    {
        var (story, chance) = Pausing(seed);
        return story with { Faults = [Pause(chance, story, Quiet + TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2) + chance.Within(TimeSpan.FromSeconds(13)))] };
    }

    /// <summary>One server that comes and goes, again and again.</summary>
    public static Story Flapping(ulong seed)
    {
        var (story, chance) = Pausing(seed);
        var node = $"n{1 + chance.Below(story.Nodes)}";
        return story with { Faults = [.. Enumerable.Range(0, 3).Select(i => new Fault(Quiet + (TimeSpan.FromSeconds(9) * i), "flap-server", node) { Amount = 6 })] };
    }

    /// <summary>A node is away while all others but one purge their logs, and comes back: it goes to one who still has them.</summary>
    public static Story Purges(ulong seed)
    {
        var (story, chance) = Pausing(seed);
        var (away, keeps) = (1 + chance.Below(story.Nodes), 1 + chance.Below(story.Nodes - 1));
        if (keeps == away) keeps = story.Nodes;
        var purges = Enumerable.Range(1, story.Nodes).Where(n => n != away && n != keeps).Select(n => new Fault(TimeSpan.FromSeconds(9), "purge-logs", $"n{n}"));
        return story with { PostEvery = TimeSpan.FromMilliseconds(100), Faults = [new(TimeSpan.FromSeconds(3), "kill-node", $"n{away}"), .. purges, new(TimeSpan.FromSeconds(21), "mend", $"n{away}")] };
    }

    /// <summary>One link that is cut for a minute, one way or both, in a ring that can be closed without it.</summary>
    public static Story OneCutLink(ulong seed)
    {
        var (story, chance) = Pausing(seed);
        story = story with { Nodes = 4 + chance.Below(3), Zones = 1 + chance.Below(3), Lasts = TimeSpan.FromSeconds(100) };
        var node = 1 + chance.Below(story.Nodes);
        var other = 1 + (node + chance.Below(story.Nodes - 1)) % story.Nodes;
        var cut = new Fault(Quiet + Quiet, OneOf(chance, FaultKinds.CutPair, FaultKinds.CutOneWay), $"n{node}") { Other = $"n{other}", Lasts = TimeSpan.FromSeconds(60) };
        return story with { Faults = [cut] };
    }

    /// <summary>
    /// Nothing but cut networks, in rings whose smaller side becomes read-only: halves and single nodes, long enough to be noticed, one after the other, and now and then a daemon or
    /// a machine that dies or sleeps meanwhile.
    /// </summary>
    public static Story Partitions(ulong seed)
    {
        var chance = new Prng(seed ^ 0x5041525449);
        var story = new Story
        {
            Seed = seed,
            Nodes = 2 + chance.Below(5),
            Engine = chance.Below(2) == 0 ? Engine.MariaDB : Engine.MySQL,
            Latency = TimeSpan.FromMilliseconds(2 + chance.Below(20)),
            UnevenLinks = chance.Below(2) == 0,
            Loss = OneOf(chance, 0, 0.01, 0.05),
            Zones = 1 + chance.Below(3),
            Minority = MinorityPolicy.ReadOnly,
            Lasts = TimeSpan.FromSeconds(60),
        };
        var faults = ImmutableArray.CreateBuilder<Fault>();
        for (var at = Quiet; at < story.Lasts - LongestPeace;)
        {
            var lasts = Whole(TimeSpan.FromSeconds(14) + chance.Within(TimeSpan.FromSeconds(14)));
            faults.Add(new(at, OneOf(chance, "cut-before", "isolate"), $"n{1 + chance.Below(story.Nodes)}") { Lasts = lasts });
            if (chance.Below(2) == 0)
                faults.Add(new(at + Whole(chance.Within(lasts)), OneOf(chance, "kill-daemon", "kill-node", "kill-server", FaultKinds.FreezeDaemon), $"n{1 + chance.Below(story.Nodes)}") { Lasts = Whole(chance.Within(LongestPeace)) });
            at += lasts + Whole(chance.Within(LongestPeace));
        }
        return story with { Faults = [.. faults.Where(f => f.At < story.Lasts).OrderBy(f => f.At)] };
    }

    private static (Story Story, Prng Chance) Pausing(ulong seed)
    {
        var chance = new Prng(seed ^ 0x5041555345);
        var story = new Story
        {
            Seed = seed,
            Nodes = 3 + chance.Below(3),
            Engine = chance.Below(2) == 0 ? Engine.MariaDB : Engine.MySQL,
            Latency = TimeSpan.FromMilliseconds(2 + chance.Below(20)),
            UnevenLinks = chance.Below(2) == 0,
            Loss = OneOf(chance, 0, 0.01, 0.02),
        };
        return (story, chance);
    }

    private static Fault Pause(Prng chance, Story story, TimeSpan at, TimeSpan lasts) =>
        new(at, OneOf(chance, FaultKinds.FreezeDaemon, FaultKinds.FreezeServer, FaultKinds.FreezeNode), $"n{1 + chance.Below(story.Nodes)}") { Lasts = Whole(lasts) };

    private static T OneOf<T>(Prng chance, params T[] choices) => choices[chance.Below(choices.Length)];

    /// <summary>What makes a world easier to understand, one thing each.</summary>
    public static IEnumerable<Func<Story, Story>> Calmer(Story of)
    {
        var plain = new Story { Seed = of.Seed, Nodes = of.Nodes, Engine = of.Engine };
        yield return s => s with { Loss = 0 };
        yield return s => s with { Latency = plain.Latency };
        yield return s => s with { Duplicates = 0 };
        yield return s => s with { UnevenLinks = false };
        yield return s => s with { Zones = 1 };
        yield return s => s with { Skew = TimeSpan.Zero };
        yield return s => s with { Acknowledge = plain.Acknowledge };
        yield return s => s with { Minority = plain.Minority };
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
