using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;

namespace Connect.RingDaemon.Convergence;

/// <summary>
/// All primary keys (16 bytes) that begin with the same hexadecimal digits: a node of the digest tree. A prefix means the same range on every member, whatever rows
/// each of them has; that is what makes their digests comparable.
/// </summary>
public readonly record struct KeyPrefix
{
    /// <summary>Digits of a whole key.</summary>
    public const int MostDigits = 32;

    private KeyPrefix(UInt128 first, int digits) => (First, Digits) = (first, digits);

    /// <summary>Every key.</summary>
    public static KeyPrefix All => default;

    /// <summary>The smallest key with this prefix.</summary>
    public UInt128 First { get; }

    /// <summary>0 (every key) to <see cref="MostDigits"/> (one key).</summary>
    public int Digits { get; }

    /// <summary>The greatest key with this prefix.</summary>
    public UInt128 Last => First | Tail(Digits);

    /// <summary>The prefix one digit shorter.</summary>
    /// <exception cref="InvalidOperationException">It is <see cref="All"/>.</exception>
    public KeyPrefix Parent => Digits > 0 ? Of(First, Digits - 1) : throw new InvalidOperationException("The prefix of every key has no parent.");

    /// <summary>The first <paramref name="digits"/> digits of a key.</summary>
    public static KeyPrefix Of(UInt128 key, int digits)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(digits);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(digits, MostDigits);
        return new(key & ~Tail(digits), digits);
    }

    /// <exception cref="FormatException">It is not 0 to 32 hexadecimal digits.</exception>
    public static KeyPrefix Parse(string hex)
    {
        ArgumentNullException.ThrowIfNull(hex);
        if (hex.Length > MostDigits || !UInt128.TryParse(hex.PadRight(MostDigits, '0'), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var first))
            throw new FormatException($"'{hex}' is not a prefix of a key: 0 to {MostDigits} hexadecimal digits.");
        return new(first, hex.Length);
    }

    public bool Contains(UInt128 key) => Of(key, Digits).First == First;

    public bool Contains(KeyPrefix other) => other.Digits >= Digits && Contains(other.First);

    /// <summary>How many digits two keys have in common from the left.</summary>
    public static int Common(UInt128 a, UInt128 b) => a == b ? MostDigits : LeadingZeros(a ^ b) / 4;

    /// <summary>The fewest digits of a prefix that begins exactly at this key.</summary>
    public static int Alignment(UInt128 key)
    {
        var digits = MostDigits;
        while (digits > 0 && Of(key, digits - 1).First == key) digits--;
        return digits;
    }

    public static byte[] Bytes(UInt128 key)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, key);
        return bytes;
    }

    public static UInt128 Key(byte[] bytes) => BinaryPrimitives.ReadUInt128BigEndian(bytes);

    public override string ToString() => First.ToString("x32", CultureInfo.InvariantCulture)[..Digits];

    private static int LeadingZeros(UInt128 value)
    {
        var high = (ulong)(value >> 64);
        return high != 0 ? BitOperations.LeadingZeroCount(high) : 64 + BitOperations.LeadingZeroCount((ulong)value);
    }

    /// <summary>The bits that a prefix leaves open. (A shift by 128 would shift by nothing.)</summary>
    private static UInt128 Tail(int digits) => digits == MostDigits ? UInt128.Zero : UInt128.MaxValue >> (4 * digits);
}
