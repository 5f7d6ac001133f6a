using System.Collections.Immutable;

namespace Connect.RingDaemon.Membership;

/// <summary>Everything <see cref="MembershipCore"/> can ask the world for.</summary>
public abstract record Effect;

/// <summary>Send a packet; whether it arrives is not promised.</summary>
/// <param name="Address"><c>host:port</c>.</param>
public sealed record Send(string Address, Message Message) : Effect;

/// <summary>
/// Swap full states with a member over TCP. What comes back is an <see cref="Exchanged"/>; a refused connection is an
/// <see cref="ExchangeRefused"/> about this <paramref name="Incarnation"/>; silence is nothing.
/// </summary>
public sealed record ExchangeWith(string Name, ulong Incarnation, string DaemonUrl) : Effect;

/// <summary>Something about the membership changed.</summary>
public sealed record ViewChanged(View View) : Effect;

/// <summary>Remember these members over a restart.</summary>
public sealed record Persist(ImmutableArray<MemberReport> Members) : Effect;

/// <summary>A line for the log.</summary>
public sealed record Note(string Text) : Effect;
