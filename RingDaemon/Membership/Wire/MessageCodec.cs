using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Connect.RingDaemon.Membership.Wire;

/// <summary>
/// <see cref="Message"/> as bytes: verb, sequence, sender, subject, number of rumours, rumours. Reading garbage gives false, never an exception.
/// </summary>
public static class MessageCodec
{
    /// <summary>Bytes before the rumours, at most: verb 1, sequence 8, two names of 33, count 1.</summary>
    private const int Header = 1 + 8 + (2 * (1 + WireLimits.Name)) + 1;

    /// <summary>Bytes for rumours in one packet.</summary>
    public static int RumourRoom => WireLimits.Packet - SealedPackets.Overhead - Header;

    /// <returns>Bytes written, or 0 if the message does not fit.</returns>
    public static int Encode(Message message, Span<byte> into)
    {
        var writer = new WireWriter(into);
        writer.Byte((int)message.Verb);
        writer.UInt64(message.Sequence);
        writer.Text(message.From);
        writer.Text(message.About);
        writer.Byte(message.Rumours.Length);
        foreach (var rumour in message.Rumours) Write(ref writer, rumour);
        return writer.Failed || message.Rumours.Length > WireLimits.Rumours ? 0 : writer.Length;
    }

    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Message? message)
    {
        var reader = new WireReader(bytes);
        var verb = (Verb)reader.Choice(5);
        var sequence = reader.UInt64();
        var from = reader.Name();
        var about = reader.OptionalName();
        var count = reader.Choice(WireLimits.Rumours + 1);
        var rumours = ImmutableArray.CreateBuilder<Rumour>();
        for (var i = 0; i < count && !reader.Failed; i++) rumours.Add(Read(ref reader));
        message = reader.Complete ? new(verb, sequence, from, about, rumours.DrainToImmutable()) : null;
        return message is not null;
    }

    /// <summary>Bytes of one rumour in a packet; too many for any packet if it cannot be written at all.</summary>
    public static int SizeOf(Rumour rumour)
    {
        var writer = new WireWriter(stackalloc byte[WireLimits.Rumour]);
        Write(ref writer, rumour);
        return writer.Failed ? int.MaxValue : writer.Length;
    }

    private static void Write(ref WireWriter to, Rumour rumour)
    {
        to.Byte((int)rumour.Claim);
        to.Text(rumour.Subject);
        to.UInt64(rumour.Incarnation);
        to.Text(rumour.From);
        to.Bool(rumour.Hard);
        if (rumour is { Claim: Liveness.Alive, Facts: { } facts }) FactsCodec.Write(ref to, facts);
    }

    private static Rumour Read(ref WireReader from)
    {
        var rumour = new Rumour((Liveness)from.Choice(4), from.Name(), from.Incarnation(), from.Name()) { Hard = from.Bool() };
        return rumour.Claim == Liveness.Alive && !from.Failed ? rumour with { Facts = FactsCodec.Read(ref from) } : rumour;
    }
}
