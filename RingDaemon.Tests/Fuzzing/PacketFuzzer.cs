using System.Diagnostics;
using Connect.Node.Security;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Membership.Wire;
using Connect.RingDaemon.Tests.Membership;

namespace Connect.RingDaemon.Tests.Fuzzing;

/// <summary>
/// Throws packets at the decoders. Each packet is drawn from a seed of its own, so that a violation is played again alone. What must hold: nothing is thrown; memory and time
/// stay within bounds; what was encoded is read as it was; what can be read has one spelling only; what was sealed opens once, and nothing that was spoiled opens.
/// </summary>
internal sealed class PacketFuzzer : IDisposable
{
    /// <summary>Bytes that reading may take for each byte at hand: records, texts of two bytes a character, a builder that doubled once too often.</summary>
    private const int BytesForByte = 64;

    private const int BytesAtLeast = 8 << 10;

    /// <summary>A key that does not fit costs an exception, whose trace is text; here are two keys.</summary>
    private const int BytesAtLeastSealed = 64 << 10;

    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(20);

    private readonly SettableTime _time = new();
    private readonly SealedPackets _seal;
    private readonly byte[] _into = new byte[WireLimits.Packet];

    public PacketFuzzer()
    {
        _seal = new(new ClusterKeys([new byte[32], [.. Enumerable.Repeat((byte)1, 32)]]), "fuzz", "gossip", WireLimits.Exchange, _time);
        // The window of nonces grows to its limit once; what is measured afterwards is the packet's own.
        for (var i = 0; i < 10_000; i++) _seal.TryOpen(_seal.Seal([]), out _);
    }

    /// <summary>Packets that could be read, of those that were spoiled: a fuzzer whose packets all die at the first byte finds nothing.</summary>
    public long SpoiledAndRead { get; private set; }

    public long Read { get; private set; }

    /// <exception cref="FuzzException">Something did not hold.</exception>
    public void Run(ulong seed)
    {
        var dice = new Prng(seed);
        var maker = new PacketMaker(dice);
        try
        {
            switch (dice.Below(10))
            {
                case 0: ReadMessage(maker.Noise(WireLimits.Packet), spoiled: true); break;
                case 1: ReadExchange(maker.Noise(2048), spoiled: true); break;
                case 2 or 3: WholeMessage(maker.Message()); break;
                case 4: WholeExchange(maker.Exchange()); break;
                case 5 or 6 or 7: ReadMessage(maker.Spoil(Encoded(maker.Message())), spoiled: true); break;
                case 8: ReadExchange(maker.Spoil(EncodedExchange(maker.Exchange())), spoiled: true); break;
                default: Seal(maker, dice); break;
            }
        }
        catch (Exception e) when (e is not FuzzException)
        {
            throw new FuzzException($"seed {seed}: {e.GetType().Name}: {e.Message}", e);
        }
        catch (FuzzException e)
        {
            throw new FuzzException($"seed {seed}: {e.Message}", e);
        }
    }

    public void Dispose() => _seal.Dispose();

    private void WholeMessage(Message message)
    {
        var bytes = Encoded(message);
        if (bytes.Length == 0) return; // it does not fit, and the encoder said so
        var read = ReadMessage(bytes, spoiled: false) ?? throw new FuzzException("a message that was encoded cannot be read");
        Holds(read with { Rumours = [] } == message with { Rumours = [] } && read.Rumours.SequenceEqual(message.Rumours), "a message is read as another one");
        Holds(message.Rumours.All(r => MessageCodec.SizeOf(r) is > 0 and < int.MaxValue or int.MaxValue), "a rumour has no size");
    }

    private void WholeExchange((string Peer, System.Collections.Immutable.ImmutableArray<MemberReport> Reports) state)
    {
        var bytes = EncodedExchange(state);
        if (bytes.Length == 0) return;
        var read = ReadExchange(bytes, spoiled: false) ?? throw new FuzzException("an exchange that was encoded cannot be read");
        Holds(read.Peer == state.Peer && read.Reports.SequenceEqual(state.Reports), "an exchange is read as another one");
    }

    private Message? ReadMessage(byte[] bytes, bool spoiled)
    {
        Message? message = null;
        Bounded(bytes.Length, () => MessageCodec.TryDecode(bytes, out message));
        if (message is null) return null;
        Count(spoiled);
        var length = MessageCodec.Encode(message, _into);
        Holds(_into.AsSpan(0, length).SequenceEqual(bytes), "a message has two spellings");
        return message;
    }

    private Exchanged? ReadExchange(byte[] bytes, bool spoiled)
    {
        Exchanged? exchanged = null;
        Bounded(bytes.Length, () => ExchangeCodec.TryDecode(bytes, out exchanged));
        if (exchanged is null) return null;
        Count(spoiled);
        Holds(ExchangeCodec.Encode(exchanged.Peer, exchanged.Reports).AsSpan().SequenceEqual(bytes), "an exchange has two spellings");
        return exchanged;
    }

    private void Seal(PacketMaker maker, Prng dice)
    {
        var content = maker.Noise(600);
        var packet = _seal.Seal(content);
        byte[] spoiled = dice.Below(4) == 0 ? maker.Noise(700) : maker.Spoil(packet);
        byte[]? opened = null;
        if (!spoiled.AsSpan().SequenceEqual(packet))
        {
            Bounded(spoiled.Length, () => _seal.TryOpen(spoiled, out opened), BytesAtLeastSealed);
            Holds(opened is null, "a spoiled packet opened");
        }
        Bounded(packet.Length, () => opened = _seal.TryOpen(packet, out var once) ? once : opened, BytesAtLeastSealed); // tried again when it was slow, and it opens only once
        Holds(opened is not null && opened.AsSpan().SequenceEqual(content), "a sealed packet did not open as it was");
        Holds(!_seal.TryOpen(packet, out _), "a packet opened twice");
    }

    private byte[] Encoded(Message message) => _into[..MessageCodec.Encode(message, _into)];

    private static byte[] EncodedExchange((string Peer, System.Collections.Immutable.ImmutableArray<MemberReport> Reports) state)
    {
        try
        {
            return ExchangeCodec.Encode(state.Peer, state.Reports);
        }
        catch (InvalidOperationException)
        {
            return []; // texts at their limits: more than an exchange holds
        }
    }

    /// <summary>A machine that is busy elsewhere makes one run slow, not three.</summary>
    private static void Bounded(int length, Action read, int atLeast = BytesAtLeast)
    {
        for (var attempt = 1; ; attempt++)
        {
            var (bytes, since) = (GC.GetAllocatedBytesForCurrentThread(), Stopwatch.GetTimestamp());
            read();
            var took = Stopwatch.GetElapsedTime(since);
            var taken = GC.GetAllocatedBytesForCurrentThread() - bytes;
            Holds(taken <= atLeast + ((long)length * BytesForByte), $"reading {length} bytes took {taken} bytes of memory");
            if (took <= Longest) return;
            Holds(attempt < 3, $"reading {length} bytes took {took.TotalMilliseconds:0} ms");
        }
    }

    private void Count(bool spoiled)
    {
        Read++;
        if (spoiled) SpoiledAndRead++;
    }

    private static void Holds(bool condition, string otherwise)
    {
        if (!condition) throw new FuzzException(otherwise);
    }
}

/// <summary>A property of the decoders did not hold; the message begins with the seed that shows it.</summary>
public sealed class FuzzException(string message, Exception? inner = null) : Exception(message, inner);
