using System.Net.Sockets;
using System.Text;

namespace Connect.RingDaemon.LoadBalancing;

/// <summary>
/// HAProxy, ordered through its runtime socket. One connection a command, as HAProxy's own manual advises for scripts; a command is a line, the answer
/// ends with the connection. Verified with 2.6 (docs/load-balancing.md).
/// </summary>
/// <param name="socketPath">The runtime socket.</param>
/// <param name="backend">The backend that holds the boards, with a slot named like each node.</param>
public sealed class HaproxyRuntime(string socketPath, string backend) : ILoadBalancer
{
    /// <summary>How long one command may take. HAProxy answers within a millisecond or is not well.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromMilliseconds(500);

    private const int MaxAnswer = 256 << 10;

    public async Task RegisterAsync(string node, string host, int port, CancellationToken cancel = default)
    {
        RequireName(node);
        if (!Array.TrueForAll([.. host], c => char.IsAsciiLetterOrDigit(c) || c is '.' or ':' or '-')) throw new LoadBalancerException($"'{host}' is not a host.");
        // Answers with what it changed, or that there was no need to.
        var answer = await CommandAsync($"set server {backend}/{node} addr {host} port {port}", cancel);
        if (!answer.Contains("changed", StringComparison.Ordinal) && !answer.Contains("no need to change", StringComparison.Ordinal))
            throw new LoadBalancerException($"HAProxy did not take {host}:{port} for {node}: {answer}");
    }

    public Task SetStateAsync(string node, TrafficState state, CancellationToken cancel = default)
    {
        var word = state switch { TrafficState.Ready => "ready", TrafficState.Drain => "drain", _ => "maint" };
        return OrderAsync($"set server {backend}/{RequireName(node)} state {word}", cancel);
    }

    public Task CutAsync(string node, CancellationToken cancel = default) => OrderAsync($"shutdown sessions server {backend}/{RequireName(node)}", cancel);

    public async Task<IReadOnlyList<Backend>> StatesAsync(CancellationToken cancel = default) =>
        Parse(await CommandAsync($"show servers state {backend}", cancel));

    /// <summary>Reads <c>show servers state</c>: a version, a line of names that begins with <c>#</c>, and a line a server. Unused slots are left out.</summary>
    /// <exception cref="LoadBalancerException">It is something else.</exception>
    internal static IReadOnlyList<Backend> Parse(string text)
    {
        var lines = text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var heading = Array.FindIndex(lines, l => l.StartsWith('#'));
        if (heading < 0) throw new LoadBalancerException($"HAProxy's answer is not a list of servers: {text.Trim()}");
        var names = lines[heading].TrimStart('#').Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int Column(string name) => Array.IndexOf(names, name) is >= 0 and var at ? at : throw new LoadBalancerException($"HAProxy's list of servers has no {name}.");
        var (name, host, operation, admin, port) = (Column("srv_name"), Column("srv_addr"), Column("srv_op_state"), Column("srv_admin_state"), Column("srv_port"));
        return [.. lines.Skip(heading + 1).Select(l => l.Split(' ')).Where(f => f.Length > Math.Max(port, admin) && f[port] is not ("0" or "1"))
            .Select(f => new Backend(f[name], f[host], int.Parse(f[port]), Admin(int.Parse(f[admin])), int.Parse(f[operation]) is Running or Starting))];
    }

    // srv_op_state: 0 stopped, 1 starting (slow start), 2 running, 3 stopping (soft stop, drain).
    private const int Starting = 1;
    private const int Running = 2;

    /// <summary>srv_admin_state is a set of flags: maintenance forced 1, inherited 2, from the configuration 4, by DNS 32; drain forced 8, inherited 16.</summary>
    private static TrafficState Admin(int flags)
    {
        // "disabled" in the configuration (4) stays visible as history when the server was switched on at run time: 1 and 32 alone say that it is off now.
        const int MaintenanceNow = 1 | 2 | 32;
        const int Drain = 8 | 16;
        return (flags & MaintenanceNow) != 0 ? TrafficState.Maintenance : (flags & Drain) != 0 ? TrafficState.Drain : TrafficState.Ready;
    }

    private async Task OrderAsync(string command, CancellationToken cancel)
    {
        var answer = await CommandAsync(command, cancel);
        if (answer.Length > 0) throw new LoadBalancerException($"HAProxy refused '{command}': {answer}"); // silence is consent
    }

    private async Task<string> CommandAsync(string command, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Deadline);
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), limit.Token);
            await socket.SendAsync(Encoding.ASCII.GetBytes(command + "\n"), limit.Token);
            using var answer = new MemoryStream();
            var buffer = new byte[16 << 10];
            while (await socket.ReceiveAsync(buffer, limit.Token) is > 0 and var read)
            {
                answer.Write(buffer, 0, read);
                if (answer.Length > MaxAnswer) throw new LoadBalancerException($"HAProxy answers '{command}' without end.");
            }
            return Encoding.ASCII.GetString(answer.ToArray()).Trim();
        }
        catch (SocketException e)
        {
            throw new LoadBalancerException($"HAProxy cannot be reached at {socketPath}: {e.Message}", e);
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new LoadBalancerException($"HAProxy did not answer within {Deadline.TotalMilliseconds:0} ms at {socketPath}.", e);
        }
    }

    /// <summary>A name goes into a command: nothing in it may end the command.</summary>
    private static string RequireName(string node) => node.Length > 0 && node.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
        ? node : throw new LoadBalancerException($"'{node}' is not a node's name.");
}
