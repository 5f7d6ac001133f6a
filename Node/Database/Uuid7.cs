using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Connect.Node.Database;

/// <summary>
/// Ids that nobody has to be asked for: 48 bits of Unix milliseconds, a 12-bit counter, 62 random bits (RFC 9562, version 7, method 1).
/// Ids from one generator strictly increase, even when the wall clock steps back: the time part is a hybrid logical clock
/// that never falls behind anything it has made or <see cref="Observe">seen</see>.
/// </summary>
public sealed class Uuid7(TimeProvider time)
{
    private readonly Lock _gate = new();
    private long _lastMilliseconds;
    private int _counter;

    /// <summary>How far a seen id may pull this clock ahead of its own; what is further ahead is somebody's broken clock. One minute.</summary>
    public static readonly TimeSpan MaxDrift = TimeSpan.FromMinutes(1);

    public Guid Next()
    {
        lock (_gate)
        {
            var now = time.GetUtcNow().ToUnixTimeMilliseconds();
            if (now > _lastMilliseconds)
            {
                _lastMilliseconds = now;
                _counter = 0;
            }
            else if (++_counter > 0xFFF)
            {
                _lastMilliseconds++;
                _counter = 0;
            }
            return Make(_lastMilliseconds, _counter);
        }
    }

    /// <summary>Takes note of an id another node made, so that what is written here afterwards sorts after it.</summary>
    public void Observe(Guid id)
    {
        var seen = TimeOf(id).ToUnixTimeMilliseconds();
        lock (_gate)
        {
            // 0xFFF: the next id takes the next millisecond, so it sorts after every id of this one, whatever its counter is.
            if (seen >= _lastMilliseconds && seen < time.GetUtcNow().ToUnixTimeMilliseconds() + (long)MaxDrift.TotalMilliseconds)
                (_lastMilliseconds, _counter) = (seen, 0xFFF);
        }
    }

    /// <summary>When the id was made, to the millisecond.</summary>
    public static DateTimeOffset TimeOf(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(bytes) >>> 16);
    }

    /// <summary>No id that was made at this time or later is lower, and every earlier one is.</summary>
    public static Guid LowestAt(DateTimeOffset time)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(bytes, Math.Max(0, time.ToUnixTimeMilliseconds()) << 16);
        return new(bytes, bigEndian: true);
    }

    /// <summary>The sixteen bytes as they are stored and sorted.</summary>
    public static byte[] ToBytes(Guid id) => id.ToByteArray(bigEndian: true);

    public static Guid FromBytes(byte[] bytes) => new(bytes, bigEndian: true);

    private static Guid Make(long milliseconds, int counter)
    {
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes[8..]);
        BinaryPrimitives.WriteInt64BigEndian(bytes, (milliseconds << 16) | 0x7000L | (long)counter);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new(bytes, bigEndian: true);
    }
}
