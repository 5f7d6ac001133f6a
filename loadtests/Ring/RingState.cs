using System.Text.Json;

namespace Connect.LoadTests.Ring;

/// <summary>The parts of <c>status --json</c> (CONTRACT) that measurements need.</summary>
public sealed record RingState(RingState.RingPart Ring, bool Converged, IReadOnlyList<RingState.NodePart> Nodes)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public sealed record RingPart(bool Closed, IReadOnlyList<string> Order);

    public sealed record NodePart(string Name, string State, string Engine, string? Source, string Replication, uint ServerId, bool InLoadBalancer)
    {
        /// <summary>Why it does not serve, in its daemon's words; empty if it does.</summary>
        public string? Why { get; init; }
    }

    /// <exception cref="JsonException">It is something else.</exception>
    public static RingState Parse(string json) => JsonSerializer.Deserialize<RingState>(json, Json) ?? throw new JsonException("an empty status");

    public NodePart this[string name] => Nodes.First(n => n.Name == name);

    public string Predecessor(string name) => Step(name, -1);

    public string Successor(string name) => Step(name, 1);

    /// <summary>What keeps the ring from being as good as it can be; empty if nothing does.</summary>
    /// <param name="expected">Names of its nodes.</param>
    public string Ailment(IReadOnlyCollection<string> expected)
    {
        if (expected.FirstOrDefault(name => Nodes.All(n => n.Name != name)) is { } unknown) return $"{unknown} is not known";
        if (Nodes.FirstOrDefault(n => n.State != "alive") is { } sick) return $"{sick.Name} is {sick.State}{(string.IsNullOrEmpty(sick.Why) ? "" : $", {sick.Why}")}";
        if (!Ring.Closed) return "the ring is not closed";
        if (Nodes.FirstOrDefault(n => !n.InLoadBalancer) is { } outside) return $"{outside.Name} is not in the load balancer";
        // A node alone has nobody to replicate from.
        if (Nodes.Count > 1 && Nodes.FirstOrDefault(n => n.Source != Predecessor(n.Name)) is { } astray) return $"{astray.Name} replicates from {astray.Source ?? "nobody"}, not from {Predecessor(astray.Name)}";
        return Converged ? "" : "it has not converged";
    }

    private string Step(string name, int by)
    {
        var order = Ring.Order.ToList();
        return order[(order.IndexOf(name) + by + order.Count) % order.Count];
    }
}
