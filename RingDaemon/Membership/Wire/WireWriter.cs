using System.Buffers.Binary;
using System.Text;

namespace Connect.RingDaemon.Membership.Wire;

/// <summary>Writes big-endian fields into a buffer of fixed size. What does not fit, or exceeds its limit, makes it <see cref="Failed"/> and nothing more.</summary>
internal ref struct WireWriter(Span<byte> buffer)
{
    private readonly Span<byte> _buffer = buffer;

    public int Length { get; private set; }

    public bool Failed { get; private set; }

    public void Byte(int value)
    {
        if (Room(1)) _buffer[Length++] = (byte)value;
    }

    public void Bool(bool value) => Byte(value ? 1 : 0);

    public void UInt16(int value)
    {
        if (value is < 0 or > ushort.MaxValue) Failed = true;
        if (!Room(2)) return;
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[Length..], (ushort)value);
        Length += 2;
    }

    public void UInt32(uint value)
    {
        if (!Room(4)) return;
        BinaryPrimitives.WriteUInt32BigEndian(_buffer[Length..], value);
        Length += 4;
    }

    public void UInt64(ulong value)
    {
        if (!Room(8)) return;
        BinaryPrimitives.WriteUInt64BigEndian(_buffer[Length..], value);
        Length += 8;
    }

    public void Uuid(Guid value)
    {
        if (!Room(16)) return;
        value.TryWriteBytes(_buffer[Length..], bigEndian: true, out _);
        Length += 16;
    }

    /// <summary>This cannot be written.</summary>
    public void Refuse() => Failed = true;

    /// <summary>One byte of length, then UTF-8.</summary>
    public void Text(string value)
    {
        var size = Encoding.UTF8.GetByteCount(value);
        if (size > WireLimits.Text) Failed = true;
        if (!Room(1 + size)) return;
        _buffer[Length++] = (byte)size;
        Length += Encoding.UTF8.GetBytes(value, _buffer[Length..]);
    }

    private bool Room(int bytes)
    {
        if (_buffer.Length - Length < bytes) Failed = true;
        return !Failed;
    }
}
