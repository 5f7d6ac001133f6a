using System.Runtime.InteropServices;

namespace Connect.RingDaemon.Archive;

/// <summary>Memory as a stream, without a copy.</summary>
internal static class Streams
{
    public static MemoryStream Of(ReadOnlyMemory<byte> bytes) => MemoryMarshal.TryGetArray(bytes, out var array)
        ? new(array.Array!, array.Offset, array.Count, writable: false) : new(bytes.ToArray(), writable: false);
}
