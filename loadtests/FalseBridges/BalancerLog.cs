using System.Net.Sockets;
using Connect.LoadTests.Failover;
using Connect.LoadTests.Ring;

namespace Connect.LoadTests.FalseBridges;

/// <summary>A node that began or ceased to get traffic.</summary>
public sealed record BalancerChange(DateTimeOffset At, string Node, bool Serves);

/// <summary>Asks HAProxy every 50 ms who gets traffic, and notes each change.</summary>
internal sealed class BalancerLog : IDisposable
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(50);

    private readonly BalancerSocket _socket;
    private readonly PacedThread _thread;
    private readonly Lock _gate = new();
    private readonly List<BalancerChange> _changes = [];
    private IReadOnlySet<string>? _serving;

    public BalancerLog(BalancerSocket socket)
    {
        _socket = socket;
        _thread = new("balancer log", Pace, Look);
        _thread.Start();
    }

    public IReadOnlyList<BalancerChange> Changes
    {
        get
        {
            lock (_gate) return [.. _changes];
        }
    }

    public void Dispose() => _thread.Dispose();

    private void Look()
    {
        try
        {
            var serving = _socket.Serving();
            var before = _serving ?? serving;
            _serving = serving;
            lock (_gate)
            {
                _changes.AddRange(before.Except(serving).Select(n => new BalancerChange(DateTimeOffset.UtcNow, n, false)));
                _changes.AddRange(serving.Except(before).Select(n => new BalancerChange(DateTimeOffset.UtcNow, n, true)));
            }
        }
        catch (SocketException)
        {
            // HAProxy did not answer this time; nothing is known.
        }
    }
}
