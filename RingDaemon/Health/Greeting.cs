using System.Net.Sockets;
using System.Text;

namespace Connect.RingDaemon.Health;

/// <summary>How a service shows on a fresh connection that it lives: it says the first word, or answers one question.</summary>
public interface IGreeting
{
    /// <summary>True if the service answered as it should; false if it answered wrongly (it runs, but does not work). Waits until it does or <paramref name="cancel"/>.</summary>
    /// <exception cref="IOException">The connection ended.</exception>
    ValueTask<bool> AnswersAsync(NetworkStream stream, CancellationToken cancel);
}

/// <summary>
/// A MySQL or MariaDB server speaks first: a handshake packet of protocol version 10, or an error packet such as "too many connections", which it is alive to send.
/// A server that was stopped (SIGSTOP) still accepts connections, the kernel does that, but never says a word.
/// </summary>
public sealed class MysqlGreeting : IGreeting
{
    private const byte ProtocolVersion10 = 10;
    private const byte ErrorPacket = 0xFF;

    public async ValueTask<bool> AnswersAsync(NetworkStream stream, CancellationToken cancel)
    {
        var packet = new byte[5]; // 3 bytes length, 1 byte sequence, then the first byte of the payload
        await stream.ReadExactlyAsync(packet, cancel);
        return packet[4] is ProtocolVersion10 or ErrorPacket;
    }
}

/// <summary>An HTTP service answers <c>GET path</c> with 200. The connection is left open: its end is the first sign of a death.</summary>
public sealed class HttpGreeting(string host, string path) : IGreeting
{
    private static ReadOnlySpan<byte> Ok => "HTTP/1.1 200"u8;

    private readonly byte[] _request = Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: connect-ring\r\n\r\n");

    public async ValueTask<bool> AnswersAsync(NetworkStream stream, CancellationToken cancel)
    {
        await stream.WriteAsync(_request, cancel);
        var status = new byte[12];
        await stream.ReadExactlyAsync(status, cancel);
        return status.AsSpan().SequenceEqual(Ok);
    }
}
