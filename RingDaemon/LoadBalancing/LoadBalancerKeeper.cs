using System.Diagnostics;
using Connect.Node;
using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.LoadBalancing;

/// <summary>
/// Keeps the load balancer as this node wants its members there: at once when the wish changes, and once a second against what the balancer really has,
/// so that one that was restarted, and has forgotten everything, is put right.
/// </summary>
public sealed partial class LoadBalancerKeeper(ILoadBalancer balancer, HttpClient http, ILogger<LoadBalancerKeeper> log) : BackgroundService
{
    private static readonly TimeSpan Compare = TimeSpan.FromSeconds(1);

    /// <summary>How soon a board that is to get readers, and is not ready for them, is asked again.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan ReadyAnswers = TimeSpan.FromMilliseconds(500);

    private readonly SemaphoreSlim _changed = new(0, 1);
    private volatile Wish? _wish;
    private readonly Reserve _reserve = new();
    private readonly long _began = Stopwatch.GetTimestamp();
    private string? _fault;

    /// <summary>What the members should be from now on; comparing and changing happens in the background.</summary>
    /// <param name="states">By name.</param>
    /// <param name="view">Who is there.</param>
    /// <param name="reserve">Whoever is to be ready can only be read, and stands there only while nobody from the other side of the partition does.</param>
    public void Want(IReadOnlyDictionary<string, TrafficState> states, View view, bool reserve = false)
    {
        var servers = states.Where(s => view.Find(s.Key) is not null)
            .Select(s => new WantedServer(s.Key, new Uri(view.Find(s.Key)!.Facts.WebUrl), s.Value)).ToArray();
        string[] unseen = reserve ? [.. view.Members.Where(m => m.Liveness == Liveness.Unreachable).Select(m => m.Name)] : [];
        if (_wish is { } wish && wish.Servers.SequenceEqual(servers) && wish.Unseen.SequenceEqual(unseen)) return;
        _wish = new(servers, unseen, servers.Length == 0 ? 0 : view.Members.Count(m => m.Liveness != Liveness.Left && string.CompareOrdinal(m.Name, servers[0].Name) > 0));
        _changed.Wake();
    }

    /// <summary>
    /// Takes a member out at once, and once: its watcher found a part of it gone. If it is well after all, its own daemon puts it back within a second.
    /// </summary>
    public async Task TakeOutAsync(string member, CancellationToken cancel)
    {
        try
        {
            if ((await balancer.StatesAsync(cancel)).All(s => s.Node != member || s.State == TrafficState.Maintenance)) return;
            await balancer.SetStateAsync(member, TrafficState.Maintenance, cancel);
            await balancer.CutAsync(member, cancel);
            Log.TakenOut(log, member);
        }
        catch (Exception e) when (e is IOException or LoadBalancerException or TimeoutException or System.Net.Sockets.SocketException)
        {
            Log.Unreachable(log, e.Message);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (balancer is NoLoadBalancer) return;
        while (!stoppingToken.IsCancellationRequested)
        {
            var complete = _wish is not { } wish || await ApplyAsync(wish, stoppingToken);
            await ((Task)_changed.WaitAsync(complete ? Compare : Soon, stoppingToken)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <returns>False if something is left to be done soon.</returns>
    private async Task<bool> ApplyAsync(Wish wish, CancellationToken cancel)
    {
        var complete = true;
        try
        {
            var there = (await balancer.StatesAsync(cancel)).ToDictionary(s => s.Node, StringComparer.Ordinal);
            foreach (var server in wish.Servers.Select(s => wish.Unseen.Length > 0 ? InReserve(s, wish, there) : s))
            {
                var now = there.GetValueOrDefault(server.Name);
                // HAProxy believes "ready" at once and checks later: it is told only when the board itself says so.
                if (server.State == TrafficState.Ready && now?.State != TrafficState.Ready && !await IsReadyAsync(server.Web, cancel))
                {
                    complete = false;
                    continue;
                }
                if (server.State == TrafficState.Ready && (now is null || now.Host != server.Web.Host || now.Port != server.Web.Port))
                    await balancer.RegisterAsync(server.Name, server.Web.Host, server.Web.Port, cancel);
                else if (now is null) continue; // the balancer does not know it, so nobody is sent there
                if (now?.State == server.State) continue;
                await balancer.SetStateAsync(server.Name, server.State, cancel);
                // Whoever still hangs on a node that is out would wait for an answer that never comes.
                if (server.State == TrafficState.Maintenance) await balancer.CutAsync(server.Name, cancel);
                Log.Changed(log, server.Name, now?.State, server.State);
            }
            if (_fault is not null) Log.Back(log);
            _fault = null;
        }
        catch (Exception e) when (e is IOException or LoadBalancerException or TimeoutException or System.Net.Sockets.SocketException)
        {
            if (_fault != e.Message) Log.Unreachable(log, _fault = e.Message);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // Stopping.
        }
        return complete;
    }

    private WantedServer InReserve(WantedServer server, Wish wish, Dictionary<string, Backend> there)
    {
        if (server.State != TrafficState.Ready) return server;
        var stands = there.GetValueOrDefault(server.Name)?.State == TrafficState.Ready;
        var others = wish.Unseen.Any(name => there.GetValueOrDefault(name) is { TakesTraffic: true });
        return _reserve.Judge(Stopwatch.GetElapsedTime(_began), stands, others, wish.Rank) ? server : server with { State = TrafficState.Maintenance };
    }

    private async Task<bool> IsReadyAsync(Uri web, CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(ReadyAnswers);
        try
        {
            using var answer = await http.GetAsync(new Uri(web, "/health/ready"), deadline.Token);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return false;
        }
    }

    private sealed record WantedServer(string Name, Uri Web, TrafficState State);

    /// <param name="Servers">What each should be.</param>
    /// <param name="Unseen">Members on the other side, if this node stands in reserve.</param>
    /// <param name="Rank">How many members come after this node by name.</param>
    private sealed record Wish(WantedServer[] Servers, string[] Unseen, int Rank);

    private static partial class Log
    {
        [LoggerMessage(300, LogLevel.Information, "Load balancer: {Server} is {To} now (was {From})")]
        public static partial void Changed(ILogger logger, string server, TrafficState? from, TrafficState to);

        [LoggerMessage(303, LogLevel.Information, "Load balancer: {Server} is taken out, a part of it is gone")]
        public static partial void TakenOut(ILogger logger, string server);

        [LoggerMessage(301, LogLevel.Warning, "The load balancer cannot be reached: {Reason}")]
        public static partial void Unreachable(ILogger logger, string reason);

        [LoggerMessage(302, LogLevel.Information, "The load balancer answers again")]
        public static partial void Back(ILogger logger);
    }
}
