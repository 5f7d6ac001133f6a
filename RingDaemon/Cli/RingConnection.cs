using System.Text.Json.Nodes;
using Connect.Node.Security;
using Connect.RingDaemon.Local;

namespace Connect.RingDaemon.Cli;

/// <summary>A ring that a verb speaks to, through whichever daemon answers.</summary>
/// <param name="Folder">The local ring's folder; null for a ring named by a daemon's address.</param>
/// <param name="Ring">What that folder says.</param>
/// <param name="Urls">The daemons that are known.</param>
/// <param name="KeyFile">The cluster's key file. It is read for each daemon spoken to: a verb that watches goes on while the key is rotated.</param>
/// <param name="CaFile">The authority whose certificates are believed; null if none was named.</param>
internal sealed record RingConnection(RingFolder? Folder, RingDescription? Ring, IReadOnlyList<string> Urls, string KeyFile, string? CaFile)
{
    public DaemonClient Daemon(string url) => new(url, ClusterKeys.Load(KeyFile).ApiToken, CaFile);

    /// <summary>Asks all known daemons at once and takes the first answer: one that hangs delays nobody.</summary>
    /// <exception cref="DaemonUnreachableException">None answered.</exception>
    /// <exception cref="DaemonRefusedException">None answered well, and at least one refused.</exception>
    public async Task<JsonNode> AskAnyAsync(string path, CancellationToken cancel) => (await FirstAsync(path, cancel)).Answer;

    /// <summary>A daemon that answers, for what is too much work to ask of all of them at once.</summary>
    /// <exception cref="DaemonUnreachableException">None answered.</exception>
    public async Task<DaemonClient> AnyDaemonAsync(CancellationToken cancel) => (await FirstAsync("/v1/members", cancel)).Daemon;

    private async Task<(DaemonClient Daemon, JsonNode Answer)> FirstAsync(string path, CancellationToken cancel)
    {
        var asked = Urls.Select(Daemon).Select(async daemon => (daemon, await daemon.GetAsync(path, cancel))).ToList();
        var failures = new List<Exception>();
        while (asked.Count > 0)
        {
            var first = await Task.WhenAny(asked);
            asked.Remove(first);
            try
            {
                return await first;
            }
            catch (Exception e) when (e is DaemonUnreachableException or DaemonRefusedException)
            {
                failures.Add(e);
            }
        }
        throw failures.OfType<DaemonRefusedException>().FirstOrDefault() ?? (Exception)new DaemonUnreachableException(
            Urls.Count == 1 ? failures[0].Message : $"None of {Urls.Count} daemons answers ({failures[0].Message})");
    }

    /// <summary>The daemon of one node: the one that <c>--node</c> names, or the one of that name in the ring.</summary>
    /// <exception cref="UsageException">It is not said which.</exception>
    public async Task<DaemonClient> DaemonOfAsync(string? name, CancellationToken cancel)
    {
        if (name is null) return Ring is null ? Daemon(Urls[0]) : throw new UsageException($"Say which node: one of {string.Join(", ", Ring.Nodes.Select(n => n.Name))}.");
        if (Ring?.Nodes.FirstOrDefault(n => n.Name == name) is { } local) return Daemon(Ring.DaemonUrl(local));
        var status = await AskAnyAsync("/v1/status", cancel);
        var nodes = status["nodes"]?.AsArray() ?? [];
        var url = (string?)nodes.FirstOrDefault(n => (string?)n?["name"] == name)?["daemon"]?["url"];
        return url is not null ? Daemon(url)
            : throw new UsageException($"There is no node '{name}' in this ring; it has {string.Join(", ", nodes.Select(n => (string?)n?["name"]))}.");
    }
}
