using System.Net.Sockets;

namespace Connect.RingDaemon.Health;

/// <summary>What a watch last found. <c>Refused</c> is hard evidence (nobody listens, or the connection was reset); <c>Silent</c> is soft.</summary>
public enum Finding { Unknown, Up, Refused, Silent }

/// <summary>How closely a service is watched.</summary>
public sealed record WatchOptions
{
    /// <summary>Half a second between looks at a service that is up.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>A fifth of a second between looks at one that is not.</summary>
    public TimeSpan DownInterval { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// 1.9 s without an answer make a service silent. With a look every half second that is 1.4 to 1.9 s after it stopped:
    /// a pause of one second is never taken for a death, and data flows again well within 2.5 s.
    /// </summary>
    public TimeSpan SilentAfter { get; init; } = TimeSpan.FromMilliseconds(1900);
}

/// <summary>
/// Watches one service on one address. Imagine holding its hand: the connection of the last successful look is kept open, and the moment the kernel closes it
/// (the process died) we look again at once: a farewell and a refusal right after it are hard evidence. Somebody who only falls silent keeps the hand in
/// ours; that is why we also ask every half second.
/// </summary>
/// <param name="report">Called on each change of the finding, and on each success after one; never concurrently.</param>
public sealed class ServiceWatch(string host, int port, IGreeting greeting, WatchOptions options, TimeProvider time, Action<Finding> report) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public Finding Finding { get; private set; } = Finding.Unknown;

    public void Start() => _running = Task.Run(() => WatchAsync(_stop.Token));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task WatchAsync(CancellationToken stop)
    {
        Socket? held = null;
        var lastAnswer = time.GetTimestamp();
        try
        {
            while (!stop.IsCancellationRequested)
            {
                var patience = options.SilentAfter - time.GetElapsedTime(lastAnswer);
                var look = await LookAsync(patience > options.DownInterval ? patience : options.DownInterval, stop);
                held?.Dispose();
                held = look.Held;
                if (look.Finding == Finding.Up) lastAnswer = time.GetTimestamp();
                // One unanswered look is not silence yet: only the whole patience without an answer is.
                if (look.Finding != Finding.Silent || time.GetElapsedTime(lastAnswer) >= options.SilentAfter) Found(look.Finding);
                if (held is not null) await UntilClosedAsync(held, options.Interval, stop);
                else await Task.Delay(options.DownInterval, time, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Asked to stop.
        }
        finally
        {
            held?.Dispose();
        }
    }

    private void Found(Finding finding)
    {
        if (finding == Finding) return;
        Finding = finding;
        report(finding);
    }

    private async Task<(Finding Finding, Socket? Held)> LookAsync(TimeSpan patience, CancellationToken stop)
    {
        using var deadline = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, stop);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(host, port, either.Token);
            var stream = new NetworkStream(socket, ownsSocket: false);
            if (await greeting.AnswersAsync(stream, either.Token)) return (Finding.Up, socket);
            socket.Dispose();
            return (Finding.Refused, null);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            socket.Dispose();
            return (Finding.Silent, null);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            socket.Dispose();
            // Refused and reset say that nobody is there. No route, a network that is down: that says nothing about the service.
            var error = (e as SocketException ?? e.InnerException as SocketException)?.SocketErrorCode;
            return (error is null or SocketError.ConnectionRefused or SocketError.ConnectionReset ? Finding.Refused : Finding.Silent, null);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Returns after <paramref name="longest"/>, or as soon as the other side closes the connection.</summary>
    private async Task UntilClosedAsync(Socket held, TimeSpan longest, CancellationToken stop)
    {
        using var deadline = new CancellationTokenSource(longest, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, stop);
        var rest = new byte[512];
        try
        {
            // What else the service has to say (the rest of its greeting) is read and thrown away; zero bytes mean it is gone.
            while (await held.ReceiveAsync(rest, either.Token) > 0) { }
        }
        catch (Exception e) when (e is SocketException or (OperationCanceledException and not null))
        {
            stop.ThrowIfCancellationRequested();
        }
    }
}
