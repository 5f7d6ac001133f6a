using System.Buffers.Binary;

namespace Connect.RingDaemon.Membership.Wire;

/// <summary>
/// The nonces of the last packets. Bounded: should more than that arrive within the time a packet is valid, the oldest could be replayed once more,
/// which sequence numbers and incarnations make harmless.
/// </summary>
internal sealed class ReplayWindow(int capacity)
{
    private readonly HashSet<UInt128> _seen = [];
    private readonly Queue<(UInt128 Nonce, long Until)> _order = [];

    /// <param name="until">When the packet becomes stale, in Unix milliseconds.</param>
    /// <returns>False if it was there already.</returns>
    public bool Add(ReadOnlySpan<byte> nonce, long until, long now)
    {
        while (_order.TryPeek(out var oldest) && (oldest.Until < now || _order.Count >= capacity)) _seen.Remove(_order.Dequeue().Nonce);
        var key = new UInt128(BinaryPrimitives.ReadUInt32BigEndian(nonce), BinaryPrimitives.ReadUInt64BigEndian(nonce[4..]));
        if (!_seen.Add(key)) return false;
        _order.Enqueue((key, until));
        return true;
    }
}
