namespace Connect.RingDaemon.Membership;

/// <summary>
/// The bounded queue in front of the core. Not a <see cref="System.Threading.Channels.Channel"/>: the loop behind it has a thread of its own and must wake in time
/// although the pool is starved, so it waits on a monitor and needs neither the pool nor a timer.
/// </summary>
internal sealed class Inbox(int capacity)
{
    /// <summary>Share of the queue that packets may fill; the rest is kept for what this process itself has to say.</summary>
    private readonly int _packets = capacity * 3 / 4;

    private readonly Queue<Input> _queue = [];
    private readonly object _gate = new();
    private long _dropped;

    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Never waits. What finds the queue full is dropped and counted; gossip repeats itself.</summary>
    public bool Post(Input input)
    {
        lock (_gate)
        {
            if (_queue.Count >= (input is PacketReceived ? _packets : capacity))
            {
                _dropped++;
                return false;
            }
            _queue.Enqueue(input);
            Monitor.Pulse(_gate);
            return true;
        }
    }

    public bool TryTake(out Input? input)
    {
        lock (_gate) return _queue.TryDequeue(out input);
    }

    /// <summary>Waits until something has arrived, at most this long, in whole milliseconds: a monitor takes a part of one for none, and its caller would spin.</summary>
    public void Wait(TimeSpan limit)
    {
        lock (_gate)
            if (_queue.Count == 0 && limit > TimeSpan.Zero) Monitor.Wait(_gate, (int)Math.Ceiling(limit.TotalMilliseconds));
    }

    public void Wake()
    {
        lock (_gate) Monitor.Pulse(_gate);
    }
}
