namespace Connect.RingDaemon.Membership;

/// <summary>
/// Asks one member after the other whether it is there. One probe, with the defaults:
/// <code>
///   0 ms   ping ------------------------->  target
/// 150 ms   no ack: ping again, and ping-req to k helpers ->  ping ->  target
/// 250 ms   helpers without an answer <- nack: at least they see me
/// 300 ms   no ack from anyone: the probe has failed; the next one starts
/// </code>
/// </summary>
internal sealed class Prober(MembershipOptions options, string me, Roster roster, Outbox outbox, Awareness awareness, Prng prng, TimeSpan start)
{
    /// <summary>Pings I make for others at a time; a request beyond it gets a nack at once.</summary>
    private const int MaximumRelays = 128;

    private readonly List<Relay> _relays = [];
    private TimeSpan _next = start + prng.Within(options.ProbeInterval);
    private Probe? _probe;

    public ProbeSchedule Schedule { get; } = new(prng);

    public TimeSpan Due
    {
        get
        {
            var due = _probe is { Asked: false } p && p.AskAt < _next ? p.AskAt : _next;
            foreach (var relay in _relays)
            {
                var at = relay.Nacked ? relay.Until : relay.NackAt;
                if (at < due) due = at;
            }
            return due;
        }
    }

    /// <summary>Does what is due.</summary>
    /// <returns>The member whose probe has just failed, or null.</returns>
    public string? Advance(TimeSpan now)
    {
        AdvanceRelays(now);
        if (_probe is { Asked: false } waiting && now >= waiting.AskAt) AskOthers(waiting);
        if (now < _next) return null;
        var failed = _probe?.Target;
        if (_probe is { } lost) awareness.Change(lost.Helpers - lost.Nacks);
        Begin(now);
        return failed;
    }

    /// <summary>What runs is ended without a verdict, because I was not there to hear the answers.</summary>
    public void Abandon(TimeSpan now)
    {
        _probe = null;
        _relays.Clear();
        _next = now + prng.Within(options.ProbeInterval);
    }

    public void PingReceived(string from, Message ping)
    {
        if (ping.About == me) outbox.Send(from, ping.From, Verb.Ack, ping.Sequence);
    }

    public void AckReceived(Message ack)
    {
        if (_probe is { } probe && (ack.Sequence == probe.Sequence))
        {
            _probe = null;
            awareness.Change(-1);
            return;
        }
        var relay = _relays.Find(r => r.Sequence == ack.Sequence);
        if (relay is null) return;
        _relays.Remove(relay);
        outbox.Send(relay.ReplyTo, relay.Asker, Verb.Ack, relay.AskedAs);
    }

    public void NackReceived(Message nack)
    {
        if (_probe is { } probe && nack.Sequence == probe.Sequence && probe.Nacks < probe.Helpers) _probe = probe with { Nacks = probe.Nacks + 1 };
    }

    public void RequestReceived(TimeSpan now, string from, Message request)
    {
        if (roster.Find(request.About) is not { } target || _relays.Count >= MaximumRelays)
        {
            outbox.Send(from, request.From, Verb.Nack, request.Sequence);
            return;
        }
        var relay = new Relay(prng.Next(), request.Sequence, from, request.From, now + options.NackAfter, now + options.ProbeInterval);
        _relays.Add(relay);
        outbox.Send(target, Verb.Ping, relay.Sequence, target.Name);
    }

    private void Begin(TimeSpan now)
    {
        var interval = awareness.ScaleInterval(options.ProbeInterval);
        _next = now + interval;
        _probe = null;
        if (Schedule.Next() is not { } name || roster.Find(name) is not { } target)
        {
            // With nobody to answer me the score could never recover.
            awareness.Change(-1);
            return;
        }
        _probe = new(prng.Next(), name, now + options.ProbeTimeout, false, 0, 0);
        outbox.Send(target, Verb.Ping, _probe.Sequence, name);
    }

    private void AskOthers(Probe probe)
    {
        var helpers = roster.All.Where(m => m.Liveness == Liveness.Alive && m.Name != me && m.Name != probe.Target).ToList();
        prng.Shuffle(helpers);
        if (helpers.Count > options.IndirectProbes) helpers.RemoveRange(options.IndirectProbes, helpers.Count - options.IndirectProbes);
        _probe = probe with { Asked = true, Helpers = helpers.Count };
        foreach (var helper in helpers) outbox.Send(helper, Verb.PingRequest, probe.Sequence, probe.Target);
        // Asking once more myself costs one packet and takes a single lost one out of the verdict, above all when there are few or no helpers.
        if (roster.Find(probe.Target) is { } target) outbox.Send(target, Verb.Ping, probe.Sequence, probe.Target);
    }

    private void AdvanceRelays(TimeSpan now)
    {
        for (var i = _relays.Count - 1; i >= 0; i--)
        {
            var relay = _relays[i];
            if (now >= relay.Until)
            {
                _relays.RemoveAt(i);
            }
            else if (!relay.Nacked && now >= relay.NackAt)
            {
                _relays[i] = relay with { Nacked = true };
                outbox.Send(relay.ReplyTo, relay.Asker, Verb.Nack, relay.AskedAs);
            }
        }
    }

    private sealed record Probe(ulong Sequence, string Target, TimeSpan AskAt, bool Asked, int Helpers, int Nacks);

    private sealed record Relay(ulong Sequence, ulong AskedAs, string ReplyTo, string Asker, TimeSpan NackAt, TimeSpan Until, bool Nacked = false);
}
