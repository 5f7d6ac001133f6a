using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Connect.RingDaemon.Health;

/// <summary>
/// One connection to a watched service. There is always exactly one read under way on it, so its end is noticed the moment the kernel tells of it; waiting for that
/// read, or giving up waiting, throws nothing and costs next to nothing.
/// </summary>
internal sealed class WatchedConnection : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _read = new byte[512];
    private SslStream? _ssl;
    private SocketError _error;
    private Task<int> _reading = Task.FromResult(0);

    private WatchedConnection() { }

    /// <summary>The service closed it, or it broke.</summary>
    public bool Closed { get; private set; }

    /// <summary>True if it ended because nobody is there: closed in order, refused, or reset. No route, a network that is down: those say nothing about the service.</summary>
    public bool NobodyThere => Closed && _error is SocketError.Success or SocketError.ConnectionRefused or SocketError.ConnectionReset;

    /// <summary>Never throws for what the network does: see <see cref="Closed"/>.</summary>
    /// <param name="host">Where it is.</param>
    /// <param name="port">Its port.</param>
    /// <param name="trust">Whom to believe, if it speaks TLS; null if it does not.</param>
    /// <param name="deadline">Ends when the patience does.</param>
    /// <returns>Null if the connection did not come about in time.</returns>
    public static async Task<WatchedConnection?> OpenAsync(string host, int port, SslClientAuthenticationOptions? trust, Task deadline)
    {
        var connection = new WatchedConnection();
        var connecting = connection.ConnectAsync(host, port, trust);
        if (await Task.WhenAny(connecting, deadline) != connecting)
        {
            connection.Dispose();
            return null;
        }
        if (!connection.Closed) connection._reading = connection.ReadAsync();
        return connection;
    }

    /// <summary>Asks, and reads the answer.</summary>
    /// <returns>True and false are the greeting's judgement; null if there was no answer in time or the connection ended.</returns>
    public async Task<bool?> AskAsync(IGreeting greeting, Task deadline)
    {
        if (!Closed && !greeting.Question.IsEmpty) await SendAsync(greeting.Question);
        var answer = new byte[greeting.AnswerLength];
        for (var have = 0; ;)
        {
            if (Closed || await Task.WhenAny(_reading, deadline) != _reading) return null;
            var size = Math.Min(await _reading, answer.Length - have);
            _read.AsSpan(0, size).CopyTo(answer.AsSpan(have));
            have += size;
            if (!Closed) _reading = ReadAsync();
            if (have == answer.Length) return greeting.IsRight(answer);
        }
    }

    /// <summary>Returns when <paramref name="end"/> does, or as soon as the other side closes. What else it has to say is read and thrown away.</summary>
    public async Task UntilClosedAsync(Task end)
    {
        while (!Closed && await Task.WhenAny(_reading, end) == _reading)
            if (!Closed) _reading = ReadAsync();
    }

    /// <summary>An orderly goodbye first: it ends the read without an exception.</summary>
    public void Dispose()
    {
        try
        {
            if (_socket.Connected) _socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
            // It had ended already.
        }
        _reading.ContinueWith(static (_, connection) => ((WatchedConnection)connection!).Free(), this, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private void Free()
    {
        _ssl?.Dispose();
        _socket.Dispose();
    }

    private async Task ConnectAsync(string host, int port, SslClientAuthenticationOptions? trust)
    {
        try
        {
            await _socket.ConnectAsync(host, port);
            if (trust is null) return;
            _ssl = new(new NetworkStream(_socket));
            await _ssl.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = host, CertificateChainPolicy = trust.CertificateChainPolicy });
        }
        catch (Exception e) when (IsNetworks(e))
        {
            End(e);
        }
    }

    private async Task SendAsync(ReadOnlyMemory<byte> question)
    {
        try
        {
            if (_ssl is null) await _socket.SendAsync(question);
            else await _ssl.WriteAsync(question);
        }
        catch (Exception e) when (IsNetworks(e))
        {
            End(e);
        }
    }

    private async Task<int> ReadAsync()
    {
        try
        {
            var size = _ssl is null ? await _socket.ReceiveAsync(_read) : await _ssl.ReadAsync(_read);
            if (size == 0) Closed = true;
            return size;
        }
        catch (Exception e) when (IsNetworks(e))
        {
            End(e);
            return 0;
        }
    }

    /// <summary>A certificate that is not the cluster's says nothing about the service that should be there: it counts as silence.</summary>
    private static bool IsNetworks(Exception e) => e is SocketException or ObjectDisposedException or IOException or AuthenticationException;

    /// <summary>The first fault is the reason; what fails after it fails because of it.</summary>
    private void End(Exception e)
    {
        if (!Closed) _error = (e as SocketException ?? e.InnerException as SocketException)?.SocketErrorCode ?? SocketError.OperationAborted;
        Closed = true;
    }
}
