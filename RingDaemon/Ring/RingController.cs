using System.Collections.Immutable;
using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Ring;

/// <summary>How fast the controller moves. Defaults in words at each one.</summary>
public sealed record RingOptions
{
    /// <summary>One second: how long a better source must have been usable before a working one is given up for it. Doubles with each failure (see <see cref="HoldDown"/>).</summary>
    public TimeSpan GlideBackAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Five minutes: the longest such wait for a member that keeps failing.</summary>
    public TimeSpan LongestHoldDown { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Two seconds: how long replication from the right source may be interrupted before it is pointed there anew.</summary>
    public TimeSpan BrokenFor { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>A quarter of a second, doubling to eight seconds: the wait after a re-point that failed before the same one is tried again.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromMilliseconds(250);

    public TimeSpan LongestRetry { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>Three seconds: how long an objection of this node's own against a member holds, unless the member says something new first.</summary>
    public TimeSpan ObjectionHolds { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Four seconds: how long a server must have been found silent before its link is called broken, if its member is alive by all accounts. A death in silence is known to gossip by then.
    /// </summary>
    public TimeSpan LinkBrokenAfter { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>Ten seconds: how long it must have answered again before that is taken back. Doubles each time it breaks again within ten minutes, up to <see cref="LongestHoldDown"/>.</summary>
    public TimeSpan LinkHealsAfter { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>What the controller is told.</summary>
public abstract record RingInput
{
    /// <summary>Time has passed.</summary>
    public sealed record Tick : RingInput;

    public sealed record ViewChanged(View View) : RingInput;

    /// <summary>What this node's own server says it replicates from: a member's name, null for nothing, or a name that is no member's.</summary>
    public sealed record Observed(string? Source, bool Running) : RingInput;

    /// <summary>This node found something against a member itself.</summary>
    public sealed record Objection(string Member, string Why) : RingInput;

    /// <summary>This node found that a member's server answers: earlier objections are void.</summary>
    public sealed record ObjectionOver(string Member) : RingInput;

    /// <summary>A <see cref="RingEffect.PointAt"/> or <see cref="RingEffect.StopReplication"/> was carried out, or not.</summary>
    /// <param name="Refusal">Null if it was done; else why not.</param>
    /// <param name="BlamesMember">The refusal is a reason not to use this member, rather than a failure of this node's own server.</param>
    /// <param name="LogsPurged">The member was refused because it has purged logs that this node needs.</param>
    public sealed record Ended(string? Target, string? Refusal, bool BlamesMember, bool LogsPurged = false) : RingInput;

    /// <summary>This node's server is not to be touched for now: plan, but change nothing. And the end of that.</summary>
    public sealed record Held(bool Hold) : RingInput;
}

/// <summary>What the controller wants done to <em>this</em> node's server. At most one is under way at a time.</summary>
public abstract record RingEffect
{
    public sealed record PointAt(Member Source, string Why) : RingEffect
    {
        public override string ToString() => $"point at {Source.Name}: {Why}";
    }

    public sealed record StopReplication(string Why) : RingEffect
    {
        public override string ToString() => $"stop replicating: {Why}";
    }
}

/// <summary>
/// From a sequence of views and observations to changes of this node's source. A failed source is left at once; a better one is taken back only after it
/// has been usable for a while, so that nobody re-points in circles. Pure: time and findings come in, effects go out, the simulator runs this very code.
/// </summary>
public sealed class RingController(string me, RingOptions options)
{
    private static readonly View Nobody = new(0, []);

    private readonly HoldDown _holdDown = new(options.GlideBackAfter, options.LongestHoldDown, memory: TimeSpan.FromMinutes(10));
    private readonly SortedDictionary<string, Objection> _objections = new(StringComparer.Ordinal);
    private View _view = Nobody;
    private string? _current;
    private bool _observed;
    private bool _running;
    private TimeSpan _runningChangedAt;
    private bool _underWay;
    private string? _abandoned;
    private bool _held;
    private string? _preferred;
    private TimeSpan _preferredSince;
    private string? _failedTarget;
    private string? _failedWhy;
    private int _failures;
    private TimeSpan _retryAt;

    /// <summary>The latest plan, for <c>explain</c>.</summary>
    public RingPlan Plan { get; private set; } = new([], null, []);

    /// <summary>In words: what it is doing, or waiting for.</summary>
    public string Doing { get; private set; } = "waiting for the first view";

    public void Step(TimeSpan now, RingInput input, List<RingEffect> effects)
    {
        Note(now, input);
        foreach (var expired in _objections.Where(o => o.Value.Until <= now).Select(o => o.Key).ToArray()) _objections.Remove(expired);
        Plan = RingPlanner.Plan(_view, me, _current, _objections.ToImmutableSortedDictionary(o => o.Key, o => o.Value.Why));
        // Before both the server and the ring were seen, and after this node has left, there is nothing to decide on.
        if (_observed && _view.Find(me) is { Liveness: not Liveness.Left } && !_underWay && !_held) Decide(now, effects);
    }

    private void Note(TimeSpan now, RingInput input)
    {
        switch (input)
        {
            case RingInput.ViewChanged(var view):
                // A member that says something new is judged anew.
                foreach (var member in view.Members.Where(m => _objections.TryGetValue(m.Name, out var o) && m.Incarnation > o.Incarnation))
                    _objections.Remove(member.Name);
                _view = view;
                break;
            case RingInput.Observed when _underWay:
                break; // half of a change that is being made
            case RingInput.Observed(var source, var running):
                if (running != _running || source != _current) _runningChangedAt = now;
                (_current, _running, _observed) = (source, running, true);
                break;
            case RingInput.Objection(var member, var why):
                _objections[member] = new(why, _view.Find(member)?.Incarnation ?? 0, now + options.ObjectionHolds);
                break;
            case RingInput.ObjectionOver(var member):
                _objections.Remove(member);
                break;
            case RingInput.Held(var hold):
                _held = hold;
                if (hold) Doing = "waiting until this node's data is known to be sound";
                break;
            case RingInput.Ended(var target, null, _, _):
                _underWay = false;
                // Counted when it is really left: attempts that end at this node's own server, or at the next member, say nothing more about it.
                if (_abandoned is { } failed) _holdDown.Failed(failed, now);
                _abandoned = null;
                (_failures, _failedTarget) = (0, null);
                (_current, _running, _runningChangedAt) = (target, target is not null, now);
                break;
            case RingInput.Ended(var target, { } refusal, var blamesMember, _):
                (_underWay, _abandoned) = (false, null);
                if (blamesMember && target is not null)
                {
                    _objections[target] = new(refusal, _view.Find(target)?.Incarnation ?? 0, now + options.ObjectionHolds);
                    break;
                }
                _failures = target == _failedTarget ? _failures + 1 : 1;
                (_failedTarget, _failedWhy) = (target, refusal);
                var wait = options.FirstRetry * Math.Pow(2, Math.Min(_failures - 1, 10));
                _retryAt = now + (wait < options.LongestRetry ? wait : options.LongestRetry);
                break;
        }
    }

    private void Decide(TimeSpan now, List<RingEffect> effects)
    {
        var wanted = Plan.Source;
        if (wanted != _preferred) (_preferred, _preferredSince) = (wanted, now);

        if (wanted is null)
        {
            if (_current is null) Doing = "alone: there is no other usable member";
            else if (CurrentFault() is { } fault) StopIt(now, $"nobody to replicate from: {fault}", effects);
            return;
        }
        if (wanted == _current)
        {
            if (_running || now - _runningChangedAt < options.BrokenFor) Doing = _running ? $"replicating from {wanted}" : $"waiting for {wanted} to answer";
            else PointAt(now, wanted, $"replication from {wanted} has been interrupted for {options.BrokenFor.TotalSeconds:0.#} s", effects);
            return;
        }
        if (_current is null)
        {
            PointAt(now, wanted, "this node replicates from nobody", effects);
            return;
        }
        if (CurrentFault() is { } why)
        {
            PointAt(now, wanted, $"{_current} cannot be used: {why}", effects);
            return;
        }
        var hold = _holdDown.For(wanted, now);
        var waited = now - _preferredSince;
        if (waited >= hold) PointAt(now, wanted, $"{wanted} is nearer than {_current} and has been usable for {waited.TotalSeconds:0.0} s", effects);
        else Doing = $"replicating from {_current}; {wanted} is nearer and will be used in {(hold - waited).TotalSeconds:0.0} s if it stays usable";
    }

    /// <summary>Why the current source cannot stay; null if it works, and only a nearer one is there.</summary>
    private string? CurrentFault()
    {
        if (_view.Find(_current!) is not { } member || member.Liveness == Liveness.Left) return "it is not a member";
        if (Plan.Considered.FirstOrDefault(c => c.Name == _current && !c.Usable) is { } passedOver) return passedOver.Why;
        // The nearer member ended the search: judge the current source as if it were the only other member.
        var alone = new View(_view.Version, [.. _view.Members.Where(m => m.Name == me || m.Name == _current)]);
        var plan = RingPlanner.Plan(alone, me, _current, _objections.ToImmutableSortedDictionary(o => o.Key, o => o.Value.Why));
        return plan.Source is null ? plan.Considered[0].Why : null;
    }

    private void PointAt(TimeSpan now, string target, string why, List<RingEffect> effects)
    {
        if (IsTooEarly(now, target)) return;
        _abandoned = _current is { } left && left != target && CurrentFault() is not null ? left : null;
        _underWay = true;
        Doing = $"pointing at {target}: {why}";
        var passedOver = Plan.Considered.Where(c => !c.Usable && c.Name != _current && _objections.ContainsKey(c.Name)).Select(c => $"; {c.Name} is passed over: {c.Why}");
        effects.Add(new RingEffect.PointAt(_view.Find(target)!, why + string.Concat(passedOver)));
    }

    private void StopIt(TimeSpan now, string why, List<RingEffect> effects)
    {
        if (IsTooEarly(now, null)) return;
        _abandoned = _current;
        _underWay = true;
        Doing = why;
        effects.Add(new RingEffect.StopReplication(why));
    }

    private bool IsTooEarly(TimeSpan now, string? target)
    {
        if (_failures == 0 || target != _failedTarget || now >= _retryAt) return false;
        Doing = $"{_failures} attempts failed, the last one because: {_failedWhy}; next one in {(_retryAt - now).TotalSeconds:0.0} s";
        return true;
    }

    private sealed record Objection(string Why, ulong Incarnation, TimeSpan Until);
}
