using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Connect.Node.Security;

namespace Connect.RingDaemon.Membership.Wire;

/// <summary>
/// Seals and opens what daemons of one cluster tell each other, for one purpose:
/// <c>version (1) | nonce (12) | AES-256-GCM( time (8) | content ) | tag (16)</c>, with version and cluster name as associated data.
/// The first key of the ring seals, every key opens. What is older than 30 seconds, from more than 30 seconds ahead, or seen before is dropped.
/// Safe for use from several threads.
/// </summary>
/// <remarks>Random nonces of 96 bits are good for 2^32 packets a key: at 50 packets a second that is 2.7 years, so rotate yearly.</remarks>
public sealed class SealedPackets : IDisposable
{
    /// <summary>Bytes that sealing adds.</summary>
    public const int Overhead = 1 + NonceLength + TimeLength + TagLength;

    /// <summary>How far clocks and delays may be apart; 30 s.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(30);

    private const byte Version = 1;
    private const int NonceLength = 12;
    private const int TimeLength = 8;
    private const int TagLength = 16;

    /// <summary>Nonces remembered: at 100 packets a second all of those that are still valid.</summary>
    private const int Remembered = 8192;

    private readonly IClusterKeys _source;
    private readonly string _purpose;
    private readonly byte[] _associated;
    private readonly int _limit;
    private readonly TimeProvider _time;
    private readonly ReplayWindow _replays = new(Remembered);
    private readonly Lock _gate = new();
    private ClusterKeys _keys;
    private AesGcm[] _ciphers;
    private long _opened, _garbage, _wrongKey, _replayed, _stale, _tooLarge;

    /// <param name="keys">Asked for each packet: a change of keys counts from the next one on.</param>
    /// <param name="cluster">The ring's name.</param>
    /// <param name="purpose">Like <c>gossip</c>: each purpose has keys of its own, so nothing sealed for one opens for another.</param>
    /// <param name="limit">Longest sealed packet, in bytes.</param>
    /// <param name="time">The clock that packets are sealed and judged by.</param>
    public SealedPackets(IClusterKeys keys, string cluster, string purpose, int limit, TimeProvider time)
    {
        (_source, _keys, _purpose) = (keys, keys.Current, purpose);
        _ciphers = Ciphers();
        _associated = [Version, .. Encoding.UTF8.GetBytes(cluster)];
        (_limit, _time) = (limit, time);
    }

    /// <summary>How far apart the clocks may be for this purpose; <see cref="Window"/> by default.</summary>
    public TimeSpan Tolerance { get; init; } = Window;

    public PacketStats Stats
    {
        get
        {
            lock (_gate) return new(_opened, _garbage, _wrongKey, _replayed, _stale, _tooLarge);
        }
    }

    /// <exception cref="ArgumentException">The content is too long.</exception>
    public byte[] Seal(ReadOnlySpan<byte> content)
    {
        var packet = new byte[Overhead + content.Length];
        SealInto(content, packet);
        return packet;
    }

    /// <summary>The same without allocating.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">The content is too long for <paramref name="packet"/> or for any packet.</exception>
    public int SealInto(ReadOnlySpan<byte> content, Span<byte> packet)
    {
        var length = Overhead + content.Length;
        if (length > _limit || length > packet.Length) throw new ArgumentException($"{content.Length} bytes do not fit into a packet.", nameof(content));
        packet[0] = Version;
        var nonce = packet.Slice(1, NonceLength);
        RandomNumberGenerator.Fill(nonce);
        var body = packet[(1 + NonceLength)..(length - TagLength)];
        BinaryPrimitives.WriteInt64BigEndian(body, Now());
        content.CopyTo(body[TimeLength..]);
        // Encrypting in place is allowed when input and output are the very same span.
        lock (_gate)
        {
            KeepUp();
            _ciphers[0].Encrypt(nonce, body, body, packet[(length - TagLength)..length], _associated);
        }
        return length;
    }

    /// <summary>Opens a packet; false, and a count in <see cref="Stats"/>, if it is not one of ours or not fresh.</summary>
    public bool TryOpen(ReadOnlySpan<byte> packet, [NotNullWhen(true)] out byte[]? content)
    {
        lock (_gate)
        {
            content = null;
            if (packet.Length > _limit)
            {
                _tooLarge++;
                return false;
            }
            if (packet.Length < Overhead || packet[0] != Version)
            {
                _garbage++;
                return false;
            }
            KeepUp();
            var nonce = packet.Slice(1, NonceLength);
            var body = new byte[packet.Length - 1 - NonceLength - TagLength];
            if (!Decrypt(nonce, packet[(1 + NonceLength)..^TagLength], packet[^TagLength..], body))
            {
                _wrongKey++;
                return false;
            }
            var now = Now();
            var sealedAt = BinaryPrimitives.ReadInt64BigEndian(body);
            var window = (long)Tolerance.TotalMilliseconds;
            if (sealedAt < now - window || sealedAt > now + window)
            {
                _stale++;
                return false;
            }
            if (!_replays.Add(nonce, sealedAt + window, now))
            {
                _replayed++;
                return false;
            }
            _opened++;
            content = body[TimeLength..];
            return true;
        }
    }

    /// <summary>Counts an opened packet whose content turned out to be unreadable.</summary>
    public void CountGarbage()
    {
        lock (_gate)
        {
            _opened--;
            _garbage++;
        }
    }

    public void Dispose()
    {
        foreach (var cipher in _ciphers) cipher.Dispose();
    }

    private bool Decrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> sealedBody, ReadOnlySpan<byte> tag, Span<byte> body)
    {
        foreach (var cipher in _ciphers)
        {
            try
            {
                cipher.Decrypt(nonce, sealedBody, tag, body, _associated);
                return true;
            }
            catch (AuthenticationTagMismatchException)
            {
                // The next key, then. Strangers' packets cost an exception each; at gossip's rates that is cheap enough.
            }
        }
        return false;
    }

    private AesGcm[] Ciphers() => [.. _keys.All.Select(k => new AesGcm(ClusterKeys.Derive(k, _purpose), TagLength))];

    /// <summary>Inside the gate.</summary>
    private void KeepUp()
    {
        var now = _source.Current;
        if (ReferenceEquals(now, _keys)) return;
        foreach (var cipher in _ciphers) cipher.Dispose();
        _keys = now;
        _ciphers = Ciphers();
    }

    private long Now() => _time.GetUtcNow().ToUnixTimeMilliseconds();
}
