using System.Text.Json.Nodes;
using Connect.Node.Security;
using Connect.RingDaemon.Cli;

namespace Connect.RingDaemon.Local;

/// <summary>Waits for states of a local ring, and says what is missing when they do not come.</summary>
internal sealed class RingWatch(RingFolder folder, RingDescription ring)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan StatusPause = TimeSpan.FromMilliseconds(150); // each look asks every member
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(2) };

    /// <summary>Waits until a server greets. A server that exits meanwhile ends the wait at once, with the end of its log.</summary>
    public static async Task ServerAnswersAsync(RingFolder folder, RingDescription ring, RingNode node, TimeSpan patience, CancellationToken cancel)
    {
        var place = folder.Node(node.Name);
        var process = place.Process(NodePart.Mysql);
        var answers = await Eventually.TrueAsync(async c =>
        {
            if (process.Running is null)
                throw new LocalRingException($"The server of {node.Name} has ended. {LogTail.Of(place.Log(NodePart.Mysql))}");
            return await ServerGreeting.HeardAsync(ring.HostOf(node), ring.PortsOf(node).Mysql, c);
        }, patience, Pause, cancel);
        if (!answers)
            throw new LocalRingException($"The server of {node.Name} does not answer after {patience.TotalSeconds:0} s. {LogTail.Of(place.Log(NodePart.Mysql))}");
    }

    /// <summary>Waits until the ring is closed, every node gets traffic, and the board answers through the load balancer.</summary>
    public async Task ClosedAsync(TimeSpan patience, CancellationToken cancel)
    {
        var last = "no daemon has answered yet";
        var done = await Eventually.TrueAsync(async c =>
        {
            foreach (var node in ring.Nodes)
            {
                RequireAlive(node, NodePart.Daemon);
                RequireAlive(node, NodePart.Web);
                if (folder.HaproxyProcess.Running is null) throw new LocalRingException($"HAProxy has ended. {LogTail.Of(folder.HaproxyLog)}");
            }
            if (await StatusAsync(ring.Nodes, c) is not { } status) return false;
            last = Words(status);
            return last.Length == 0 && await BoardAnswersAsync(c);
        }, patience, StatusPause, cancel);
        if (!done)
        {
            throw new LocalRingException($"After {patience.TotalSeconds:0} s the ring is not complete: {(last.Length > 0 ? last : "the board does not answer at " + ring.BoardUrl)}. "
                + LogTail.Of(folder.Node(ring.Nodes[0].Name).Log(NodePart.Daemon)));
        }
    }

    /// <summary>
    /// Waits until a node is alive (or in the maintenance an operator has put it into) and the ring is closed again. Its own daemon is asked: right after a crash the others may not
    /// have noticed yet, and would still call it alive.
    /// </summary>
    /// <param name="node">Which one.</param>
    /// <param name="patience">How long to wait.</param>
    /// <param name="tick">Done before each look, like starting a server again that ended because it was cloned.</param>
    public async Task AliveAsync(RingNode node, TimeSpan patience, Action tick, CancellationToken cancel)
    {
        var last = "its daemon has not answered yet";
        var done = await Eventually.TrueAsync(async c =>
        {
            tick();
            if (await RefusalAsync(node, c) is { } refusal) throw new RefusedException(refusal);
            if (await StatusAsync([node], c) is not { } status) return false;
            var entry = status["nodes"]?.AsArray().FirstOrDefault(n => (string?)n?["name"] == node.Name);
            last = entry is null ? "the ring does not know it yet" : $"it is {(string?)entry["state"]}, its replication is {(string?)entry["replication"] ?? "unknown"}";
            if ((bool?)status["ring"]?["closed"] != true && (string?)entry?["state"] is "alive") last = "it is alive, but the ring is not closed";
            return (bool?)status["ring"]?["closed"] == true
                && ((string?)entry?["state"] is "maintenance" || ((string?)entry?["state"] is "alive" && (bool?)entry["inLoadBalancer"] == true));
        }, patience, StatusPause, cancel);
        if (!done)
        {
            throw new LocalRingException($"{node.Name} is started but not alive after {patience.TotalSeconds:0} s: {last}. "
                + LogTail.Of(folder.Node(node.Name).Log(NodePart.Daemon)));
        }
    }

    /// <summary>Why the ring did not let a node in, as its own daemon was told; null if nothing was refused (yet).</summary>
    private async Task<string?> RefusalAsync(RingNode node, CancellationToken cancel)
    {
        try
        {
            return (string?)(await new DaemonClient(ring.DaemonUrl(node), ClusterKeys.Load(folder.KeyFile).ApiToken).GetAsync("/v1/node", cancel))["refused"];
        }
        catch (Exception e) when (e is DaemonUnreachableException or DaemonRefusedException)
        {
            return null;
        }
    }

    /// <summary>What the first of these daemons that answers says; null if none does.</summary>
    private async Task<JsonNode?> StatusAsync(IEnumerable<RingNode> nodes, CancellationToken cancel)
    {
        var token = ClusterKeys.Load(folder.KeyFile).ApiToken;
        foreach (var node in nodes)
        {
            if (folder.Node(node.Name).Process(NodePart.Daemon).Running is not { IsStopped: false }) continue;
            try
            {
                return await new DaemonClient(ring.DaemonUrl(node), token).GetAsync("/v1/status", cancel);
            }
            catch (Exception e) when (e is DaemonUnreachableException or DaemonRefusedException { Status: >= 500 })
            {
                // It is still starting; the next one may be further.
            }
        }
        return null;
    }

    /// <summary>What keeps the ring from being complete; empty if nothing does.</summary>
    private string Words(JsonNode status)
    {
        if ((bool?)status["ring"]?["closed"] != true) return "replication does not reach every node yet";
        var serving = status["nodes"]?.AsArray().Where(n => (bool?)n?["inLoadBalancer"] == true).Select(n => (string?)n?["name"]).ToHashSet() ?? [];
        var waiting = ring.Nodes.Where(n => !serving.Contains(n.Name)).Select(n => n.Name).ToList();
        return waiting.Count == 0 ? "" : $"{string.Join(", ", waiting)} not in the load balancer yet";
    }

    private async Task<bool> BoardAnswersAsync(CancellationToken cancel)
    {
        try
        {
            using var answer = await Http.GetAsync(ring.BoardUrl + "/health/ready", cancel);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return false;
        }
    }

    private void RequireAlive(RingNode node, NodePart part)
    {
        var place = folder.Node(node.Name);
        if (place.Process(part).Running is null)
            throw new LocalRingException($"The {(part == NodePart.Web ? "board" : "daemon")} of {node.Name} has ended. {LogTail.Of(place.Log(part))}");
    }
}
