using Connect.RingDaemon.Membership.Wire;

namespace Connect.RingDaemon.Membership;

/// <summary>Turns what is to be said into packets: fills each with the rumours that still have to go round, and tells the accused what they are accused of.</summary>
internal sealed class Outbox(MembershipOptions options, string me, Roster roster)
{
    private readonly List<Rumour> _riders = [];
    private List<Effect> _effects = [];

    public Broadcasts Broadcasts { get; } = new();

    /// <summary>Effects of the step that begins go here.</summary>
    public void Begin(List<Effect> effects) => _effects = effects;

    public void Add(Effect effect) => _effects.Add(effect);

    public void Note(string text) => _effects.Add(new Note(text));

    /// <summary>Passes it on with the packets to come. One that fits into no packet spreads by full exchanges only.</summary>
    public void Spread(Rumour rumour)
    {
        if (MessageCodec.SizeOf(rumour) is var size && size <= MessageCodec.RumourRoom) Broadcasts.Enqueue(rumour, size);
    }

    /// <summary>To a member.</summary>
    public void Send(Roster.Entry to, Verb verb, ulong sequence = 0, string about = "", Rumour? first = null) =>
        Send(to.Address, to.Name, verb, sequence, about, first);

    /// <summary>To an address, for an answer; <paramref name="to"/> is the name its owner gave.</summary>
    public void Send(string address, string to, Verb verb, ulong sequence = 0, string about = "", Rumour? first = null)
    {
        var receiver = roster.Find(to);
        var accused = receiver is { Liveness: not Liveness.Alive } && to != me;
        if (accused && !options.TellTheAccused && verb == Verb.Gossip) return;
        var room = MessageCodec.RumourRoom;
        _riders.Clear();
        if (accused && options.TellTheAccused) Ride(AccusationOf(receiver!.Report, me), ref room);
        if (first is not null && !(accused && first.Subject == to)) Ride(first, ref room);
        if (!accused || options.TellTheAccused) Broadcasts.Take(room, WireLimits.Rumours, options.RetransmitLimit(roster.Living), _riders);
        if (verb == Verb.Gossip && _riders.Count == 0) return;
        _effects.Add(new Send(address, new(verb, sequence, me, about, [.. _riders])));
    }

    public static Rumour AccusationOf(MemberReport report, string from) =>
        new(report.Liveness, report.Name, report.Incarnation, from) { Hard = report.Hard };

    private void Ride(Rumour rumour, ref int room)
    {
        var size = MessageCodec.SizeOf(rumour);
        if (size > room) return;
        room -= size;
        _riders.Add(rumour);
    }
}
