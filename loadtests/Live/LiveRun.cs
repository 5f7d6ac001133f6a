using System.Collections.Concurrent;
using System.Text;
using Connect.LoadTests.Load;
using Connect.LoadTests.Posting;
using Connect.LoadTests.Results;
using Connect.LoadTests.Ring;

namespace Connect.LoadTests.Live;

/// <summary>From a post on one node to the page of a reader on another.</summary>
/// <param name="From">The node posted on.</param>
/// <param name="To">The node the page is open on.</param>
/// <param name="Arrival">From the moment a post was due to its event on the page, ms.</param>
/// <param name="AfterAcknowledgement">From the author's answer to the event, ms; negative if the reader saw it first.</param>
/// <param name="Missing">Acknowledged posts whose event did not come within the patience.</param>
/// <param name="Posting">What the author felt.</param>
/// <param name="RawArrivals">Each arrival in the order of posting, ms, separated by spaces.</param>
public sealed record LiveNumbers(
    string From, string To, int Posts, double PerSecond, Summary Arrival, Summary AfterAcknowledgement, int Missing, LoadResult Posting, string RawArrivals)
{
    public IReadOnlyList<Verdict> Verdicts =>
    [
        new("p99 from POST to the event on another node's page, ms", 300, Arrival.Count > 0 ? Arrival.P99 : null),
        new("acknowledged posts whose event never came", 0, Missing),
    ];

    public string Body()
    {
        var page = new StringBuilder($"{Posts} posts, {PerSecond:0.#} a second, through the board of {From}; the page is open on {To}; nothing else happens in the ring.\n\n");
        page.Append("| ms | min | median | p90 | p99 | max | n |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n");
        foreach (var (name, s) in new[] { ("from POST (due time) to the event", Arrival), ("from the author's answer to the event", AfterAcknowledgement), ("POST to the author's answer", Posting.Latency) })
            page.Append($"| {name} | {s.Min:0.#} | {s.P50:0.#} | {s.P90:0.#} | {s.P99:0.#} | {s.Max:0.#} | {s.Count} |\n");
        return page.ToString();
    }
}

/// <summary>Measures how live a live page is.</summary>
public static class LiveRun
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan ArrivalPatience = TimeSpan.FromSeconds(10);

    public static async Task<LiveNumbers> RunAsync(RingUnderTest ring, string from, string to, int posts, double perSecond, CancellationToken cancel)
    {
        using var daemons = new DaemonApi(ring);
        await daemons.HealthyAsync(TimeSpan.FromSeconds(60), cancel);
        using var http = PostingClient.Connect(ring[from].Settings.Web.Url, ring.BoardToken);
        var topic = await BoardTopic.CreateAsync(http, "Live", cancel);
        await daemons.HealthyAsync(TimeSpan.FromSeconds(60), cancel);
        using var page = new OpenPage(ring[to].Settings.Web.Url, ring.BoardToken);
        await page.OpenAsync(topic.Id, TimeSpan.FromSeconds(10));

        var ledger = new Ledger();
        var client = new PostingClient(http, topic.Id, ledger);
        var due = new ConcurrentDictionary<string, long>();
        var began = Clock.Now;
        var load = await LoadRunner.RunAsync(Scenario.Create("posts on one node", context =>
        {
            var token = LedgerJudge.NewToken();
            due[token] = context.Due;
            return client.PostAsync(token);
        }).WithWarmUp(WarmUp).WithLoad(LoadSimulation.Inject(perSecond, WarmUp + TimeSpan.FromSeconds(posts / perSecond))), cancel);

        var counted = ledger.Acknowledged.Where(a => due[a.Token] >= Clock.After(began, WarmUp)).OrderBy(a => due[a.Token]).ToArray();
        var deadline = Clock.After(Clock.Now, ArrivalPatience);
        while (counted.Any(a => page.SeenAt(a.Token) is null) && Clock.Now < deadline) await Task.Delay(50, cancel);
        var seen = counted.Where(a => page.SeenAt(a.Token) is not null).Select(a => (Due: due[a.Token], a.At, Seen: page.SeenAt(a.Token)!.Value)).ToArray();
        var arrivals = seen.Select(s => Clock.Milliseconds(s.Due, s.Seen)).ToArray();
        return new(from, to, counted.Length, perSecond, Summary.Of(arrivals), Summary.Of(seen.Select(s => Clock.Milliseconds(s.At, s.Seen))),
            counted.Length - seen.Length, load, string.Join(' ', arrivals.Select(a => a.ToString("0.##"))));
    }
}
