using System.Text;
using Connect.LoadTests.Load;
using Connect.LoadTests.Results;

namespace Connect.LoadTests.Pages;

/// <summary>One kind of page, asked for by one reader, one after the other.</summary>
/// <param name="Latency">From asking to the last byte, ms.</param>
/// <param name="Bytes">As they came over the wire, the median.</param>
/// <param name="RawLatencies">ms, in their order, separated by spaces.</param>
public sealed record PageTimes(string Kind, Summary Latency, int Bytes, string RawLatencies);

/// <summary>How many requests a second a page that everybody looks at can have, against a constant of the same size.</summary>
/// <param name="Board">Requests/s of each turn.</param>
/// <param name="Constant">The same of the constant, in turns with it.</param>
/// <param name="Bytes">Of both, as they came over the wire.</param>
/// <param name="BoardMicroseconds">Processor time of the board's process for each request, µs.</param>
/// <param name="Fetches">What was sent: which compression was asked for.</param>
public sealed record HotPage(string Fetches, int Bytes, IReadOnlyList<double> Board, IReadOnlyList<double> Constant, double BoardMicroseconds, double ConstantMicroseconds)
{
    public double Ratio => new Percentiles(Board)[50] / new Percentiles(Constant)[50];
}

public sealed record PagesNumbers(
    string Engine, int Topics, int Posts, int BigTopicPosts, double FillSeconds, double IndexSeconds, long IndexMegabytes, IReadOnlyList<PageTimes> Pages, IReadOnlyList<HotPage> Hot)
{
    /// <summary>Of the constant page's requests/s that a hot topic page has at least.</summary>
    private const double HotShare = 0.4;

    public IReadOnlyList<Verdict> Verdicts =>
    [
        .. Pages.Select(p => new Verdict($"{p.Kind}: p99, ms", 50, p.Latency.P99)),
        // A verdict names the most that passes: so many times slower than the constant.
        .. Hot.Select(h => new Verdict($"hot topic page ({h.Fetches}): times slower than a constant", 1 / HotShare, 1 / h.Ratio)),
    ];

    public string Body()
    {
        var page = new StringBuilder($"{Topics:n0} topics and {Posts:n0} posts on one node, one topic of about {BigTopicPosts:n0}; brought in past the board in {FillSeconds:0} s; {IndexSeconds:0} s later everything was in the search ({IndexMegabytes} MB on disk).\n\n");
        page.Append("One reader, one request after the other, each with an address nobody asked for before (no page is kept from an earlier one). From asking to the last byte.\n\n");
        page.Append("| page | median, ms | p90 | p99 | max | n | bytes |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n");
        foreach (var p in Pages) page.Append($"| {p.Kind} | {p.Latency.P50:0.0} | {p.Latency.P90:0.0} | {p.Latency.P99:0.0} | {p.Latency.Max:0.0} | {p.Latency.Count} | {p.Bytes:n0} |\n");
        page.Append("\nA topic's page as many guests ask for it at once, against a constant of the same bytes from a program that does nothing else, in turns, both on this machine's Kestrel.\n\n");
        page.Append("| asked for | bytes | board, requests/s | constant | share | board, µs of processor | constant |\n| --- | ---: | --- | --- | ---: | ---: | ---: |\n");
        foreach (var h in Hot)
            page.Append($"| {h.Fetches} | {h.Bytes:n0} | {string.Join(", ", h.Board.Select(r => $"{r:n0}"))} | {string.Join(", ", h.Constant.Select(r => $"{r:n0}"))} | {h.Ratio:0.00} | {h.BoardMicroseconds:0} | {h.ConstantMicroseconds:0} |\n");
        return page.ToString();
    }
}
