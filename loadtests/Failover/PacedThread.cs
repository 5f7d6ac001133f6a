using Connect.LoadTests.Load;

namespace Connect.LoadTests.Failover;

/// <summary>A thread that does something again and again, a fixed time apart; when one turn takes longer than that, the next begins at once.</summary>
internal sealed class PacedThread(string name, TimeSpan pace, Action turn) : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Thread? _thread;

    public void Start()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Returns when the thread has ended.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        _thread?.Join();
        _stop.Dispose();
    }

    private void Run()
    {
        var due = Clock.Now;
        while (!_stop.IsCancellationRequested)
        {
            turn();
            due = Math.Max(Clock.After(due, pace), Clock.Now);
            var left = Clock.Milliseconds(Clock.Now, due);
            if (left > 0) Thread.Sleep(TimeSpan.FromMilliseconds(left));
        }
    }
}
