using System.Text;
using Connect.LoadTests.Load;
using Connect.LoadTests.Results;
using Connect.LoadTests.Ring;

namespace Connect.LoadTests.Up;

/// <summary>One ring from nothing to nothing.</summary>
/// <param name="UpSeconds">From the command to its return.</param>
/// <param name="FirstPageMs">The GET through the load balancer right after it.</param>
/// <param name="DownSeconds"><c>down --wipe</c>.</param>
/// <param name="Left">Processes and files that were left.</param>
public sealed record UpRound(int Number, double UpSeconds, double FirstPageMs, int FirstPageStatus, double DownSeconds, IReadOnlyList<string> Left);

/// <summary>Every ring of a measurement.</summary>
public sealed record UpNumbers(string Engine, int RingSize, IReadOnlyList<UpRound> Rounds)
{
    public IReadOnlyList<Verdict> Verdicts =>
    [
        new("from the command to a ring that serves (the slowest), s", Engine == "mysql" ? 40 : 20, Rounds.Count > 0 ? Rounds.Max(r => r.UpSeconds + r.FirstPageMs / 1000) : null),
        new("rings whose first page was not 200", 0, Rounds.Count(r => r.FirstPageStatus != 200)),
        new("processes and folders left after down --wipe", 0, Rounds.Sum(r => r.Left.Count)),
    ];

    public string Body()
    {
        var up = Summary.Of(Rounds.Select(r => r.UpSeconds));
        var page = new StringBuilder($"{RingSize} nodes on {Engine}, {Rounds.Count} times from an empty folder; everything was built before. Up: median {up.P50:0.0} s, longest {up.Max:0.0} s.\n\n");
        page.Append("| # | up, s | first page, ms | status | down --wipe, s | left over |\n| ---: | ---: | ---: | ---: | ---: | --- |\n");
        foreach (var r in Rounds)
            page.Append($"| {r.Number} | {r.UpSeconds:0.0} | {r.FirstPageMs:0} | {r.FirstPageStatus} | {r.DownSeconds:0.0} | {(r.Left.Count == 0 ? "nothing" : string.Join("; ", r.Left))} |\n");
        return page.ToString();
    }
}

/// <summary>Takes rings up and down with the operator's own command.</summary>
public static class UpRun
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    public static async Task<UpNumbers> RunAsync(string engine, int size, int rounds, string folder, int port, TextWriter progress, CancellationToken cancel)
    {
        var path = Path.GetFullPath(folder);
        if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any()) throw new MeasurementException($"{path} is not empty; a ring is measured from nothing.");
        await ConnectCommand.RunAsync(Patience, cancel, "--help"); // builds what is missing: not part of what is measured
        var done = new List<UpRound>();
        for (var number = 1; number <= rounds; number++)
        {
            var up = await ConnectCommand.RunAsync(Patience, cancel, "up", "--engine", engine, "--nodes", $"{size}", "--data", path, "--port", $"{port}", "--detach");
            var (status, page) = await GetAsync($"http://127.0.0.1:{port}/", cancel);
            var down = await ConnectCommand.RunAsync(Patience, cancel, "down", "--wipe", "--data", path);
            List<string> left = [.. RingLeftovers.Of(path), .. Directory.Exists(path) ? Directory.EnumerateFileSystemEntries(path) : []];
            done.Add(new(number, up / 1000, page, status, down / 1000, left));
            await progress.WriteLineAsync($"{engine} {number}/{rounds}: up {up / 1000:0.0} s, first page {status} after {page:0} ms, down {down / 1000:0.0} s, left over: {left.Count}");
        }
        return new(engine, size, done);
    }

    private static async Task<(int Status, double Milliseconds)> GetAsync(string url, CancellationToken cancel)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = true }) { Timeout = TimeSpan.FromSeconds(10) };
        var began = Clock.Now;
        try
        {
            using var answer = await http.GetAsync(url, cancel);
            return ((int)answer.StatusCode, Clock.Milliseconds(began, Clock.Now));
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return (0, Clock.Milliseconds(began, Clock.Now));
        }
    }
}
