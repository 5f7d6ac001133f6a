using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Connect.RingDaemon.Archive;

/// <summary>
/// Ids of things that were made elsewhere: a UUID of version 7 whose time is the thing's own and whose other 74 bits are a hash of what it is called there. So the same thing has the same id,
/// whoever imports it and however often, and sorts by its own date.
/// </summary>
internal static class DerivedId
{
    /// <param name="time">Not before 1970.</param>
    /// <param name="kind">Things of different kinds may be called the same.</param>
    /// <param name="name">What it is called, like a Message-ID.</param>
    public static Guid Of(DateTimeOffset time, string kind, string name)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{kind}\n{name}"), hash);
        BinaryPrimitives.WriteInt64BigEndian(hash, (time.ToUnixTimeMilliseconds() << 16) | 0x7000L | (BinaryPrimitives.ReadInt64BigEndian(hash) & 0xFFF));
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new(hash[..16], bigEndian: true);
    }
}
