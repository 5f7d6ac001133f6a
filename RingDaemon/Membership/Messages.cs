using System.Collections.Immutable;

namespace Connect.RingDaemon.Membership;

/// <summary>What a packet is for.</summary>
public enum Verb
{
    /// <summary>Answer me. <c>About</c> is who is meant: an address may have a new tenant.</summary>
    Ping,

    /// <summary>I am here. Carries the ping's sequence number.</summary>
    Ack,

    /// <summary>Ping <c>About</c> for me.</summary>
    PingRequest,

    /// <summary>I pinged it for you and got no answer; at least you see that I am here.</summary>
    Nack,

    /// <summary>Nothing but rumours.</summary>
    Gossip,
}

/// <summary>One packet between daemons.</summary>
/// <param name="Sequence">Unpredictable, so that an old ack proves nothing.</param>
/// <param name="From">Name of the sender.</param>
/// <param name="About">Whom a ping, or a request for one, is meant for; empty otherwise.</param>
/// <param name="Rumours">News that rides along, as much as fits.</param>
public sealed record Message(Verb Verb, ulong Sequence, string From, string About, ImmutableArray<Rumour> Rumours);

/// <summary>One claim about one member.</summary>
/// <param name="Incarnation">Which version of the member the claim is about. Only the member itself makes a new one.</param>
/// <param name="From">Who claims it: independent accusers shorten a suspicion.</param>
public sealed record Rumour(Liveness Claim, string Subject, ulong Incarnation, string From)
{
    /// <summary>An <see cref="Liveness.Unreachable"/> that rests on a refused connection, not on silence.</summary>
    public bool Hard { get; init; }

    /// <summary>What an <see cref="Liveness.Alive"/> member says about itself; null in every other claim.</summary>
    public MemberFacts? Facts { get; init; }

    public static Rumour Alive(MemberFacts facts, ulong incarnation) =>
        new(Liveness.Alive, facts.Name, incarnation, facts.Name) { Facts = facts };
}

/// <summary>One member in a full exchange, in the store, and in the memory of the core.</summary>
/// <param name="FactsIncarnation">The incarnation that said <paramref name="Facts"/>; lower than <paramref name="Incarnation"/> while only an accusation of the newer one was heard.</param>
/// <param name="Hard">See <see cref="Rumour.Hard"/>.</param>
public sealed record MemberReport(MemberFacts Facts, ulong FactsIncarnation, ulong Incarnation, Liveness Liveness, bool Hard)
{
    public string Name => Facts.Name;
}
