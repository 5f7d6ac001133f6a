using System.Collections.Concurrent;
using System.Text;
using Connect.LoadTests.Load;
using Connect.LoadTests.Posting;
using Connect.LoadTests.Results;
using Connect.LoadTests.Ring;

namespace Connect.LoadTests.Live;

/// <summary>From a post on one node to the pages of readers, on another or on all.</summary>
/// <param name="From">The node posted on.</param>
/// <param name="To">The nodes the pages are open on, in turn.</param>
/// <param name="Pages">How many are open.</param>
/// <param name="Arrival">From the moment a post was due to its event on a page, ms; of each post and each page.</param>
/// <param name="AfterAcknowledgement">From the author's answer to the event, ms; negative if the reader saw it first.</param>
/// <param name="Missing">Acknowledged posts whose event did not come within the patience, on each page that they did not reach.</param>
/// <param name="Posting">What the author felt.</param>
/// <param name="RawArrivals">Of each post in the order of posting its last arrival, ms, separated by spaces.</param>
public sealed record LiveNumbers(
    string From, IReadOnlyList<string> To, int Pages, int Posts, double PerSecond, Summary Arrival, Summary AfterAcknowledgement, int Missing, LoadResult Posting, string RawArrivals)
{
    public IReadOnlyList<Verdict> Verdicts =>
    [
        Pages == 1 ? new("p99 from POST to the event on another node's page, ms", 300, Arrival.Count > 0 ? Arrival.P99 : null)
            : new($"p99 from POST to the event on {Pages:n0} pages, ms", 1000, Arrival.Count > 0 ? Arrival.P99 : null),
        new("acknowledged posts whose event never came", 0, Missing),
    ];

    public string Body()
    {
        var page = new StringBuilder($"{Posts} posts, {PerSecond:0.#} a second, through the board of {From}; {(Pages == 1 ? "the page is" : $"{Pages:n0} pages are")} open on {string.Join(", ", To)}; nothing else happens in the ring.\n\n");
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
    private static readonly TimeSpan OpenPatience = TimeSpan.FromSeconds(10), ArrivalPatience = TimeSpan.FromSeconds(10);

    /// <param name="to">Pages are opened on these nodes in turn.</param>
    public static async Task<LiveNumbers> RunAsync(RingUnderTest ring, string from, IReadOnlyList<string> to, int open, int posts, double perSecond, CancellationToken cancel)
    {
        using var daemons = new DaemonApi(ring);
        await daemons.HealthyAsync(TimeSpan.FromSeconds(60), cancel);
        using var http = PostingClient.Connect(ring[from].Settings.Web.Url, ring.BoardToken);
        var topic = await BoardTopic.CreateAsync(http, "Live", cancel);
        await daemons.HealthyAsync(TimeSpan.FromSeconds(60), cancel);
        var pages = new List<OpenPage>();
        try
        {
            for (var i = 0; i < open; i++)
            {
                pages.Add(new(ring[to[i % to.Count]].Settings.Web.Url, ring.BoardToken));
                await pages[^1].OpenAsync(topic.Id, OpenPatience);
            }
            return await MeasureAsync(from, to, pages, http, topic, posts, perSecond, cancel);
        }
        finally
        {
            foreach (var page in pages) page.Dispose();
        }
    }

    private static async Task<LiveNumbers> MeasureAsync(
        string from, IReadOnlyList<string> to, List<OpenPage> pages, HttpClient http, BoardTopic topic, int posts, double perSecond, CancellationToken cancel)
    {
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
        while (counted.Any(a => pages.Any(p => p.SeenAt(a.Token) is null)) && Clock.Now < deadline) await Task.Delay(50, cancel);
        var seen = counted.Select(a => (Due: due[a.Token], a.At, Seen: pages.Select(p => p.SeenAt(a.Token)).OfType<long>().ToArray())).ToArray();
        return new(from, to, pages.Count, counted.Length, perSecond,
            Summary.Of(seen.SelectMany(s => s.Seen.Select(at => Clock.Milliseconds(s.Due, at)))), Summary.Of(seen.SelectMany(s => s.Seen.Select(at => Clock.Milliseconds(s.At, at)))),
            seen.Sum(s => pages.Count - s.Seen.Length), load,
            string.Join(' ', seen.Select(s => s.Seen.Length > 0 ? Clock.Milliseconds(s.Due, s.Seen.Max()).ToString("0.##") : "none")));
    }
}
