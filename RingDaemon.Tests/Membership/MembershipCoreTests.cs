using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Simulation;
using Xunit;

namespace Connect.RingDaemon.Tests.Membership;

/// <summary>Single steps of one core, by hand.</summary>
public sealed class MembershipCoreTests
{
    private readonly List<Effect> _effects = [];
    private readonly MembershipCore _core = new(new(), SimulatedNode.FactsOf("n1"), 100, 1, [Report("n2"), Report("n3")], TimeSpan.Zero);

    public MembershipCoreTests() => Step(0, Tick.Instance);

    [Fact]
    public void A_start_greets_everyone_remembered()
    {
        Assert.Equal(["n2", "n3"], _effects.OfType<ExchangeWith>().Select(e => e.Name));
        Assert.Equal(["n2:7000", "n3:7000"], _effects.OfType<Send>().Where(s => s.Message.Verb == Verb.Gossip).Select(s => s.Address));
    }

    [Fact]
    public void Time_spent_stalled_does_not_count_against_a_suspect()
    {
        Hear(10, new(Liveness.Suspect, "n2", 50, "n3"));
        Step(5000, new Stalled(TimeSpan.FromMilliseconds(4900)));
        Step(5000, Tick.Instance);
        Assert.Equal(Liveness.Suspect, Sees("n2"));
        Assert.Equal(1, _core.AwarenessScore);
        Step(9000, Tick.Instance);
        Assert.Equal(Liveness.Unreachable, Sees("n2"));
    }

    [Fact]
    public void A_probe_that_ran_while_this_process_did_not_ends_without_a_verdict()
    {
        Step(300, Tick.Instance);
        Assert.Contains(_effects, e => e is Send { Message.Verb: Verb.Ping });
        Step(5000, new Stalled(TimeSpan.FromMilliseconds(4700)));
        Step(5000, Tick.Instance);
        Assert.Equal((Liveness.Alive, Liveness.Alive), (Sees("n2"), Sees("n3")));
    }

    [Fact]
    public void A_probe_without_an_answer_makes_a_suspect_who_is_told_in_two_ways()
    {
        Step(300, Tick.Instance);
        var target = _effects.OfType<Send>().Single(s => s.Message.Verb == Verb.Ping).Message.About;
        Step(450, Tick.Instance);
        Assert.Contains(_effects, e => e is Send { Message.Verb: Verb.PingRequest } s && s.Message.About == target);
        Step(600, Tick.Instance);
        Assert.Equal(Liveness.Suspect, Sees(target));
        Assert.Contains(_effects.OfType<Send>(), s => s.Address == $"{target}:7000" && s.Message.Rumours.Any(r => r.Subject == target && r.Claim == Liveness.Suspect));
        Assert.Contains(_effects, e => e is ExchangeWith x && x.Name == target);
    }

    [Fact]
    public void An_ack_with_another_sequence_number_proves_nothing()
    {
        Step(300, Tick.Instance);
        var ping = _effects.OfType<Send>().Single(s => s.Message.Verb == Verb.Ping).Message;
        Receive(310, new(Verb.Ack, ping.Sequence + 1, ping.About, "", []));
        Step(600, Tick.Instance);
        Assert.Equal(Liveness.Suspect, Sees(ping.About));
    }

    [Fact]
    public void Whoever_still_tells_an_accusation_that_has_been_refuted_is_told_so_at_once()
    {
        Hear(10, new(Liveness.Suspect, "n2", 50, "n3"));
        Hear(20, Rumour.Alive(SimulatedNode.FactsOf("n2"), 51));
        Receive(30, new(Verb.Gossip, 0, "n3", "", [new(Liveness.Suspect, "n2", 50, "n3")]));
        Assert.Contains(_effects, e => e is Send { Address: "from:1" } s && s.Message.Rumours.Any(r => r is { Subject: "n2", Claim: Liveness.Alive, Incarnation: 51 }));
        // What is news, or as new as what is known here, is not contradicted.
        Receive(40, new(Verb.Gossip, 0, "n3", "", [new(Liveness.Suspect, "n2", 51, "n3")]));
        Assert.DoesNotContain(_effects, e => e is Send { Address: "from:1" });
    }

    [Fact]
    public void A_ping_meant_for_a_former_tenant_of_the_address_is_not_answered()
    {
        Receive(10, new(Verb.Ping, 7, "n2", "n9", []));
        Assert.DoesNotContain(_effects, e => e is Send { Message.Verb: Verb.Ack });
        Receive(10, new(Verb.Ping, 7, "n2", "n1", []));
        Assert.Contains(_effects, e => e is Send { Address: "from:1", Message: { Verb: Verb.Ack, Sequence: 7 } });
    }

    [Fact]
    public void A_helper_says_so_when_it_got_no_answer_either()
    {
        Receive(10, new(Verb.PingRequest, 7, "n2", "n3", []));
        Assert.Contains(_effects, e => e is Send { Address: "n3:7000", Message.Verb: Verb.Ping });
        Step(110, Tick.Instance);
        Assert.Contains(_effects, e => e is Send { Address: "from:1", Message: { Verb: Verb.Nack, Sequence: 7 } });
    }

    [Fact]
    public void Silence_heard_of_in_an_exchange_is_only_suspected_but_hard_evidence_and_farewells_hold()
    {
        Step(10, new Exchanged("n3", [Report("n2") with { Liveness = Liveness.Unreachable }]));
        Assert.Equal(Liveness.Suspect, Sees("n2"));
        Step(20, new Exchanged("n3", [Report("n2") with { Liveness = Liveness.Unreachable, Hard = true }]));
        Assert.Equal(Liveness.Unreachable, Sees("n2"));
        Step(30, new Exchanged("n3", [Report("n2") with { Liveness = Liveness.Left }, Report("n8") with { Liveness = Liveness.Left }]));
        Assert.Equal(Liveness.Left, Sees("n2"));
        Assert.Null(Sees("n8"));
    }

    [Fact]
    public void Facts_that_an_accusation_overtook_are_still_taken()
    {
        Hear(10, new(Liveness.Suspect, "n2", 60, "n3"));
        Hear(20, Rumour.Alive(SimulatedNode.FactsOf("n2") with { MysqlUp = false }, 60));
        Assert.Equal(Liveness.Suspect, Sees("n2"));
        Assert.False(_core.View.Find("n2")!.Facts.MysqlUp);
        Hear(30, Rumour.Alive(SimulatedNode.FactsOf("n2"), 59));
        Assert.False(_core.View.Find("n2")!.Facts.MysqlUp);
    }

    [Fact]
    public void A_refutation_outbids_the_accuser()
    {
        Hear(10, new(Liveness.Unreachable, "n1", 4711, "n2"));
        Assert.Equal((4712UL, Liveness.Alive), (_core.View.Find("n1")!.Incarnation, Sees("n1")));
        Hear(20, new(Liveness.Suspect, "n1", 4711, "n3"));
        Assert.Equal(4712UL, _core.View.Find("n1")!.Incarnation);
    }

    [Fact]
    public void A_former_self_with_a_later_clock_is_outbid_as_well()
    {
        Hear(10, Rumour.Alive(SimulatedNode.FactsOf("n1") with { ServerId = 9 }, 5000));
        Assert.Equal((5001UL, 1u), (_core.View.Find("n1")!.Incarnation, _core.View.Find("n1")!.Facts.ServerId));
    }

    [Fact]
    public void A_ring_does_not_grow_beyond_its_limit()
    {
        for (var i = 0; i < 300; i++) Hear(10 + i, Rumour.Alive(SimulatedNode.FactsOf($"x{i}"), 1));
        Assert.Equal(128, _core.View.Members.Length);
    }

    [Fact]
    public void Every_packet_fits_however_much_there_is_to_tell()
    {
        for (var i = 0; i < 100; i++) Hear(10 + i, Rumour.Alive(SimulatedNode.FactsOf($"x{i}"), 1));
        for (var i = 0; i < 100; i++) Hear(200 + i, new(Liveness.Suspect, $"x{i}", 1, "n2"));
        var buffer = new byte[1400 - RingDaemon.Membership.Wire.SealedPackets.Overhead];
        for (var at = 300; at < 6000; at += 50)
        {
            Step(at, Tick.Instance);
            foreach (var send in _effects.OfType<Send>()) Assert.NotEqual(0, RingDaemon.Membership.Wire.MessageCodec.Encode(send.Message, buffer));
        }
    }

    [Fact]
    public void A_step_without_a_change_publishes_no_view()
    {
        var before = _core.View;
        Step(20, new SetFacts(SimulatedNode.FactsOf("n1")));
        Hear(30, Rumour.Alive(SimulatedNode.FactsOf("n2"), 50));
        Assert.Same(before, _core.View);
        Assert.DoesNotContain(_effects, e => e is ViewChanged or Persist);
        Step(40, new SetFacts(SimulatedNode.FactsOf("n1") with { WebUp = false }));
        Assert.Equal(before.Version + 1, Assert.Single(_effects.OfType<ViewChanged>()).View.Version);
    }

    private static MemberReport Report(string name) => new(SimulatedNode.FactsOf(name), 50, 50, Liveness.Alive, false);

    private Liveness? Sees(string name) => _core.View.Find(name)?.Liveness;

    private void Hear(int milliseconds, Rumour rumour) => Receive(milliseconds, new(Verb.Gossip, 0, "n3", "", [rumour]));

    private void Receive(int milliseconds, Message message) => Step(milliseconds, new PacketReceived("from:1", message));

    private void Step(int milliseconds, Input input)
    {
        _effects.Clear();
        _core.Step(TimeSpan.FromMilliseconds(milliseconds), input, _effects);
    }
}
