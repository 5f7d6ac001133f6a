namespace Connect.RingDaemon.LoadBalancing;

/// <summary>What a load balancer does with a node.</summary>
public enum TrafficState
{
    /// <summary>Sends people there.</summary>
    Ready,

    /// <summary>Sends nobody new there; who is there may stay.</summary>
    Drain,

    /// <summary>Sends nobody there, and ends the connections that are open.</summary>
    Maintenance,
}

/// <summary>A node as the load balancer sees it.</summary>
/// <param name="Node">Its name.</param>
/// <param name="Host">Where its board is.</param>
/// <param name="Port">Its board's port.</param>
/// <param name="State">What was ordered.</param>
/// <param name="Up">The load balancer's own check finds it well. Traffic flows if it is up and <see cref="TrafficState.Ready"/>.</param>
public sealed record Backend(string Node, string Host, int Port, TrafficState State, bool Up)
{
    /// <summary>New people are sent there.</summary>
    public bool TakesTraffic => Up && State == TrafficState.Ready;
}

/// <summary>The load balancer in front of the boards. Each daemon registers its own node and switches it; orders may be repeated at will.</summary>
public interface ILoadBalancer
{
    /// <summary>Makes the node known under this address. Its state stays; a node that was unknown begins in maintenance.</summary>
    /// <exception cref="LoadBalancerException">It cannot be reached, or refuses.</exception>
    Task RegisterAsync(string node, string host, int port, CancellationToken cancel = default);

    /// <summary>Orders what is to be done with the node.</summary>
    /// <exception cref="LoadBalancerException">It cannot be reached, or does not know the node.</exception>
    Task SetStateAsync(string node, TrafficState state, CancellationToken cancel = default);

    /// <summary>Ends the connections that are open to a node, live updates included: their browsers come back to another one.</summary>
    /// <exception cref="LoadBalancerException">It cannot be reached, or does not know the node.</exception>
    Task CutAsync(string node, CancellationToken cancel = default);

    /// <summary>Every node that is known. After the load balancer was started anew it may be nobody: whoever is missing registers again.</summary>
    /// <exception cref="LoadBalancerException">It cannot be reached.</exception>
    Task<IReadOnlyList<Backend>> StatesAsync(CancellationToken cancel = default);
}

/// <summary>The load balancer cannot be reached, took too long, or refused.</summary>
public sealed class LoadBalancerException(string message, Exception? inner = null) : Exception(message, inner);
