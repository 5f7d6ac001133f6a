using System.Collections.Immutable;

namespace Connect.RingDaemon.Membership;

/// <summary>
/// Who is in the ring and who is alive, as one node sees it: SWIM (Das, Gupta, Motivala 2002) with the refinements of Lifeguard (Dadgar, Phillips, Currey 2018).
/// It has no clock, no socket and no chance of its own: time and input come in, effects go out, and the same seed gives the same run.
/// </summary>
/// <remarks>
/// Each member asks the others in turn whether they are there (<see cref="Prober"/>). Who does not answer, not even to others, is suspected
/// (<see cref="Suspicion"/>) and told so; it refutes by raising its incarnation. Who does not refute in time is unreachable. Only
/// <see cref="Precedence"/> decides between contradicting claims. News rides on every packet (<see cref="Broadcasts"/>); urgent news is sent to everyone at once.
/// </remarks>
public sealed class MembershipCore
{
    private readonly MembershipOptions _options;
    private readonly string _me;
    private readonly Prng _prng;
    private readonly Roster _roster = new();
    private readonly Outbox _outbox;
    private readonly Awareness _awareness;
    private readonly Prober _prober;
    private readonly Graveyard _graveyard;
    private readonly SortedDictionary<string, Suspicion> _suspicions = new(StringComparer.Ordinal);

    /// <summary>Members that sent me something themselves since they were last unreachable.</summary>
    private readonly SortedSet<string> _heard = new(StringComparer.Ordinal);
    private ulong _incarnation;
    private MemberFacts _facts;
    private bool _greeted;
    private bool _left;
    private TimeSpan _now;
    private TimeSpan _nextGossip;
    private TimeSpan _nextReconnect;
    private TimeSpan _nextExchange;
    private TimeSpan _nextOutbid;
    private string _lastReconnect = "";

    /// <param name="facts">What this node says about itself.</param>
    /// <param name="incarnation">Its first incarnation: wall-clock milliseconds, so that it always beats its former self.</param>
    /// <param name="seed">Of everything drawn here; in production from the system's generator.</param>
    /// <param name="remembered">Members known from before a restart.</param>
    /// <param name="now">Zero of the clock, which is monotonic.</param>
    public MembershipCore(
        MembershipOptions options, MemberFacts facts, ulong incarnation, ulong seed, IEnumerable<MemberReport> remembered, TimeSpan now)
    {
        (_options, _facts, _incarnation, _me, _now) = (options, facts, incarnation, facts.Name, now);
        _prng = new(seed);
        _outbox = new(options, _me, _roster);
        _awareness = new(options.AwarenessMaximum);
        _prober = new(options, _me, _roster, _outbox, _awareness, _prng, now);
        _graveyard = new(options.GraveRetention, options.Graves);
        // Staggered, so that a whole ring which starts together does not go on acting together.
        _nextGossip = now + _prng.Within(options.GossipInterval);
        _nextReconnect = now + _prng.Within(options.ReconnectInterval);
        _nextExchange = now + _prng.Within(options.ExchangeInterval);
        _roster.Put(Myself(), now);
        foreach (var member in remembered.Where(m => m.Name != _me).Take(options.MaximumMembers - 1)) Remember(member);
        _roster.Publish();
    }

    /// <summary>The membership as of the last step.</summary>
    public View View => _roster.View;

    /// <summary>The same with everything a peer or a restarted node needs.</summary>
    public ImmutableArray<MemberReport> Reports => _roster.Reports();

    /// <summary>0 is healthy; see <see cref="Membership.Awareness"/>.</summary>
    public int AwarenessScore => _awareness.Score;

    /// <summary>There are rumours others may not have heard. A node that leaves waits until there are none.</summary>
    public bool HasNews => _outbox.Broadcasts.Count > 0;

    /// <summary>When the next <see cref="Tick"/> has something to do.</summary>
    public TimeSpan Due
    {
        get
        {
            if (!_greeted) return _now;
            var due = Earliest(_nextExchange, _graveyard.Due);
            if (!_left) due = Earliest(due, _prober.Due);
            if (HasNews) due = Earliest(due, _nextGossip);
            foreach (var suspicion in _suspicions.Values) due = Earliest(due, Earliest(suspicion.Deadline, _nextGossip));
            return _roster.AnyUnreachable ? Earliest(due, _nextReconnect) : due;
        }
    }

    /// <summary>The one way in: something happened, at a time not before the last one.</summary>
    public void Step(TimeSpan now, Input input, List<Effect> effects)
    {
        _now = now;
        _outbox.Begin(effects);
        switch (input)
        {
            case Tick: Advance(); break;
            case PacketReceived packet: Receive(packet.From, packet.Message); break;
            case Exchanged exchanged: Merge(exchanged); break;
            case SetFacts changed: Announce(changed.Facts); break;
            case HardEvidence evidence: Convict(evidence); break;
            case ExchangeRefused refused: Refused(refused); break;
            case SignOfLife sign: SeenAlive(sign.Name); break;
            case Leave: Depart(); break;
            case Forget forget: Bury(forget.Name); break;
            case Stalled stalled: Recover(stalled.Gap); break;
        }
        if (!_roster.Changed) return;
        effects.Add(new ViewChanged(_roster.Publish()));
        effects.Add(new Persist(_roster.Reports()));
    }

    // ---- time ----

    private void Advance()
    {
        if (!_greeted) Greet();
        if (!_left && _prober.Advance(_now) is { } silent) Accuse(silent);
        foreach (var (name, suspicion) in _suspicions.Where(s => _now >= s.Value.Deadline).ToList())
        {
            _outbox.Note($"{name} is unreachable: suspected at incarnation {suspicion.Incarnation} and not refuted, {suspicion.Confirmations} confirmations");
            Declare(name, suspicion.Incarnation, hard: false);
        }
        if (_now >= _nextGossip) GossipRound();
        if (_now >= _nextReconnect) Reconnect();
        if (_now >= _nextExchange) ExchangeRound();
        while (_graveyard.Clear(_now) is { } name) _roster.Remove(name);
    }

    /// <summary>The first thing after a start: tell those I remember that I am back, and learn what I missed.</summary>
    private void Greet()
    {
        _greeted = true;
        SpreadUrgently(Rumour.Alive(_facts, _incarnation));
        foreach (var member in Others(m => m.Liveness != Liveness.Left)) Exchange(member);
    }

    private void GossipRound()
    {
        _nextGossip = _now + _options.GossipInterval;
        if (Others(m => m.Liveness != Liveness.Left).Count == 0)
        {
            _outbox.Broadcasts.Clear();
            return;
        }
        if (HasNews)
            foreach (var member in Pick(Others(m => m.Liveness == Liveness.Alive))) _outbox.Send(member, Verb.Gossip);
        foreach (var accused in Pick(Others(StillTold))) _outbox.Send(accused, Verb.Gossip);
    }

    /// <summary>Suspects, and those unreachable for a short time, hear of it until they refute.</summary>
    private bool StillTold(Roster.Entry m) =>
        m.Liveness == Liveness.Suspect || (m.Liveness == Liveness.Unreachable && _now - m.Since < _options.GossipToUnreachable);

    /// <summary>One unreachable member after the other, for ever.</summary>
    private void Reconnect()
    {
        _nextReconnect = _now + _options.ReconnectInterval;
        var lost = Others(m => m.Liveness == Liveness.Unreachable);
        if (lost.Count == 0 || _left) return;
        var next = lost.Find(m => string.CompareOrdinal(m.Name, _lastReconnect) > 0) ?? lost[0];
        _lastReconnect = next.Name;
        _outbox.Send(next, Verb.Gossip);
        Exchange(next);
    }

    private void ExchangeRound()
    {
        _nextExchange = _now + (_options.ExchangeInterval * (0.8 + (0.4 * _prng.Unit())));
        var alive = Others(m => m.Liveness == Liveness.Alive);
        if (alive.Count > 0 && !_left) Exchange(alive[_prng.Below(alive.Count)]);
    }

    private void Recover(TimeSpan gap)
    {
        _prober.Abandon(_now);
        foreach (var suspicion in _suspicions.Values) suspicion.Shift(gap);
        _awareness.Change(1);
        _outbox.Note($"this process did not run for {gap.TotalMilliseconds:F0} ms; open suspicions wait that much longer");
    }

    // ---- packets ----

    private void Receive(string from, Message message)
    {
        if (message.From == _me) return;
        foreach (var rumour in message.Rumours) Hear(rumour);
        HeardFrom(message.From);
        if (_left) return;
        foreach (var rumour in message.Rumours.Where(r => r.Subject != message.From)) Correct(from, message.From, rumour);
        switch (message.Verb)
        {
            case Verb.Ping: _prober.PingReceived(from, message); break;
            case Verb.Ack: _prober.AckReceived(message); break;
            case Verb.Nack: _prober.NackReceived(message); break;
            case Verb.PingRequest: _prober.RequestReceived(_now, from, message); break;
        }
    }

    /// <summary>
    /// Facts first, accusations second. A peer's "unreachable" is only suspected here, because it may be old or its own fault: the accused gets its chance to
    /// refute. Unless it rests on hard evidence.
    /// </summary>
    private void Merge(Exchanged exchanged)
    {
        foreach (var report in exchanged.Reports)
        {
            if (report.Liveness == Liveness.Left && _roster.Find(report.Name) is null) continue;
            Hear(Rumour.Alive(report.Facts, report.FactsIncarnation));
            if (report.Liveness == Liveness.Alive) continue;
            var claim = Outbox.AccusationOf(report, exchanged.Peer);
            if (report is { Liveness: Liveness.Unreachable, Hard: false } && report.Name != _me) claim = claim with { Claim = Liveness.Suspect };
            // That a peer shares a suspicion does not make it an independent accuser, so here it can only open one.
            if (claim.Claim != Liveness.Suspect || _roster.Find(report.Name) is not { Liveness: Liveness.Suspect } open
                || claim.Incarnation > open.Report.Incarnation) Hear(claim);
        }
        _roster.Confirm(exchanged.Peer);
        HeardFrom(exchanged.Peer);
    }

    private void HeardFrom(string name)
    {
        SeenAlive(name);
        if (_roster.Find(name) is { Liveness: Liveness.Alive or Liveness.Suspect }) _heard.Add(name);
    }

    private void Hear(Rumour rumour)
    {
        if (rumour.Subject == _me)
        {
            HearAboutMyself(rumour);
            return;
        }
        if (rumour is { Claim: Liveness.Alive, Facts: { } facts })
        {
            HearAlive(rumour, facts);
            return;
        }
        if (_roster.Find(rumour.Subject) is not { } member) return;
        if (Confirms(rumour, member)) return;
        if (!Precedence.Wins(rumour.Claim, rumour.Incarnation, member.Liveness, member.Report.Incarnation)) return;
        switch (rumour.Claim)
        {
            case Liveness.Suspect:
                Suspect(rumour);
                _prober.Schedule.Hurry(rumour.Subject);
                break;
            case Liveness.Unreachable:
                _outbox.Note($"{rumour.Subject} is unreachable, says {rumour.From}{(rumour.Hard ? " on hard evidence" : "")}");
                Accept(rumour);
                break;
            case Liveness.Left:
                _outbox.Note($"{rumour.Subject} has left");
                Accept(rumour);
                break;
        }
    }

    /// <summary>
    /// Whoever still tells an accusation that has been refuted is told so at once. The refutation goes round a bounded number of times, and may have passed by somebody who cannot hear the
    /// accused itself: that one would declare it dead (simulate --draw link --seed 61).
    /// </summary>
    private void Correct(string address, string teller, Rumour rumour)
    {
        if (rumour.Claim is not (Liveness.Suspect or Liveness.Unreachable)) return;
        if (_roster.Find(rumour.Subject) is { Liveness: Liveness.Alive } member && member.Report.FactsIncarnation > rumour.Incarnation)
            _outbox.Send(address, teller, Verb.Gossip, first: Rumour.Alive(member.Report.Facts, member.Report.FactsIncarnation));
    }

    private bool Confirms(Rumour rumour, Roster.Entry member)
    {
        if (rumour.Claim != Liveness.Suspect || member.Liveness != Liveness.Suspect) return false;
        if (!_suspicions.TryGetValue(rumour.Subject, out var open) || open.Incarnation != rumour.Incarnation) return false;
        if (open.Confirm(rumour.From)) _outbox.Spread(rumour);
        return true;
    }

    private void HearAlive(Rumour rumour, MemberFacts facts)
    {
        var member = _roster.Find(rumour.Subject);
        if (MemberAddress.Of(facts.DaemonUrl) is null) return;
        if (member is null && _roster.Count >= _options.MaximumMembers)
        {
            _outbox.Note($"{rumour.Subject} is not taken in: there are {_options.MaximumMembers} members already");
            return;
        }
        if (member is null || Precedence.Wins(Liveness.Alive, rumour.Incarnation, member.Liveness, member.Report.Incarnation))
        {
            if (member is not { Liveness: Liveness.Alive })
                _outbox.Note($"{rumour.Subject} is alive ({(member is null ? "new" : "was " + member.Liveness)}, incarnation {rumour.Incarnation})");
            _suspicions.Remove(rumour.Subject);
            _graveyard.Raise(rumour.Subject);
            _roster.Put(new(facts, rumour.Incarnation, rumour.Incarnation, Liveness.Alive, false), _now);
            _prober.Schedule.Add(rumour.Subject);
            _outbox.Spread(rumour);
        }
        else if (rumour.Incarnation > member.Report.FactsIncarnation && member.Liveness != Liveness.Left)
        {
            // The accusation of this incarnation overtook what it says about itself.
            _roster.Put(member.Report with { Facts = facts, FactsIncarnation = rumour.Incarnation }, _now);
        }
    }

    private void HearAboutMyself(Rumour rumour)
    {
        if (_left || rumour.Incarnation < _incarnation) return;
        if (rumour.Claim == Liveness.Alive)
        {
            if (rumour.Incarnation == _incarnation && rumour.Facts == _facts) return;
            // Two with one name would outbid each other as fast as packets travel; once a second is enough for an honest former self.
            if (_now < _nextOutbid) return;
            _nextOutbid = _now + TimeSpan.FromSeconds(1);
            if (rumour.Facts is { } other && other.DaemonUrl != _facts.DaemonUrl)
                _outbox.Note($"someone at {other.DaemonUrl} calls itself {_me} too (or I moved here from there)");
        }
        else
        {
            _outbox.Note($"{rumour.From} says that I am {rumour.Claim}; I refute");
            _awareness.Change(1);
        }
        _incarnation = _options.RaisesIncarnation ? rumour.Incarnation + 1 : rumour.Incarnation;
        Speak();
    }

    // ---- verdicts ----

    /// <summary>My own probe of it failed.</summary>
    private void Accuse(string name)
    {
        if (_roster.Find(name) is not { Liveness: Liveness.Alive or Liveness.Suspect } member) return;
        var rumour = new Rumour(Liveness.Suspect, name, member.Report.Incarnation, _me);
        if (member.Liveness == Liveness.Suspect)
        {
            if (_suspicions.TryGetValue(name, out var open) && open.Confirm(_me)) SpreadUrgently(rumour);
            return;
        }
        _outbox.Note($"{name} does not answer: suspected");
        Suspect(rumour);
        SpreadUrgently(rumour);
        // A second way to the accused, which does not depend on UDP.
        if (_options.TellTheAccused) Exchange(member);
    }

    private void Suspect(Rumour rumour)
    {
        var living = _roster.Living;
        var minimum = _awareness.ScaleSuspicion(_options.SuspicionMinimum(living));
        var wanted = Math.Clamp(living - 2, 0, _options.Confirmations);
        Accept(rumour);
        _suspicions[rumour.Subject] = new(rumour.Incarnation, rumour.From, _now, minimum, minimum * _options.SuspicionMaximumFactor, wanted);
    }

    /// <summary>Takes over an accusation, or a farewell, that has won.</summary>
    private void Accept(Rumour rumour)
    {
        if (_roster.Find(rumour.Subject) is not { } member) return;
        _suspicions.Remove(rumour.Subject);
        if (rumour.Claim != Liveness.Suspect) _heard.Remove(rumour.Subject);
        _roster.Put(member.Report with { Incarnation = rumour.Incarnation, Liveness = rumour.Claim, Hard = rumour.Hard }, _now);
        if (rumour.Claim != Liveness.Suspect) _prober.Schedule.Remove(rumour.Subject);
        if (rumour.Claim == Liveness.Left) _graveyard.Bury(rumour.Subject, _now);
        _outbox.Spread(rumour);
    }

    private void Declare(string name, ulong incarnation, bool hard)
    {
        var rumour = new Rumour(Liveness.Unreachable, name, incarnation, _me) { Hard = hard };
        Accept(rumour);
        SpreadUrgently(rumour);
    }

    private void Convict(HardEvidence evidence)
    {
        if (evidence.Name == _me || _roster.Find(evidence.Name) is not { Liveness: Liveness.Alive or Liveness.Suspect } member) return;
        if (member.Report.Incarnation > evidence.Incarnation) return;
        _outbox.Note($"{evidence.Name} is unreachable: {evidence.Why}");
        Declare(evidence.Name, member.Report.Incarnation, hard: true);
    }

    private void Refused(ExchangeRefused refused)
    {
        if (_roster.Find(refused.Name) is not { } member || (member.Liveness == Liveness.Alive && _heard.Contains(refused.Name))) return;
        Convict(new(refused.Name, refused.Incarnation, $"{member.Report.Facts.DaemonUrl} refuses connections and packets get no answer"));
    }

    private void SeenAlive(string name)
    {
        if (_suspicions.TryGetValue(name, out var open)) open.Postpone(_now);
    }

    private void Bury(string name)
    {
        if (name == _me || _roster.Find(name) is not { } member || member.Liveness == Liveness.Left) return;
        var rumour = new Rumour(Liveness.Left, name, member.Report.Incarnation, _me);
        _outbox.Note($"{name} is forgotten by order");
        Accept(rumour);
        SpreadUrgently(rumour);
    }

    // ---- myself ----

    private MemberReport Myself() => new(_facts, _incarnation, _incarnation, _left ? Liveness.Left : Liveness.Alive, false);

    private void Announce(MemberFacts facts)
    {
        if (_left || facts == _facts) return;
        if (facts.Name != _me) throw new ArgumentException($"{_me} cannot become {facts.Name}: a name is for life.", nameof(facts));
        _facts = facts;
        _incarnation++;
        Speak();
    }

    private void Speak()
    {
        _roster.Put(Myself(), _now);
        SpreadUrgently(Rumour.Alive(_facts, _incarnation));
    }

    private void Depart()
    {
        if (_left) return;
        _left = true;
        _incarnation++;
        _suspicions.Clear();
        _roster.Put(Myself(), _now);
        SpreadUrgently(new(Liveness.Left, _me, _incarnation, _me));
    }

    // ---- others ----

    private void Remember(MemberReport member)
    {
        if (MemberAddress.Of(member.Facts.DaemonUrl) is null) return;
        // It counts as alive until a probe says otherwise: to call it anything else would spread an accusation nobody made.
        var gone = member.Liveness == Liveness.Left;
        _roster.Remember(member with { Liveness = gone ? Liveness.Left : Liveness.Alive, Hard = false }, _now);
        if (gone) _graveyard.Bury(member.Name, _now);
        else _prober.Schedule.Add(member.Name);
    }

    private void SpreadUrgently(Rumour rumour)
    {
        _outbox.Spread(rumour);
        var told = Others(m => m.Liveness != Liveness.Left);
        if (told.Count > _options.UrgentTargets)
        {
            _prng.Shuffle(told);
            told.RemoveRange(_options.UrgentTargets, told.Count - _options.UrgentTargets);
        }
        foreach (var member in told) _outbox.Send(member, Verb.Gossip, first: rumour);
    }

    private void Exchange(Roster.Entry member) =>
        _outbox.Add(new ExchangeWith(member.Name, member.Report.Incarnation, member.Report.Facts.DaemonUrl));

    private List<Roster.Entry> Others(Func<Roster.Entry, bool> which) => [.. _roster.All.Where(m => m.Name != _me && which(m))];

    private List<Roster.Entry> Pick(List<Roster.Entry> from)
    {
        _prng.Shuffle(from);
        if (from.Count > _options.GossipTargets) from.RemoveRange(_options.GossipTargets, from.Count - _options.GossipTargets);
        return from;
    }

    private static TimeSpan Earliest(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
