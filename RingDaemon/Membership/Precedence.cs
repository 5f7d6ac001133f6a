namespace Connect.RingDaemon.Membership;

/// <summary>
/// Which of two claims about a member holds. The order is the same on every node, so that views agree whatever order packets arrive in:
/// alive must be newer to win, accusations win at the same incarnation already, and leaving is final for an incarnation (SWIM section 4.2, as memberlist does it).
/// </summary>
public static class Precedence
{
    /// <summary>True if the claim replaces what is known.</summary>
    public static bool Wins(Liveness claim, ulong claimed, Liveness known, ulong knownIncarnation) => claim switch
    {
        Liveness.Alive => claimed > knownIncarnation,
        // An accusation of a member that left, even of its next life, can wait until that life is heard of.
        Liveness.Suspect => known != Liveness.Left && (claimed > knownIncarnation || (claimed == knownIncarnation && known == Liveness.Alive)),
        Liveness.Unreachable => known != Liveness.Left && (claimed > knownIncarnation || (claimed == knownIncarnation && known != Liveness.Unreachable)),
        Liveness.Left => known == Liveness.Left ? claimed > knownIncarnation : claimed >= knownIncarnation,
        _ => false,
    };
}
