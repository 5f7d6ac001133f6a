namespace Connect.RingDaemon.LoadBalancing;

/// <summary>There is none: people type a node's own address.</summary>
public sealed class NoLoadBalancer : ILoadBalancer
{
    public Task RegisterAsync(string node, string host, int port, CancellationToken cancel = default) => Task.CompletedTask;

    public Task SetStateAsync(string node, TrafficState state, CancellationToken cancel = default) => Task.CompletedTask;

    public Task CutAsync(string node, CancellationToken cancel = default) => Task.CompletedTask;

    public Task<IReadOnlyList<Backend>> StatesAsync(CancellationToken cancel = default) => Task.FromResult<IReadOnlyList<Backend>>([]);
}
