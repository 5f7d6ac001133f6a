using Connect.Node.Presence;
using Connect.Node.Settings;

namespace Connect.BoardWeb.Ring;

/// <summary>This node's own daemon, as docs/daemon-api.md describes it.</summary>
public interface IRingDaemonClient
{
    /// <summary>Waits until enough other nodes hold a position, or <paramref name="wait"/> is over.</summary>
    /// <exception cref="RingDaemonException">The daemon did not answer.</exception>
    Task<Acknowledged> AckAsync(string position, Acknowledgement level, TimeSpan wait, CancellationToken cancel);

    /// <summary>What the node is and does.</summary>
    /// <exception cref="RingDaemonException">The daemon did not answer within a second.</exception>
    Task<NodeReport> NodeAsync(CancellationToken cancel);

    /// <summary>Tells who is on this board's pages, and asks who is on those of the other nodes.</summary>
    /// <exception cref="RingDaemonException">The daemon did not answer within a second.</exception>
    Task<HereAnswer> HereAsync(HereTold told, CancellationToken cancel);

    /// <summary>The whole ring. The daemon asks every member for it.</summary>
    /// <exception cref="RingDaemonException">The daemon did not answer within 4 s.</exception>
    Task<RingReport> RingAsync(CancellationToken cancel);

    /// <summary>What the daemon did lately.</summary>
    /// <exception cref="RingDaemonException">The daemon did not answer within a second.</exception>
    Task<AuditReport> AuditAsync(int limit, CancellationToken cancel);
}

/// <summary>The daemon's answer to the question whether others hold a position.</summary>
public sealed record Acknowledged(bool Satisfied, int Copies, int Wanted);

/// <summary>The parts of <c>GET /v1/node</c> a board needs.</summary>
/// <param name="Serving">It should get readers.</param>
/// <param name="Writable">It may take writes; a daemon that does not say so knows of no reason against it.</param>
/// <param name="ReadOnly">Why it takes no posts for now although it can be read; null if that is not so.</param>
public sealed record NodeReport(string? Name, string? State, bool Serving, string? Why, IReadOnlyList<MemberReport>? Members, bool Writable = true, string? ReadOnly = null);

/// <summary>A member as this node sees it.</summary>
public sealed record MemberReport(string Name, string? State, long? ServerId);

/// <summary>The daemon could not be reached, or answered with an error.</summary>
public sealed class RingDaemonException(string message, Exception? inner = null) : Exception(message, inner);
