namespace Connect.RingDaemon.Ring;

/// <summary>Why a server's numbers cannot be trusted or continued.</summary>
public enum DamageKind
{
    /// <summary>It no longer has transactions it had sent to others (an old backup, a disk that lied): it would use their numbers a second time.</summary>
    LostTail,

    /// <summary>Another member has, or had, its server id or its origin: what one of them writes is skipped by the other.</summary>
    SharedIdentity,

    /// <summary>It lacks transactions whose logs everybody who could send them has purged.</summary>
    LogsPurged,

    /// <summary>It lacks transactions that its source has sent: it took them for its own and skipped them.</summary>
    Skipped,
}

/// <param name="Kind">What is wrong.</param>
/// <param name="Why">In words, for the operator.</param>
public sealed record Damage(DamageKind Kind, string Why)
{
    /// <summary>The identity must be retired whatever is found later. Otherwise it may stay, unless it has numbers that nobody else knows.</summary>
    public bool RetiresIdentity => Kind is DamageKind.LostTail or DamageKind.SharedIdentity;
}
