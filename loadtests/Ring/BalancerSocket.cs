using System.Net.Sockets;
using System.Text;

namespace Connect.LoadTests.Ring;

/// <summary>Asks HAProxy whom it sends people to.</summary>
public sealed class BalancerSocket(string path, string backend = "boards")
{
    private const int Running = 2;              // srv_op_state: fully up
    // srv_admin_state: maintenance (0x01 forced, 0x02 inherited, 0x20 by resolution) or drain (0x08, 0x10). Not 0x04: that says that the configuration
    // began with "disabled", and it stays when the server is made ready.
    private const int MaintenanceOrDrain = 0x3B;

    /// <summary>The servers that get traffic now. It blocks; HAProxy answers within a millisecond or two.</summary>
    /// <exception cref="SocketException">HAProxy is not there.</exception>
    public IReadOnlySet<string> Serving()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = 1000, SendTimeout = 1000 };
        socket.Connect(new UnixDomainSocketEndPoint(path));
        socket.Send(Encoding.ASCII.GetBytes($"show servers state {backend}\n"));
        var text = new StringBuilder();
        var buffer = new byte[16 << 10];
        for (int read; (read = socket.Receive(buffer)) > 0;) text.Append(Encoding.ASCII.GetString(buffer, 0, read));
        return Parse(text.ToString());
    }

    /// <summary>Reads HAProxy's answer: a version, a line of column names after <c>#</c>, a line for each server.</summary>
    public static IReadOnlySet<string> Parse(string answer)
    {
        var lines = answer.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var columns = lines.FirstOrDefault(l => l.StartsWith('#'))?.TrimStart('#').Split(' ', StringSplitOptions.RemoveEmptyEntries).ToList();
        if (columns is null) return new HashSet<string>();
        var (name, operation, admin) = (columns.IndexOf("srv_name"), columns.IndexOf("srv_op_state"), columns.IndexOf("srv_admin_state"));
        return lines.SkipWhile(l => !l.StartsWith('#')).Skip(1).Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(f => f.Length > admin)
            .Where(f => int.Parse(f[operation]) == Running && (int.Parse(f[admin]) & MaintenanceOrDrain) == 0).Select(f => f[name]).ToHashSet();
    }
}
