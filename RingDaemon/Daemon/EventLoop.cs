using System.Threading.Channels;

namespace Connect.RingDaemon.Daemon;

/// <summary>
/// Handles what others have to say, one thing after the other, so that whoever handles it needs no locks. What takes time runs beside the loop and reports back to it.
/// </summary>
public sealed partial class EventLoop(ILogger log)
{
    /// <summary>More events than this waiting means that the loop is stuck; what comes then is dropped and logged.</summary>
    private const int MostWaiting = 4096;

    private readonly Channel<Action> _inbox = Channel.CreateBounded<Action>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });
    private CancellationToken _stopping;

    /// <summary>Until <paramref name="stop"/>.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        _stopping = stop;
        try
        {
            await foreach (var handle in _inbox.Reader.ReadAllAsync(stop)) Handle(handle);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    /// <summary>Never waits.</summary>
    public void Post(Action handle)
    {
        if (!_inbox.Writer.TryWrite(handle)) Log.InboxFull(log, MostWaiting);
    }

    /// <summary>Lets <paramref name="work"/> run and then handles its result, or, if it throws, <paramref name="failed"/>.</summary>
    public void Beside<T>(Task<T> work, Action<T> then, Action? failed = null) => _ = RunBesideAsync(async () =>
    {
        var result = await work;
        Post(() => then(result));
    }, failed);

    /// <summary>The same for work without a result.</summary>
    public void Beside(Task work, Action then, Action failed) => _ = RunBesideAsync(async () =>
    {
        await work;
        Post(then);
    }, failed);

    /// <summary>Lets <paramref name="work"/> run; <paramref name="then"/> is handled whether or not it throws.</summary>
    public void Beside(Task work, Action then) => Beside(work, then, then);

    private void Handle(Action handle)
    {
        try
        {
            handle();
        }
        catch (Exception e)
        {
            // One event that could not be handled must not leave the node without a daemon.
            Log.EventFailed(log, e);
        }
    }

    private async Task RunBesideAsync(Func<Task> work, Action? failed)
    {
        try
        {
            await work();
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Stopping.
        }
        catch (Exception e)
        {
            Log.BesideFailed(log, e.Message);
            if (failed is not null) Post(failed);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(103, LogLevel.Warning, "A look at another member failed: {Reason}")]
        public static partial void BesideFailed(ILogger logger, string reason);

        [LoggerMessage(104, LogLevel.Error, "More than {Most} events are waiting; one was dropped")]
        public static partial void InboxFull(ILogger logger, int most);

        [LoggerMessage(105, LogLevel.Error, "An event could not be handled")]
        public static partial void EventFailed(ILogger logger, Exception e);
    }
}
