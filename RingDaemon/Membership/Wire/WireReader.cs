using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace Connect.RingDaemon.Membership.Wire;

/// <summary>
/// Reads what <see cref="WireWriter"/> wrote. It trusts nothing: a field that is cut off or out of range makes it <see cref="Failed"/>, everything read
/// after that is empty, and no more memory is taken than the bytes at hand account for.
/// </summary>
internal ref struct WireReader(ReadOnlySpan<byte> buffer)
{
    private ReadOnlySpan<byte> _rest = buffer;

    public bool Failed { get; private set; }

    /// <summary>Everything was read, and nothing was wrong.</summary>
    public readonly bool Complete => !Failed && _rest.IsEmpty;

    public byte Byte() => Take(1) is { IsEmpty: false } taken ? taken[0] : (byte)0;

    /// <summary>Exactly 0 or 1, so that equal messages have equal bytes.</summary>
    public bool Bool() => Byte() switch
    {
        0 => false,
        1 => true,
        _ => Fail(false),
    };

    /// <summary>A value below <paramref name="count"/>, for enums.</summary>
    public int Choice(int count)
    {
        var value = Byte();
        return value < count ? value : Fail(0);
    }

    public int UInt16() => Take(2) is { IsEmpty: false } taken ? BinaryPrimitives.ReadUInt16BigEndian(taken) : 0;

    /// <summary>How many of something follow; more than <paramref name="most"/> is wrong.</summary>
    public int Count(int most)
    {
        var count = UInt16();
        return count <= most ? count : Fail(0);
    }

    public uint UInt32() => Take(4) is { IsEmpty: false } taken ? BinaryPrimitives.ReadUInt32BigEndian(taken) : 0;

    public ulong UInt64() => Take(8) is { IsEmpty: false } taken ? BinaryPrimitives.ReadUInt64BigEndian(taken) : 0;

    public Guid Uuid() => Take(16) is { IsEmpty: false } taken ? new(taken, bigEndian: true) : Guid.Empty;

    /// <summary>What was read makes no sense.</summary>
    public void Refuse() => Failed = true;

    /// <summary>An incarnation: far enough from the end of its range that it can be outbid.</summary>
    public ulong Incarnation()
    {
        var value = UInt64();
        return value <= WireLimits.Incarnation ? value : Fail(0UL);
    }

    public string Text()
    {
        var bytes = Take(Byte());
        return Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : Fail("");
    }

    /// <summary>A member's name: 1 to 32 of a-z, 0-9 and '-'.</summary>
    public string Name() => Text() is var name && WireLimits.IsName(name) ? name : Fail("");

    /// <summary>A name, or nothing.</summary>
    public string OptionalName() => Text() is var name && (name.Length == 0 || WireLimits.IsName(name)) ? name : Fail("");

    /// <summary>At most so many names, in ordinal order and each once, so that equal messages have equal bytes.</summary>
    public NameList Names(int most)
    {
        var names = new string[Count(most)];
        for (var i = 0; i < names.Length; i++)
        {
            names[i] = Name();
            if (i > 0 && string.CompareOrdinal(names[i - 1], names[i]) >= 0) Failed = true;
        }
        return Failed ? NameList.None : new(names);
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (_rest.Length < count) Failed = true;
        if (Failed) return [];
        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    private T Fail<T>(T value)
    {
        Failed = true;
        return value;
    }
}
