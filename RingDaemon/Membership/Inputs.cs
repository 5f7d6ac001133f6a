using System.Collections.Immutable;

namespace Connect.RingDaemon.Membership;

/// <summary>Everything that can happen to <see cref="MembershipCore"/>.</summary>
public abstract record Input;

/// <summary>Time has passed. Deadlines are judged here and nowhere else, so whoever calls delivers the packets that wait first.</summary>
public sealed record Tick : Input
{
    public static Tick Instance { get; } = new();
}

/// <summary>An authentic packet.</summary>
/// <param name="From">Where it came from and where an answer goes, <c>host:port</c>.</param>
public sealed record PacketReceived(string From, Message Message) : Input;

/// <summary>The full state of a peer, from a push-pull over TCP.</summary>
/// <param name="Peer">Its name.</param>
public sealed record Exchanged(string Peer, ImmutableArray<MemberReport> Reports) : Input;

/// <summary>This member has something new to say about itself.</summary>
public sealed record SetFacts(MemberFacts Facts) : Input;

/// <summary>
/// A connection to a member was refused or reset: it is unreachable at once, without suspicion. Ignored when the member has since been heard of with a higher
/// incarnation than <paramref name="Incarnation"/>, the one the evidence is about.
/// </summary>
public sealed record HardEvidence(string Name, ulong Incarnation, string Why) : Input;

/// <summary>
/// An <see cref="ExchangeWith"/> was refused. That is hard evidence if the member does not answer packets either; alone it may only mean that its HTTP side
/// is starting, stopping, or behind a firewall.
/// </summary>
public sealed record ExchangeRefused(string Name, ulong Incarnation) : Input;

/// <summary>Other traffic shows that a member lives, for example an active replication stream: my suspicion of it waits longer, within limits.</summary>
public sealed record SignOfLife(string Name) : Input;

/// <summary>This member goes for good.</summary>
public sealed record Leave : Input;

/// <summary>An operator says that a member will not come back. Should it live, it refutes.</summary>
public sealed record Forget(string Name) : Input;

/// <summary>This process did not run for <paramref name="Gap"/>: whatever was running out meanwhile says nothing about others.</summary>
public sealed record Stalled(TimeSpan Gap) : Input;
