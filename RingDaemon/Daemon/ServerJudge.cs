using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Replication;
using Connect.RingDaemon.Ring;

namespace Connect.RingDaemon.Daemon;

/// <summary>
/// Judges whether the own server's numbers can be trusted and continued, and if not, when it is put right and with whose help. Pure: <see cref="AgentCore"/> tells it what was found,
/// and does what follows.
/// </summary>
public sealed class ServerJudge(string me)
{
    /// <summary>How long everybody who serves must lack the logs this node needs before it gives up waiting for somebody who has them.</summary>
    private static readonly TimeSpan PurgedForGood = TimeSpan.FromSeconds(5);

    /// <summary>How long a serving node is refused by whom it should follow before it counts as lacking something for good.</summary>
    private static readonly TimeSpan RefusedForGood = TimeSpan.FromSeconds(15);

    /// <summary>After a mending that failed.</summary>
    private static readonly TimeSpan MendAgainAfter = TimeSpan.FromSeconds(5);

    /// <summary>Longer than any transaction of a board takes to be applied, however slow the disk.</summary>
    private static readonly TimeSpan NoProgress = TimeSpan.FromSeconds(60);

    /// <summary>How long a server that nobody can help waits before it becomes somebody else by itself.</summary>
    private static readonly TimeSpan AloneForGood = TimeSpan.FromSeconds(10);

    /// <summary>How long the others wait for the first by name: longer than a server takes to be renewed, started and found well, twice.</summary>
    private static readonly TimeSpan FirstGivenUp = TimeSpan.FromSeconds(60);

    private readonly SortedSet<string> _refusers = new(StringComparer.Ordinal);
    private bool _entered;
    private TimeSpan? _refusedSince;
    private TimeSpan? _purgedSince;
    private bool _mending;
    private TimeSpan _mendAgainAt;
    private TimeSpan _harmedAt;
    private long _missing;
    private TimeSpan _missingSince;

    /// <summary>What is remembered of the server; null if it never served.</summary>
    public ServerMemory? Memory { get; private set; }

    /// <summary>Not written down yet.</summary>
    public bool MemoryIsNew { get; private set; }

    public void Entered(ServerMemory? memory) => (_entered, Memory) = (true, memory);

    /// <summary>The board wrote, and numbers of this origin are used up to this one.</summary>
    public void Wrote(string origin, long number)
    {
        if (Memory is not { } known || known.Identity.Origin != origin || known.Written >= number) return;
        (Memory, MemoryIsNew) = (known with { Written = number }, true);
    }

    /// <summary>It is being written down.</summary>
    public void Remembers(ServerMemory memory) => (Memory, MemoryIsNew) = (memory, false);

    /// <summary>What follows from here on is measured from now.</summary>
    public void Harmed(TimeSpan now) => _harmedAt = now;

    /// <summary>What the server has of its own transactions against what this daemon remembers; it needs nobody else for that.</summary>
    public Damage? Contradiction(ServerIdentity? identity, long written) =>
        Memory is { } known && known.Identity.Origin == identity?.Origin && written < known.Written
            ? new(DamageKind.LostTail, $"this server has its own transactions up to {written}, and had written up to {known.Written}")
            : null;

    /// <summary>
    /// Replication runs and brings nothing of what is missing: its source has sent it, and this server has skipped it, as it does with writes under a server id that it once shared.
    /// </summary>
    public Damage? Stagnation(TimeSpan now, CatchUpResult result, bool running)
    {
        if (!result.Sent || result.Missing != _missing || !running) (_missing, _missingSince) = (result.Missing, now);
        else if (now - _missingSince > NoProgress) return new(DamageKind.Skipped, $"replication runs, and for {NoProgress.TotalSeconds:0} s none of the {result.Missing} transactions it lacks has come");
        return null;
    }

    /// <summary>What a comparison found, unless it may pass: somebody who has the logs may come back.</summary>
    public Damage? Lasting(TimeSpan now, Damage? found)
    {
        if (found is not { Kind: DamageKind.LogsPurged }) _purgedSince = null;
        else if (now - (_purgedSince ??= now) < PurgedForGood) return null;
        return found;
    }

    /// <summary>A change of source has ended: whoever refused this node as a replica, or does not any more, is noted.</summary>
    public void Note(TimeSpan now, RingInput.Ended ended)
    {
        if (ended.Refusal is null && ended.Target is not null && _refusers.Remove(ended.Target)) _refusedSince = null;
        if (!ended.LogsPurged) return;
        _refusers.Add(ended.Target!);
        _refusedSince ??= now;
    }

    /// <summary>A member with purged logs is passed over, and another one may bring what is missing. But where nobody does, the ring stays open around this node, or the node falls behind.</summary>
    public Damage? Refusal(TimeSpan now) => now - _refusedSince > RefusedForGood
        ? new(DamageKind.LogsPurged, $"{string.Join(" and ", _refusers)} purged logs that it needs, and nobody else brought it here within {RefusedForGood.TotalSeconds:0} s")
        : null;

    /// <summary>
    /// Two servers of one identity skip each other's writes. Whoever served under it before keeps it; if both did, the one whose name comes first. It is not taken over from a dead or
    /// departed member, nor from this server's own past. And nothing but its own daemon changes it: a server that is somebody else than it was has the identity of another one that
    /// may only be out of reach (simulate --seed 7055), or might as well have.
    /// </summary>
    public Damage? WrongIdentity(ServerIdentity? identity, View view)
    {
        if (identity is not { } mine || !_entered) return null;
        if (Memory?.Retired.Contains(mine.Origin) == true)
            return new(DamageKind.LostTail, $"the origin {mine.Origin} of this server was retired: this is an old copy of its data");
        if (Memory?.Identity is { } served && !served.IsSameAs(mine))
            return new(DamageKind.SharedIdentity, $"this server was {served.ServerId}, {served.Origin} and is {mine.ServerId}, {mine.Origin} now, which its daemon did not bring about: that may be the identity of another one");
        var isMine = Memory is not null;
        var other = view.Members.FirstOrDefault(m => m.Name != me && (m.Facts.ServerId == mine.ServerId || m.Facts.Origin == mine.Origin)
            && (!isMine || (m is { IsTrustworthy: true, Facts.Phase: Phase.Serving } && string.CompareOrdinal(me, m.Name) > 0)));
        return other is null ? null
            : new(DamageKind.SharedIdentity, $"this server and that of {other.Name} have one identity (server id {mine.ServerId}, origin {mine.Origin})");
    }

    /// <summary>Whether it is time to put the server right; from then on it counts as under way until <see cref="Mended"/>.</summary>
    /// <param name="order">The members' names in ring order.</param>
    /// <param name="identity">Who the server was when it was last up; null if nobody knows.</param>
    public AgentEffect.Mend? Mend(TimeSpan now, NodeCondition condition, ServerIdentity? identity, View view, IReadOnlyList<string> order)
    {
        if (condition.Damage is not { } damage || !_entered || _mending || now < _mendAgainAt) return null;
        // Its own server may be down for now, or be the patient of an earlier attempt.
        if (condition.MysqlFault is not null && identity is null) return null;
        var donor = order.Before(me).Select(view.Find).FirstOrDefault(m => m is { IsTrustworthy: true, Facts.Phase: Phase.Serving });
        if (donor is null && !MayMendAlone(now, damage, condition.Discovered, view)) return null;
        _mending = true;
        return new(damage, donor);
    }

    /// <summary>Putting it right has ended. After a failure it is tried again in a while; otherwise what was held against the server is forgotten.</summary>
    public void Mended(TimeSpan now, MendingResult result)
    {
        _mending = false;
        if (result.Identity is not { } identity)
        {
            _mendAgainAt = now + MendAgainAfter;
            return;
        }
        if (Memory is { } before) (Memory, MemoryIsNew) = (before.Next(identity), true);
        (_purgedSince, _missing, _refusedSince) = (null, 0, null);
        _refusers.Clear();
    }

    /// <summary>There is no need to wait after a failure.</summary>
    public void MendSoon(TimeSpan now) => _mendAgainAt = now;

    /// <summary>
    /// With nobody left whose word counts, the first by name begins as it is, under a new identity where it needs one: it cannot use a number twice, and whatever others hold comes when
    /// they return. The others unite with it: two that began each for itself would never learn what only one of them has (simulate --seed 17138), also if the first one's server is down
    /// for a moment because it is being renewed (simulate --seed 32098). If the first does not get there, they go on without it.
    /// </summary>
    private bool MayMendAlone(TimeSpan now, Damage damage, bool discovered, View view) =>
        discovered && now - _harmedAt > AloneForGood && !view.TrustworthyBesides(me).Any()
        && (view.Members.Where(m => m.HasServer || (now - _harmedAt <= FirstGivenUp && IsMending(m))).All(m => string.CompareOrdinal(me, m.Name) <= 0) || (damage.RetiresIdentity && now - _harmedAt > FirstGivenUp));

    private static bool IsMending(Member member) => member is { Liveness: Liveness.Alive or Liveness.Suspect, Facts.Phase: Phase.Mending };
}
