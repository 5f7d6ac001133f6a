using System.Net.Sockets;
using Connect.LoadTests.Load;
using Connect.LoadTests.Ring;

namespace Connect.LoadTests.Failover;

/// <summary>Asks HAProxy every 5 ms whether one node gets traffic, and remembers when it no longer did.</summary>
public sealed class BalancerWatch : IDisposable
{
    public static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(5);

    private readonly BalancerSocket _socket;
    private readonly string _victim;
    private readonly PacedThread _thread;
    private long _outSince;
    private int _served;
    private long _killed = long.MaxValue;

    public BalancerWatch(BalancerSocket socket, string victim)
    {
        (_socket, _victim) = (socket, victim);
        _thread = new("balancer watch", Pace, Look);
    }

    /// <summary>When, after the kill, HAProxy was first found not to send anybody to the victim; 0 until then.</summary>
    public long OutSince => Volatile.Read(ref _outSince);

    /// <summary>The last answer HAProxy was asked for before the kill had the victim among those that get traffic. Otherwise the time proves nothing.</summary>
    public bool ServedBefore => Volatile.Read(ref _served) == 1;

    public void Start() => _thread.Start();

    /// <summary>From this moment on it matters.</summary>
    public void Killed(long at) => Volatile.Write(ref _killed, at);

    public void Dispose() => _thread.Dispose();

    private void Look()
    {
        var asked = Clock.Now;
        try
        {
            if (OutSince != 0) return;
            var serves = _socket.Serving().Contains(_victim);
            if (Clock.Now < Volatile.Read(ref _killed)) Volatile.Write(ref _served, serves ? 1 : 0);
            else if (!serves && asked >= Volatile.Read(ref _killed)) Volatile.Write(ref _outSince, Clock.Now);
        }
        catch (SocketException)
        {
            // HAProxy did not answer this time; nothing is known.
        }
    }
}
