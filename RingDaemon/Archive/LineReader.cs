namespace Connect.RingDaemon.Archive;

/// <summary>Reads lines with their ends, and where they are.</summary>
internal sealed class LineReader(Stream stream)
{
    /// <summary>Bytes of a line; a longer one comes in pieces.</summary>
    public const int MaxLine = 1 << 18;

    private readonly byte[] _buffer = new byte[MaxLine];
    private int _start, _end;
    private bool _atEnd;

    /// <summary>How far it has been read, in bytes.</summary>
    public long Position { get; private set; }

    /// <summary>The next line, or as much of it as fits; empty at the end. Valid until the next call.</summary>
    public ReadOnlyMemory<byte> Next()
    {
        while (true)
        {
            var length = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n') + 1;
            if (length == 0 && (_atEnd || _end - _start == _buffer.Length)) length = _end - _start;
            if (length > 0 || _atEnd)
            {
                var line = _buffer.AsMemory(_start, length);
                _start += length;
                Position += length;
                return line;
            }
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
            var read = stream.Read(_buffer, _end, _buffer.Length - _end);
            _atEnd = read == 0;
            _end += read;
        }
    }
}
