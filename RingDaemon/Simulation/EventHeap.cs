namespace Connect.RingDaemon.Simulation;

/// <summary>What is going to happen, in the order of (time, when it was planned): a total order, so a run depends on nothing but its seed.</summary>
internal sealed class EventHeap
{
    private readonly PriorityQueue<Action, (TimeSpan At, long Order)> _events = new();
    private long _order;

    public TimeSpan Now { get; private set; }

    public void At(TimeSpan time, Action what) => _events.Enqueue(what, (time < Now ? Now : time, ++_order));

    public void After(TimeSpan delay, Action what) => At(Now + delay, what);

    public void RunUntil(TimeSpan end)
    {
        while (_events.TryPeek(out var what, out var when) && when.At <= end)
        {
            _events.Dequeue();
            Now = when.At;
            what();
        }
        Now = end;
    }
}
