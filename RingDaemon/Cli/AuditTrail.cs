using System.Text.Json.Nodes;

namespace Connect.RingDaemon.Cli;

/// <summary>The audit logs of all nodes as one story, oldest entry first.</summary>
internal static class AuditTrail
{
    /// <param name="node">Only this one's; null: of everyone who answers.</param>
    /// <param name="limit">Entries of each node.</param>
    /// <exception cref="DaemonUnreachableException">Nobody answers.</exception>
    public static async Task<JsonObject> ReadAsync(RingConnection ring, string? node, int limit, CancellationToken cancel)
    {
        var urls = node is null && ring.Ring is not null ? ring.Urls : [(await ring.DaemonOfAsync(node, cancel)).Url];
        var answers = await Task.WhenAll(urls.Select(url => TryAsync(ring.Daemon(url), limit, cancel)));
        if (answers.All(a => a.Items is null)) throw answers[0].Failure!;
        var items = answers.SelectMany(a => a.Items ?? []).OfType<JsonObject>().OrderBy(i => (string?)i["at"], StringComparer.Ordinal).Select(i => (JsonNode)i.DeepClone());
        return new() { ["items"] = new JsonArray([.. items]) };
    }

    private static async Task<(JsonArray? Items, Exception? Failure)> TryAsync(DaemonClient daemon, int limit, CancellationToken cancel)
    {
        try
        {
            return ((await daemon.GetAsync($"/v1/audit?limit={limit}", cancel))["items"]?.AsArray() ?? [], null);
        }
        catch (Exception e) when (e is DaemonUnreachableException or DaemonRefusedException)
        {
            return (null, e);
        }
    }
}
