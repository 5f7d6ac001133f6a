using System.Text.Json;
using System.Text.Json.Nodes;
using Connect.Node.Ring;
using Connect.RingDaemon.Convergence;
using Connect.RingDaemon.Daemon;

namespace Connect.RingDaemon.Api;

/// <summary>The whole ring: the answer to <c>GET /v1/status</c>, and what <c>status --json</c> prints. Names and shape are CONTRACT's and stay put.</summary>
public sealed record RingReport
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public string Board { get; init; } = "";

    public RingShape Ring { get; init; } = new();

    /// <summary>Every node has executed the same transactions, and none of them has found a row that differs from its neighbour's.</summary>
    public bool Converged { get; init; }

    public IReadOnlyList<NodeStatus> Nodes { get; init; } = [];

    /// <summary>The ring is closed, and whoever has not been taken out on purpose does its work.</summary>
    public bool IsHealthy() => Nodes.AreHealthy(Ring.Closed);

    public static RingReport From(JsonNode node) => node.Deserialize<RingReport>(Json) ?? new();

    public JsonNode ToJson() => JsonSerializer.SerializeToNode(this, Json)!;
}

/// <param name="Closed">Following <c>source</c> from any alive node visits every alive node once, and each of those links runs.</param>
/// <param name="Order">Names in ring order.</param>
/// <param name="View">Version of the answering node's membership view.</param>
public sealed record RingShape(bool Closed, IReadOnlyList<string> Order, long View)
{
    public RingShape() : this(false, [], 0)
    {
    }
}

/// <summary>One node.</summary>
public sealed record NodeStatus : INodeStanding
{
    public string Name { get; init; } = "";

    /// <summary>One of joining, alive, suspect, unreachable, maintenance, leaving, left.</summary>
    public string State { get; init; } = "";

    public string Engine { get; init; } = "";

    /// <summary>Whom it replicates from; null if nobody.</summary>
    public string? Source { get; init; }

    /// <summary>running, connecting, stopped.</summary>
    public string Replication { get; init; } = "";

    public double? LagSeconds { get; init; }

    public ServerPoint Mysql { get; init; } = new("", 0, false);

    public HttpPoint Web { get; init; } = new("", false);

    public HttpPoint Daemon { get; init; } = new("", false);

    /// <summary>server_id of the incarnation of its data.</summary>
    public uint ServerId { get; init; }

    public bool InLoadBalancer { get; init; }

    /// <summary>Why it is not alive, in words; empty if it is.</summary>
    public string Why { get; init; } = "";

    /// <summary>Why it takes no posts for now although it can be read (<c>minority: readonly</c>); null if that is not so.</summary>
    public string? ReadOnly { get; init; }

    /// <summary>writable or readonly: what it does when it sees fewer than a majority; null when it does not answer.</summary>
    public string? Minority { get; init; }

    /// <summary>What its server has executed, in the engine's notation; null when it is not known.</summary>
    public string? Position { get; init; }

    /// <summary>What it last found when it compared its rows with a neighbour's; null if it has not.</summary>
    public ComparedRows? Compared { get; init; }

    /// <summary>How long it may be away, or stay away, before it needs rows instead of logs, as the answering node sees it.</summary>
    public LogOutlook? Logs { get; init; }

    // Not a part of the answer.
    bool INodeStanding.IsUp => Mysql.Up && Web.Up && Daemon.Up;
}

public sealed record ServerPoint(string Host, int Port, bool Up);

public sealed record HttpPoint(string Url, bool Up);
