using System.Net.Security;

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

    /// <summary>For daemons and boards: their death is seen as soon, their silence half a second later than a server's, for half the price.</summary>
    public static WatchOptions Http { get; } = new() { Interval = TimeSpan.FromSeconds(1), SilentAfter = TimeSpan.FromMilliseconds(2400) };

    /// <summary>For a server behind a broken link: nobody waits for it, so a look every two seconds will do, up or not.</summary>
    public static WatchOptions Link { get; } = new() { Interval = TimeSpan.FromSeconds(2), DownInterval = TimeSpan.FromSeconds(2) };
}

/// <summary>
/// Watches one service on one address. Imagine holding its hand: the connection of the last successful look is kept open, and the moment the kernel closes it
/// (the process died) we look again at once: a farewell and a refusal right after it are hard evidence. Somebody who only falls silent keeps the hand in
/// ours; that is why we also ask every half second: on the same connection if the service answers questions, on a fresh one if it only greets.
/// </summary>
/// <param name="host">Where it is.</param>
/// <param name="port">Its port.</param>
/// <param name="greeting">What to ask, and what is right.</param>
/// <param name="options">How closely.</param>
/// <param name="time">The clock.</param>
/// <param name="report">Called on each change of the finding, and on each success after one; never concurrently.</param>
/// <param name="trust">Whom to believe, if the service speaks TLS.</param>
public sealed class ServiceWatch(string host, int port, IGreeting greeting, WatchOptions options, TimeProvider time, Action<Finding> report, SslClientAuthenticationOptions? trust = null)
    : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private WatchedConnection? _held;

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
        var lastAnswer = time.GetTimestamp();
        var farewells = 0;
        while (!stop.IsCancellationRequested)
        {
            var finding = await LookWithinAsync(options.SilentAfter - time.GetElapsedTime(lastAnswer), stop);
            if (stop.IsCancellationRequested) break;
            if (finding == Finding.Up) lastAnswer = time.GetTimestamp();
            // One unanswered look is not silence yet: only the whole patience without an answer is.
            if (finding != Finding.Silent || time.GetElapsedTime(lastAnswer) >= options.SilentAfter) Found(finding);
            if (_held is not null) await _held.UntilClosedAsync(Task.Delay(options.Interval, time, stop));
            farewells = _held is { Closed: true } ? farewells + 1 : 0;
            // The first farewell is looked into at once. A service that greets and hangs up every time ("too many connections") is not to be hammered.
            if (_held is null || farewells > 1) await Task.Delay(options.DownInterval, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        Hold(null);
    }

    private void Found(Finding finding)
    {
        if (finding == Finding) return;
        Finding = finding;
        report(finding);
    }

    private void Hold(WatchedConnection? connection)
    {
        _held?.Dispose();
        _held = connection;
    }

    private async Task<Finding> LookWithinAsync(TimeSpan patience, CancellationToken stop)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var finding = await LookAsync(Task.Delay(patience > options.DownInterval ? patience : options.DownInterval, time, over.Token));
        over.Cancel(); // frees the timer
        return finding;
    }

    private async Task<Finding> LookAsync(Task deadline)
    {
        if (_held is { Closed: false } && !greeting.Question.IsEmpty)
        {
            var again = await _held.AskAsync(greeting, deadline);
            if (again == true) return Finding.Up;
            if (again == false || !_held.Closed) return Lost(again == false ? Finding.Refused : Finding.Silent);
        }
        // The connection is gone, or was only good for one greeting: what a new one meets is the finding.
        if (await WatchedConnection.OpenAsync(host, port, trust, deadline) is not { } fresh) return Lost(Finding.Silent);
        var answer = await fresh.AskAsync(greeting, deadline);
        if (answer == true)
        {
            Hold(fresh);
            return Finding.Up;
        }
        var finding = answer == false || fresh.NobodyThere ? Finding.Refused : Finding.Silent; // before we hang up ourselves
        fresh.Dispose();
        return Lost(finding);
    }

    private Finding Lost(Finding finding)
    {
        Hold(null);
        return finding;
    }
}
