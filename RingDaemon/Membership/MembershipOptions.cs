namespace Connect.RingDaemon.Membership;

/// <summary>
/// The settings of gossip and failure detection, with values for machines that reach each other within 20 ms. They were chosen by simulation
/// (<c>RingDaemon.Tests/Simulation</c>): silence is declared after a median of two seconds, a pause of one second never is.
/// </summary>
public sealed record MembershipOptions
{
    /// <summary>
    /// Time from one probe to the next, and the time after which a probe has failed. 300 ms. Shorter finds the dead sooner and costs packets:
    /// 2 / interval packets a second for each member, whatever the size of the ring. Multiplied by (awareness score + 1).
    /// </summary>
    public TimeSpan ProbeInterval { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>How long a direct probe waits before others are asked to try; 150 ms. The rest of <see cref="ProbeInterval"/> is theirs.</summary>
    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromMilliseconds(150);

    /// <summary>How long such a helper waits before it says "I got no answer either"; 100 ms. Must be shorter than interval - timeout by a round trip.</summary>
    public TimeSpan NackAfter { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>k: how many helpers are asked; 3, or all others in a smaller ring. More helpers survive more packet loss.</summary>
    public int IndirectProbes { get; init; } = 3;

    /// <summary>
    /// Shortest suspicion = this x max(1, log10 n) x <see cref="ProbeInterval"/>: 5 makes 1.5 s up to ten members. It is the time the accused has to
    /// refute, so it must exceed the longest pause that may pass unpunished (1 s) by a few gossip rounds.
    /// </summary>
    public int SuspicionMultiplier { get; init; } = 5;

    /// <summary>Longest suspicion = shortest x this; 2. It counts while nobody else confirms: then the fault is probably on my side.</summary>
    public int SuspicionMaximumFactor { get; init; } = 2;

    /// <summary>Independent accusations besides the first that bring the longest suspicion down to the shortest: min(this, n - 2), so none when n = 2.</summary>
    public int Confirmations { get; init; } = 2;

    /// <summary>Time between rounds of gossip while there is news; 200 ms.</summary>
    public TimeSpan GossipInterval { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Members told in a round; 3. As many suspects and recently unreachable ones are told of the accusation on top.</summary>
    public int GossipTargets { get; init; } = 3;

    /// <summary>A rumour is passed on this x ceil(log10(n + 1)) times by each member; 4 (SWIM section 4.1: lambda log n).</summary>
    public int RetransmitMultiplier { get; init; } = 4;

    /// <summary>At most this many members are sent an urgent rumour at once; the others hear it by gossip. 32.</summary>
    public int UrgentTargets { get; init; } = 32;

    /// <summary>Time between full exchanges with a random member; 15 s. They repair whatever gossip lost.</summary>
    public TimeSpan ExchangeInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>One unreachable member is tried again this often, for ever, so that partitions heal and restarted members are found; 1 s.</summary>
    public TimeSpan ReconnectInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>For this long an unreachable member goes on receiving gossip, so that it can refute; 30 s.</summary>
    public TimeSpan GossipToUnreachable { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Worst score of local health; 7, which makes probes 8 times and suspicions 4.5 times as slow.</summary>
    public int AwarenessMaximum { get; init; } = 7;

    /// <summary>How long a member that left is remembered, so that late gossip does not bring it back; 24 h.</summary>
    public TimeSpan GraveRetention { get; init; } = TimeSpan.FromHours(24);

    /// <summary>At most this many of them; 64, then the oldest is forgotten.</summary>
    public int Graves { get; init; } = 64;

    /// <summary>Largest ring, this member and graves included; 128. Newcomers beyond it are not taken in.</summary>
    public int MaximumMembers { get; init; } = 128;

    /// <summary>Only a test turns this off, to see the simulation find the false deaths that follow.</summary>
    public bool TellTheAccused { get; init; } = true;

    /// <summary>Only the simulator turns this off, to see what follows when a refutation is worth no more than the accusation.</summary>
    internal bool RaisesIncarnation { get; init; } = true;

    /// <summary>The shortest suspicion in a ring of <paramref name="members"/>.</summary>
    public TimeSpan SuspicionMinimum(int members) => SuspicionMultiplier * Math.Max(1, Math.Log10(members)) * ProbeInterval;

    /// <summary>How often each member passes a rumour on in a ring of <paramref name="members"/>.</summary>
    public int RetransmitLimit(int members) => RetransmitMultiplier * (int)Math.Ceiling(Math.Log10(members + 1));
}
