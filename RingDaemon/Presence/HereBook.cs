using Connect.Node.Presence;

namespace Connect.RingDaemon.Presence;

/// <summary>
/// Who has which topics open, as this node's board and the other members have said lately: nothing of it is stored or gossiped, everything in it is bounded and forgotten
/// after a time. It also says when the others are to be told. Time comes in; thread-safe.
/// <para>
/// The board says so every 2 s while a page is open. The others are told of a change at once, but never sooner than <see cref="Pace"/> after the last time, and every <see cref="Refresh"/> without one, so
/// that what is lost is mended. While no page is open, nobody is told anything: the last word was that nobody is there.
/// </para>
/// </summary>
public sealed class HereBook(TimeProvider time)
{
    /// <summary>Between two times at the least. 2 s.</summary>
    public static readonly TimeSpan Pace = TimeSpan.FromSeconds(2);

    /// <summary>For each member, on top: a large ring is told less often, so that no daemon makes more than 20 of these calls a second. 50 ms.</summary>
    public static readonly TimeSpan PacePerMember = TimeSpan.FromMilliseconds(50);

    /// <summary>Without a change. 10 s.</summary>
    public static readonly TimeSpan Refresh = TimeSpan.FromSeconds(10);

    /// <summary>A board that says nothing for so long has no readers: it is down, or was started anew. 10 s.</summary>
    public static readonly TimeSpan OwnSilence = TimeSpan.FromSeconds(10);

    /// <summary>What a member said is forgotten after this time: three times <see cref="Refresh"/>. 30 s.</summary>
    public static readonly TimeSpan OthersSilence = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Word> _others = new(StringComparer.Ordinal);
    private Word _own = new([], 0);
    private IReadOnlyList<HereTopic> _sent = [];
    private long? _sentAt;

    /// <summary>The own board has said this. True if it is something else than before.</summary>
    public bool Tell(IReadOnlyList<HereTopic> topics)
    {
        lock (_gate)
        {
            var changed = !topics.SequenceEqual(Own());
            _own = new(topics, time.GetTimestamp());
            return changed;
        }
    }

    /// <summary>A member has said this of its board.</summary>
    public void Heard(string member, IReadOnlyList<HereTopic> topics)
    {
        lock (_gate)
        {
            if (topics.Count == 0) _others.Remove(member);
            else _others[member] = new(topics, time.GetTimestamp());
        }
    }

    /// <summary>Who has these topics open on other nodes. Topics that nobody has open there are left out.</summary>
    /// <param name="lives">Whether a member lives; what a dead one said is forgotten.</param>
    public IReadOnlyList<HereTopic> Others(IEnumerable<Guid> topics, Func<string, bool> lives)
    {
        lock (_gate)
        {
            foreach (var (member, _) in _others.Where(o => time.GetElapsedTime(o.Value.At) > OthersSilence || !lives(o.Key)).ToList()) _others.Remove(member);
            if (_others.Count == 0) return [];
            var said = _others.Values.SelectMany(w => w.Topics).ToLookup(t => t.Topic);
            return [.. topics.Distinct().Take(HereTopic.MaxTopics).Where(said.Contains).Select(t => HereTopic.Merge(t, said[t]))];
        }
    }

    /// <summary>How long until the others are to be told: zero or less if now, null if not before something changes.</summary>
    /// <param name="members">How many others there are.</param>
    public TimeSpan? UntilDue(int members)
    {
        lock (_gate)
        {
            var own = Own();
            if (own.Count == 0 && _sent.Count == 0) return null;
            if (_sentAt is not { } sentAt) return TimeSpan.Zero;
            var pace = Max(Pace, PacePerMember * members);
            var changed = !own.SequenceEqual(_sent);
            var wait = (changed ? pace : Max(Refresh, pace)) - time.GetElapsedTime(sentAt);
            if (changed || own.Count == 0) return wait;
            // If the board falls silent before, that is a change.
            var silence = OwnSilence - time.GetElapsedTime(_own.At) + TimeSpan.FromMilliseconds(1);
            return silence < wait ? Max(silence, TimeSpan.Zero) : wait;
        }
    }

    /// <summary>What to tell the others now; it counts as told.</summary>
    public IReadOnlyList<HereTopic> Take()
    {
        lock (_gate)
        {
            (_sent, _sentAt) = (Own(), time.GetTimestamp());
            return _sent;
        }
    }

    private IReadOnlyList<HereTopic> Own() => _own.Topics.Count == 0 || time.GetElapsedTime(_own.At) > OwnSilence ? [] : _own.Topics;

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private sealed record Word(IReadOnlyList<HereTopic> Topics, long At);
}
