using System.Buffers;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Connect.RingDaemon.Membership.Wire;

/// <summary>The full state of a member as bytes: its name, number of reports, reports.</summary>
public static class ExchangeCodec
{
    public static byte[] Encode(string peer, ImmutableArray<MemberReport> reports)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(WireLimits.Exchange);
        var writer = new WireWriter(buffer.AsSpan(0, WireLimits.Exchange - SealedPackets.Overhead));
        writer.Text(peer);
        writer.UInt16(reports.Length);
        foreach (var report in reports)
        {
            FactsCodec.Write(ref writer, report.Facts);
            writer.UInt64(report.FactsIncarnation);
            writer.UInt64(report.Incarnation);
            writer.Byte((int)report.Liveness);
            writer.Bool(report.Hard);
        }
        var bytes = buffer[..writer.Length];
        ArrayPool<byte>.Shared.Return(buffer);
        // Facts are checked where they come in and members are bounded, so this cannot happen.
        return writer.Failed ? throw new InvalidOperationException($"{reports.Length} members do not fit into one exchange.") : bytes;
    }

    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Exchanged? exchanged)
    {
        var reader = new WireReader(bytes);
        var peer = reader.Name();
        var count = reader.Count(WireLimits.Members);
        var reports = ImmutableArray.CreateBuilder<MemberReport>();
        for (var i = 0; i < count && !reader.Failed; i++)
            reports.Add(new(FactsCodec.Read(ref reader), reader.Incarnation(), reader.Incarnation(), (Liveness)reader.Choice(4), reader.Bool()));
        exchanged = reader.Complete ? new(peer, reports.DrainToImmutable()) : null;
        return exchanged is not null;
    }
}
