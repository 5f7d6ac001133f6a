using System.Net;
using System.Text.RegularExpressions;
using Connect.LoadTests.Load;
using Connect.LoadTests.Ring;

namespace Connect.LoadTests.Pages;

/// <summary>Fills one node with years of discussion, and reads it as people would.</summary>
public sealed partial class PagesRun(RingUnderTest ring, BigBoard board, int requests, int constantPort, TextWriter progress)
{
    private const int WarmUp = 15;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60), IndexPatience = TimeSpan.FromMinutes(30);

    private readonly Random _random = new(2026);
    private readonly string _url = ring.Nodes[0].Settings.Web.Url;
    private int _asked;

    public async Task<PagesNumbers> RunAsync(int topics, int posts, CancellationToken cancel)
    {
        using var daemons = new DaemonApi(ring);
        var engine = (await daemons.HealthyAsync(Patience, cancel)).Nodes[0].Engine;
        var began = Clock.Now;
        await board.FillAsync(ring.Nodes[0], progress, cancel);
        var filled = Clock.Milliseconds(began, Clock.Now) / 1000;
        using var guest = Reader();
        using var member = Reader();
        await SignUpAsync(member, cancel);
        began = Clock.Now;
        while (!(await TextAsync(guest, $"/search?q={board.LastWord}", cancel)).Contains("<mark>", StringComparison.Ordinal))
        {
            if (Clock.Milliseconds(began, Clock.Now) > IndexPatience.TotalMilliseconds) throw new MeasurementException($"The last post cannot be found after {IndexPatience.TotalMinutes:0} minutes.");
            await Task.Delay(500, cancel);
        }
        var indexed = Clock.Milliseconds(began, Clock.Now) / 1000;
        await progress.WriteLineAsync($"filled in {filled:0} s, in the search {indexed:0} s later");

        var big = $"/t/{board.BigTopic}";
        var pages = new List<PageTimes>();
        await ReadAsync("front page", guest, () => "/");
        await ReadAsync("a channel", guest, () => $"/c/{Channel()}");
        var cursors = await CursorsAsync(guest, cancel);
        await ReadAsync("a channel, later pages", guest, () => cursors[_random.Next(cursors.Count)]);
        await ReadAsync("any topic", guest, () => $"/t/{Any(board.Topics)}");
        await ReadAsync("the big topic, first page", guest, () => big);
        await ReadAsync("the big topic, somewhere in the middle", guest, () => $"{big}?at={Any(board.BigTopicSamples)}");
        await ReadAsync("the big topic, at a day", guest, () => $"{big}?date={DateTime.UtcNow.AddDays(-_random.Next(1, 1000)):yyyy-MM-dd}");
        await ReadAsync("the big topic, last page", guest, () => big + "?end=1");
        await ReadAsync("front page, signed in (unread channels)", member, () => "/");
        await ReadAsync("a channel, signed in (unread topics)", member, () => $"/c/{Channel()}");
        await ReadAsync("the big topic, last page, signed in", member, () => big + "?end=1");
        await ReadAsync("notifications", member, () => "/notifications");
        await ReadAsync("search: a common word", guest, () => $"/search?q={board.WordAt(_random.Next(40))}");
        await ReadAsync("search: a rare word", guest, () => $"/search?q={board.WordAt(4000 + _random.Next(2000))}");
        await ReadAsync("search: two common words", guest, () => $"/search?q={board.WordAt(_random.Next(40))}+{board.WordAt(_random.Next(40))}");
        await ReadAsync("search: two rare words", guest, () => $"/search?q={board.WordAt(3000 + _random.Next(1000))}+{board.WordAt(4000 + _random.Next(1000))}");
        await ReadAsync("search in the big topic", guest, () => $"/search?topic={board.BigTopic}&q={board.WordAt(_random.Next(4000))}");
        await ReadAsync("feed of a topic", guest, () => $"/t/{Any(board.Topics)}/feed");

        var hot = new List<HotPage>();
        foreach (var encoding in (string[])["br", "identity"]) hot.Add(await HotPageRun.RunAsync(ring.Nodes[0], big + "?end=1", encoding, constantPort, cancel));
        var index = new FileInfo(ring.Nodes[0].Settings.Resolve(ring.Nodes[0].Settings.Web.SearchFile)).Length / 1_000_000;
        return new(engine, topics, posts, board.BigTopicPosts, filled, indexed, index, pages, hot);

        async Task ReadAsync(string kind, HttpClient reader, Func<string> address)
        {
            var (took, sizes) = (new List<double>(), new List<double>());
            for (var i = 0; i < requests + WarmUp; i++)
            {
                var path = address();
                var since = Clock.Now;
                // Nobody has asked for this address before: pages that are kept for others do not help.
                using var answer = await reader.GetAsync($"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}n={++_asked}", cancel);
                var size = (await answer.Content.ReadAsByteArrayAsync(cancel)).Length;
                if (!answer.IsSuccessStatusCode) throw new MeasurementException($"{path} answered {(int)answer.StatusCode}.");
                if (i < WarmUp) continue;
                took.Add(Clock.Milliseconds(since, Clock.Now));
                sizes.Add(size);
            }
            var times = new PageTimes(kind, Summary.Of(took), (int)new Percentiles(sizes)[50], string.Join(' ', took.Select(t => t.ToString("0.#"))));
            pages.Add(times);
            await progress.WriteLineAsync($"{kind}: median {times.Latency.P50:0.0}, p99 {times.Latency.P99:0.0} ms");
        }
    }

    private string Channel() => BigBoard.SlugOf(_random.Next(BigBoard.Channels));

    private Guid Any(IReadOnlyList<Guid> of) => of[_random.Next(of.Count)];

    private HttpClient Reader()
    {
        var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, AutomaticDecompression = DecompressionMethods.None }) { BaseAddress = new(_url), Timeout = Patience };
        http.DefaultRequestHeaders.AcceptEncoding.ParseAdd("br");
        return http;
    }

    private static async Task<string> TextAsync(HttpClient reader, string path, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.AcceptEncoding.ParseAdd("identity");
        using var answer = await reader.SendAsync(request, cancel);
        return await answer.Content.ReadAsStringAsync(cancel);
    }

    private static async Task SignUpAsync(HttpClient reader, CancellationToken cancel)
    {
        var form = await TextAsync(reader, "/signup", cancel);
        using var fields = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["__RequestVerificationToken"] = Token().Match(form).Groups[1].Value,
            ["Name"] = "reader",
            ["Password"] = Guid.NewGuid().ToString("N"),
        });
        using var answer = await reader.PostAsync("/signup", fields, cancel);
        if (!(await TextAsync(reader, "/", cancel)).Contains("/signout", StringComparison.Ordinal))
            throw new MeasurementException($"The reader could not sign up: {(int)answer.StatusCode} at {answer.RequestMessage!.RequestUri!.AbsolutePath}.");
    }

    /// <summary>Addresses of later pages of one channel, as its links lead from one to the next.</summary>
    private async Task<List<string>> CursorsAsync(HttpClient reader, CancellationToken cancel)
    {
        var found = new List<string>();
        for (var page = $"/c/{Channel()}"; found.Count < 40 && Next().Match(await TextAsync(reader, page, cancel)) is { Success: true } next; found.Add(page)) page = WebUtility.HtmlDecode(next.Groups[1].Value);
        return found.Count > 0 ? found : throw new MeasurementException("A channel has one page only.");
    }

    [GeneratedRegex("name=\"__RequestVerificationToken\"[^>]* value=\"([^\"]+)\"")]
    private static partial Regex Token();

    [GeneratedRegex("<a rel=\"next\" href=\"([^\"]+)\"")]
    private static partial Regex Next();
}
