using System.Collections.Immutable;
using Connect.Node.Settings;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Membership.Wire;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Connect.RingDaemon.Tests.Membership;

public sealed class MessageCodecTests
{
    private static readonly Gen<string> Names =
        Many(Gen.Elements("abcz09-".ToCharArray()), 1, 32).Select(c => new string([.. c]));

    private static readonly Gen<string> Texts =
        Many(Gen.Elements("a", "Z", "/", ":", " ", "ö", "€", "🐬", "\0"), 0, 20).Select(string.Concat);

    private static readonly Gen<MemberFacts> Facts =
        from names in Names.ListOf(2)
        from texts in Texts.ListOf(6)
        from place in ArbMap.Default.GeneratorFor<int>()
        from id in ArbMap.Default.GeneratorFor<uint>()
        from port in Gen.Choose(0, 65535)
        from bits in Gen.Choose(0, 127)
        from numbers in Gen.Choose(0, 1_000_000).ListOf(2)
        from unreached in Many(Names, 0, WireLimits.Unreached)
        select new MemberFacts
        {
            Name = names[0],
            Zone = texts[0],
            Place = place,
            Engine = (Engine)(bits & 1),
            EngineVersion = texts[1],
            ServerId = id,
            Origin = texts[2],
            DaemonUrl = texts[3],
            MysqlHost = texts[4],
            MysqlPort = port,
            WebUrl = texts[5],
            Phase = (Phase)((bits >> 1) & 3),
            MysqlUp = (bits & 8) != 0,
            WebUp = (bits & 16) != 0,
            Source = (bits & 32) != 0 ? names[1] : null,
            SourceRunning = (bits & 64) != 0,
            KeepsLogsSeconds = numbers[0] % 3 == 0 ? null : (uint)numbers[0],
            Floor = (numbers[1] % 3) switch { 0 => null, 1 => "", _ => (bits & 1) == (int)Engine.MariaDB ? $"10-10-{numbers[1]},9-9-7" : $"aaaaaaaa-0000-0000-0000-000000000001:1-{numbers[1]}" },
            Unreached = new(unreached),
        };

    private static readonly Gen<ulong> Incarnations = Gen.Choose(0, int.MaxValue).Select(i => (ulong)i * 2_000_000_000);

    private static readonly Gen<Rumour> Rumours =
        from facts in Facts
        from claim in Gen.Choose(0, 3)
        from incarnation in Incarnations
        from accuser in Names
        from hard in Gen.Elements(true, false)
        select new Rumour((Liveness)claim, facts.Name, incarnation, accuser) { Hard = hard, Facts = claim == 0 ? facts : null };

    private static readonly Gen<Message> Messages =
        from verb in Gen.Choose(0, 4)
        from sequence in ArbMap.Default.GeneratorFor<ulong>()
        from sender in Names
        from about in Gen.OneOf(Names, Gen.Constant(""))
        from rumours in Many(Rumours, 0, 4)
        select new Message((Verb)verb, sequence, sender, about, [.. rumours]);

    private static readonly Gen<MemberReport> Reports =
        from facts in Facts
        from incarnations in Incarnations.ListOf(2)
        from liveness in Gen.Choose(0, 3)
        from hard in Gen.Elements(true, false)
        select new MemberReport(facts, incarnations[0], incarnations[1], (Liveness)liveness, hard);

    private static readonly Gen<Exchanged> Exchanges =
        from peer in Names
        from reports in Many(Reports, 0, 20)
        select new Exchanged(peer, [.. reports]);

    [Fact]
    public void A_message_comes_out_as_it_went_in() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(500), Prop.ForAll(Arb.From(Messages), message =>
    {
        var bytes = Bytes(message);
        return MessageCodec.TryDecode(bytes, out var back)
            && back with { Rumours = [] } == message with { Rumours = [] } && back.Rumours.SequenceEqual(message.Rumours);
    }));

    [Fact]
    public void An_exchange_comes_out_as_it_went_in() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(200), Prop.ForAll(Arb.From(Exchanges), exchange =>
        ExchangeCodec.TryDecode(ExchangeCodec.Encode(exchange.Peer, exchange.Reports), out var back)
            && back.Peer == exchange.Peer && back.Reports.SequenceEqual(exchange.Reports)));

    [Fact]
    public void The_size_of_a_rumour_is_what_it_adds_to_a_message() => Check.One(Config.QuickThrowOnFailure, Prop.ForAll(Arb.From(Rumours), rumour =>
    {
        var message = new Message(Verb.Gossip, 1, "n1", "", []);
        return Bytes(message with { Rumours = [rumour] }).Length - Bytes(message).Length == MessageCodec.SizeOf(rumour);
    }));

    [Fact]
    public void No_cut_or_extended_message_is_read() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(50), Prop.ForAll(Arb.From(Messages), message =>
    {
        var bytes = Bytes(message);
        return Enumerable.Range(0, bytes.Length).All(length => !MessageCodec.TryDecode(bytes.AsSpan(0, length), out _))
            && !MessageCodec.TryDecode([.. bytes, 0], out _);
    }));

    [Fact]
    public void A_hundred_thousand_broken_packets_are_read_or_refused_and_never_throw()
    {
        var prng = new Prng(2012);
        var samples = Messages.Sample(50, 200).Select(Bytes).ToList();
        var read = 0;
        for (var i = 0; i < 100_000; i++)
        {
            byte[] packet;
            if (i % 2 == 0)
            {
                packet = new byte[prng.Below(300)];
                for (var j = 0; j < packet.Length; j++) packet[j] = (byte)prng.Below(i % 4 == 0 ? 256 : 40);
            }
            else
            {
                packet = [.. samples[prng.Below(samples.Count)]];
                for (var flips = 1 + prng.Below(3); flips > 0; flips--) packet[prng.Below(packet.Length)] = (byte)prng.Below(256);
            }
            if (MessageCodec.TryDecode(packet, out var message))
            {
                read++;
                // What is read can be written again: nothing out of bounds got in.
                Assert.Equal(packet, Bytes(message));
            }
            ExchangeCodec.TryDecode(packet, out _);
        }
        Assert.InRange(read, 1, 60_000);
    }

    [Fact]
    public void A_packet_that_promises_much_and_holds_little_takes_little_memory()
    {
        byte[] greedy = [4, 0, 0, 0, 0, 0, 0, 0, 1, 2, (byte)'n', (byte)'1', 0, 64];
        MessageCodec.TryDecode(greedy, out _);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) Assert.False(MessageCodec.TryDecode(greedy, out _));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000 * 1024);
    }

    /// <summary>Found by fuzzing (seed 3132): it was read as an exchange of nobody.</summary>
    [Fact]
    public void An_exchange_that_announces_more_members_than_there_may_be_is_not_read()
    {
        byte[] announced = [2, (byte)'n', (byte)'1', (WireLimits.Members + 1) >> 8, (WireLimits.Members + 1) & 0xff];
        Assert.False(ExchangeCodec.TryDecode(announced, out _));
        Assert.True(ExchangeCodec.TryDecode([2, (byte)'n', (byte)'1', 0, 0], out _));
    }

    [Fact]
    public void An_incarnation_that_nobody_could_outbid_is_refused()
    {
        var message = new Message(Verb.Gossip, 1, "n1", "", [new(Liveness.Suspect, "n2", ulong.MaxValue, "n1")]);
        Assert.False(MessageCodec.TryDecode(Bytes(message), out _));
    }

    private static Gen<T[]> Many<T>(Gen<T> of, int least, int most) => Gen.Choose(least, most).SelectMany(n => of.ArrayOf(n));

    private static byte[] Bytes(Message message)
    {
        var buffer = new byte[8192];
        var length = MessageCodec.Encode(message, buffer);
        Assert.True(length > 0);
        return buffer[..length];
    }
}
