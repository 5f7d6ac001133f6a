using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Connect.BoardWeb.Tests.Stage;

/// <summary>Stands between a board and its server, and cuts the connection once, when the server begins to answer a certain statement.</summary>
public sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _end = new();
    private volatile string? _statement;
    private int _cuts;

    private CuttingProxy(TcpListener listener) => _listener = listener;

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public int Cuts => _cuts;

    public static Task<CuttingProxy> StartAsync(int target)
    {
        var listener = new TcpListener(IPAddress.Loopback, Server.FreePort());
        listener.Start();
        var proxy = new CuttingProxy(listener);
        _ = proxy.AcceptAsync(target);
        return Task.FromResult(proxy);
    }

    /// <summary>The next answer to a packet with this text in it never reaches the client.</summary>
    public void CutAnswerAfter(string statement) => _statement = statement;

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        _end.Dispose();
    }

    private async Task AcceptAsync(int target)
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_end.Token);
                var server = new TcpClient();
                await server.ConnectAsync(IPAddress.Loopback, target, _end.Token);
                _ = CarryAsync(client, server);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The end.
        }
    }

    private async Task CarryAsync(TcpClient client, TcpClient server)
    {
        var cut = false;
        using (client)
        using (server)
        {
            var up = PumpAsync(client, server, bytes =>
            {
                if (_statement is not { } s || bytes.Span.IndexOf(Encoding.UTF8.GetBytes(s)) < 0) return true;
                _statement = null;
                cut = true;
                return true;
            });
            var down = PumpAsync(server, client, _ =>
            {
                if (!cut) return true;
                Interlocked.Increment(ref _cuts);
                return false;
            });
            await Task.WhenAny(up, down);
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to, Func<ReadOnlyMemory<byte>, bool> pass)
    {
        var buffer = new byte[65536];
        try
        {
            while (true)
            {
                var read = await from.GetStream().ReadAsync(buffer, _end.Token);
                if (read == 0 || !pass(buffer.AsMemory(0, read))) return;
                await to.GetStream().WriteAsync(buffer.AsMemory(0, read), _end.Token);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // One side has gone; the other follows.
        }
    }
}
