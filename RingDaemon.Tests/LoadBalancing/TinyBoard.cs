using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Connect.RingDaemon.Tests.LoadBalancing;

/// <summary>A web server that says its name, and never ends to speak on <c>/stream</c>. Disposing it is a crash: every connection is reset.</summary>
internal sealed class TinyBoard : IDisposable
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromMilliseconds(50);

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _gone = new();
    private readonly List<Socket> _open = [];

    public TinyBoard(string name)
    {
        Name = name;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _ = AcceptAsync();
    }

    public string Name { get; }

    public int Port { get; }

    public void Dispose()
    {
        if (_gone.IsCancellationRequested) return;
        _gone.Cancel();
        _listener.Dispose();
        lock (_open)
        {
            foreach (var socket in _open)
            {
                try
                {
                    socket.LingerState = new LingerOption(true, 0); // a reset, not a goodbye
                }
                catch (ObjectDisposedException)
                {
                    // Its own conversation has just ended it.
                }
                socket.Dispose();
            }
        }
        _gone.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptAsync(_gone.Token);
                lock (_open) _open.Add(socket);
                _ = ServeAsync(socket);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // It crashed, as it was told to.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            using var reader = new StreamReader(stream, leaveOpen: true);
            while (await reader.ReadLineAsync(_gone.Token) is { Length: > 0 } request)
            {
                while (await reader.ReadLineAsync(_gone.Token) is { Length: > 0 })
                {
                }
                if (request.Contains(" /stream ", StringComparison.Ordinal)) await SpeakForEverAsync(stream);
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {Name.Length}\r\n\r\n{Name}"), _gone.Token);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The other side left, or the crash.
        }
    }

    private async Task SpeakForEverAsync(NetworkStream stream)
    {
        await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"u8.ToArray(), _gone.Token);
        while (true)
        {
            await stream.WriteAsync("3\r\n:\n\n\r\n"u8.ToArray(), _gone.Token);
            await Task.Delay(Heartbeat, _gone.Token);
        }
    }
}
