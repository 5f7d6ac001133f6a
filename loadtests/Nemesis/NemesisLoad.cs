using Connect.LoadTests.Load;
using Connect.LoadTests.Posting;
using Connect.LoadTests.Ring;

namespace Connect.LoadTests.Nemesis;

/// <summary>People who post while things break: every second one through the load balancer, the others directly at the nodes in turn.</summary>
public sealed class NemesisLoad : IDisposable
{
    private readonly HttpClient[] _targets;

    public NemesisLoad(RingUnderTest ring)
    {
        var balancer = PostingClient.Connect(ring.BoardUrl, ring.BoardToken);
        _targets = [.. ring.Nodes.SelectMany(node => new[] { balancer, PostingClient.Connect(node.Settings.Web.Url, ring.BoardToken) })];
    }

    public HttpClient Balancer => _targets[0];

    /// <summary>Posts evenly until it is stopped, then waits for what is under way.</summary>
    public Task<LoadResult> RunAsync(Guid topic, Ledger ledger, double rate, CancellationToken stop)
    {
        PostingClient[] clients = [.. _targets.Select(http => new PostingClient(http, topic, ledger))];
        return LoadRunner.RunAsync(Scenario.Create("posts while things break", request => clients[request.Number % clients.Length].PostAsync(LedgerJudge.NewToken()))
            .WithMaxInFlight(4000)
            .WithLoad(LoadSimulation.Inject(rate, TimeSpan.FromHours(1))), stop);
    }

    public void Dispose()
    {
        foreach (var http in _targets.Distinct()) http.Dispose();
    }
}
