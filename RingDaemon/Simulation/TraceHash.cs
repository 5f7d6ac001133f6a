namespace Connect.RingDaemon.Simulation;

/// <summary>FNV-1a over everything that was sent, and when: two runs with one hash were the same run.</summary>
internal sealed class TraceHash
{
    public ulong Value { get; private set; } = 14695981039346656037;

    public void Add(ReadOnlySpan<byte> bytes)
    {
        foreach (var b in bytes) Value = (Value ^ b) * 1099511628211;
    }

    public void Add(long number) => Add(BitConverter.GetBytes(number));
}
