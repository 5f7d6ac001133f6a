namespace Connect.RingDaemon.Membership;

/// <summary>
/// One member under suspicion: a countdown which starts long and gets shorter with every independent accuser (Lifeguard section IV-B).
/// A lone accuser is probably deaf itself; several who agree are probably right.
/// </summary>
public sealed class Suspicion
{
    private readonly SortedSet<string> _accusers = new(StringComparer.Ordinal);
    private readonly TimeSpan _minimum;
    private readonly TimeSpan _maximum;
    private readonly int _wanted;
    private TimeSpan _start;
    private TimeSpan _notBefore;

    /// <param name="incarnation">The incarnation that is suspected.</param>
    /// <param name="wanted">Accusers besides the first that bring the countdown from <paramref name="maximum"/> to <paramref name="minimum"/>; 0 starts it there.</param>
    public Suspicion(ulong incarnation, string accuser, TimeSpan start, TimeSpan minimum, TimeSpan maximum, int wanted)
    {
        Incarnation = incarnation;
        _accusers.Add(accuser);
        (_start, _minimum, _maximum, _wanted) = (start, minimum, maximum, wanted);
    }

    public ulong Incarnation { get; }

    /// <summary>Accusers besides the first.</summary>
    public int Confirmations => _accusers.Count - 1;

    /// <summary>When the suspect is to be declared unreachable, on the clock of <see cref="MembershipCore.Step"/>.</summary>
    public TimeSpan Deadline
    {
        get
        {
            var counted = _start + Timeout(_minimum, _maximum, _wanted, Confirmations);
            return counted > _notBefore ? counted : _notBefore;
        }
    }

    /// <summary>max - ln(C + 1) / ln(K + 1) x (max - min), not below min, in whole milliseconds; min if nobody can confirm (K = 0).</summary>
    public static TimeSpan Timeout(TimeSpan minimum, TimeSpan maximum, int wanted, int confirmations)
    {
        if (wanted < 1) return minimum;
        var share = Math.Log(confirmations + 1) / Math.Log(wanted + 1);
        var milliseconds = Math.Floor(maximum.TotalMilliseconds - (share * (maximum - minimum).TotalMilliseconds));
        return TimeSpan.FromMilliseconds(Math.Max(milliseconds, minimum.TotalMilliseconds));
    }

    /// <summary>One more accuser.</summary>
    /// <returns>True if it is news: a new accuser, and one that still counts.</returns>
    public bool Confirm(string accuser) => Confirmations < _wanted && _accusers.Add(accuser);

    /// <summary>I did not run for <paramref name="gap"/>, so that time does not count against the suspect.</summary>
    public void Shift(TimeSpan gap)
    {
        _start += gap;
        if (_notBefore > TimeSpan.Zero) _notBefore += gap;
    }

    /// <summary>The suspect was seen to live: it gets another half of the minimum, again and again, but never more than twice the maximum altogether.</summary>
    public void Postpone(TimeSpan now)
    {
        var wish = now + (_minimum / 2);
        var limit = _start + (2 * _maximum);
        _notBefore = wish < limit ? wish : limit;
    }
}
