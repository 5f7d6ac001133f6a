using System.Text;

namespace Connect.RingDaemon.Health;

/// <summary>How a service shows that it lives: it says the first word, or answers one question.</summary>
public interface IGreeting
{
    /// <summary>What it is asked; empty if it speaks first. Then only a fresh connection can show that it lives.</summary>
    ReadOnlyMemory<byte> Question { get; }

    /// <summary>How many bytes of its answer it takes to judge it.</summary>
    int AnswerLength { get; }

    /// <summary>True if it answered as it should; false if it answered wrongly: it runs, but does not work.</summary>
    bool IsRight(ReadOnlySpan<byte> answer);
}

/// <summary>
/// A MySQL or MariaDB server speaks first: a handshake packet of protocol version 10, or an error packet such as "too many connections", which it is alive to send.
/// A server that was stopped (SIGSTOP) still accepts connections, the kernel does that, but never says a word.
/// </summary>
public sealed class MysqlGreeting : IGreeting
{
    private const byte ProtocolVersion10 = 10;
    private const byte ErrorPacket = 0xFF;

    public ReadOnlyMemory<byte> Question => default;

    public int AnswerLength => 5; // 3 bytes length, 1 byte sequence, then the first byte of the payload

    public bool IsRight(ReadOnlySpan<byte> answer) => answer[4] is ProtocolVersion10 or ErrorPacket;
}

/// <summary>An HTTP service answers <c>GET path</c> with 200, again and again on one connection.</summary>
public sealed class HttpGreeting(string host, string path) : IGreeting
{
    private static ReadOnlySpan<byte> Ok => "HTTP/1.1 200"u8;

    public ReadOnlyMemory<byte> Question { get; } = Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: connect-ring\r\n\r\n");

    public int AnswerLength => Ok.Length;

    public bool IsRight(ReadOnlySpan<byte> answer) => answer.SequenceEqual(Ok);
}
