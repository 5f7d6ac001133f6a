using Connect.BoardWeb.Live;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Ring;
using Microsoft.AspNetCore.Authorization;

namespace Connect.BoardWeb.Pages;

/// <summary>The operator's console: is anything wrong with the ring, where, and what to do about it. It shows; what is done is done with the CLI.</summary>
[Authorize(Roles = Roles.Administrator)]
public sealed class OpsModel(IRingDaemonClient daemon, TimeProvider time, LastWrite lastWrite) : BoardPage(lastWrite)
{
    /// <summary>Entries of the audit log that are shown.</summary>
    private const int Entries = 20;

    /// <summary>Null if the daemon does not say.</summary>
    public RingReport? Ring { get; private set; }

    public IReadOnlyList<RingFinding> Findings { get; private set; } = [];

    /// <summary>Nothing is wrong; there may be something to know.</summary>
    public bool IsWell => Ring is { IsHealthy: true } && !Findings.Any(f => f.IsFault);

    /// <summary>What this node's daemon did lately, the newest first.</summary>
    public IReadOnlyList<AuditEntry> Done { get; private set; } = [];

    /// <summary>Why the daemon does not say how the ring is.</summary>
    public string? Fault { get; private set; }

    public DateTimeOffset Now { get; } = time.GetUtcNow();

    public async Task OnGetAsync(CancellationToken cancel)
    {
        try
        {
            var (ring, done) = (daemon.RingAsync(cancel), daemon.AuditAsync(Entries, cancel));
            await Task.WhenAll(ring, done);
            (Ring, Done) = (await ring, (await done).Items);
            Findings = RingFinding.Of(Ring);
        }
        catch (RingDaemonException e)
        {
            Fault = e.Message;
        }
    }

    /// <summary>How a node stands, in a line.</summary>
    public static string Line(RingNode node)
    {
        var parts = new List<string> { node.Source is { } source ? T["OpsFollows", source, node.Replication] : T["OpsFollowsNobody"] };
        if (node.LagSeconds is { } lag) parts.Add(T["OpsLag", lag]);
        parts.Add(node.InLoadBalancer ? T["OpsHasReaders"] : T["OpsHasNoReaders"]);
        foreach (var (point, name) in new[] { (node.Mysql, node.Engine ?? "MySQL"), (node.Web, "BoardWeb"), (node.Daemon, "RingDaemon") }) parts.Add(point.Up ? T["OpsUp", name] : T["OpsDown", name]);
        return string.Join(" · ", parts);
    }
}
