using System.Net.Sockets;

namespace Connect.RingDaemon.Local;

/// <summary>The cheapest question to a database server: does it greet whoever connects?</summary>
internal static class ServerGreeting
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMilliseconds(500);

    /// <returns>True if the server on the port greets; false if it refuses, is silent, or turns people away with an error.</returns>
    public static async Task<bool> HeardAsync(string host, int port, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Deadline);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(host, port, limit.Token);
            var packet = new byte[5]; // length (3), number (1), protocol version (1): 10; an error packet has 255 there
            await client.GetStream().ReadExactlyAsync(packet, limit.Token);
            return packet[4] == 10;
        }
        catch (Exception e) when (e is SocketException or IOException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return false;
        }
    }
}
