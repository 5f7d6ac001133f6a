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

    /// <summary>Waits until every node's board shows the topic.</summary>
    /// <exception cref="MeasurementException">One does not.</exception>
    public async Task KnownEverywhereAsync(Guid topic, CancellationToken cancel)
    {
        var deadline = Clock.After(Clock.Now, PostingClient.Patience);
        foreach (var http in _targets.Distinct())
        {
            while (!await ShowsAsync(http, topic, cancel))
            {
                if (Clock.Now > deadline) throw new MeasurementException($"{http.BaseAddress} does not show a new topic after {PostingClient.Patience.TotalSeconds:0} s.");
                await Task.Delay(20, cancel);
            }
        }
    }

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

    private static async Task<bool> ShowsAsync(HttpClient http, Guid topic, CancellationToken cancel)
    {
        try
        {
            using var answer = await http.GetAsync($"/api/v1/topics/{topic}/posts?limit=1", cancel);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return false;
        }
    }
}
