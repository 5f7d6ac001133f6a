using System.Net;
using System.Net.Sockets;

namespace Connect.RingDaemon.Tests.Health;

/// <summary>Accepts and greets like a server; when it does not greet it still accepts, as a stopped process' kernel does.</summary>
internal sealed class FakeServer : IDisposable
{
    private readonly TcpListener _listener;
    private readonly List<TcpClient> _clients = [];

    public FakeServer(bool greets, int port = 0)
    {
        Greets = greets;
        _listener = new(IPAddress.Loopback, port);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _ = AcceptAsync();
    }

    public int Port { get; }

    public volatile bool Greets;

    public byte[] Greeting { get; init; } = [0x4A, 0, 0, 0, 10];

    public bool HangsUp { get; init; }

    /// <summary>What it says whenever it is asked something; nothing if empty.</summary>
    public volatile byte[] Answer = [];

    public volatile int Accepted;

    public volatile int Answered;

    public void Dispose()
    {
        _listener.Dispose();
        lock (_clients) _clients.ForEach(c => c.Dispose());
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync();
                Accepted++;
                lock (_clients) _clients.Add(client);
                if (Greets) await client.GetStream().WriteAsync(Greeting);
                if (HangsUp) client.Close();
                else _ = AnswerAsync(client);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException)
        {
            // The server has died.
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        try
        {
            var question = new byte[512];
            while (await client.GetStream().ReadAsync(question) > 0)
            {
                if (Answer.Length == 0) continue;
                await client.GetStream().WriteAsync(Answer);
                Answered++;
            }
        }
        catch (Exception e) when (e is ObjectDisposedException or IOException or InvalidOperationException)
        {
            // The client or the server has gone.
        }
    }
}
