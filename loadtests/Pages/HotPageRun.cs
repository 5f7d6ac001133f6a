using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Connect.LoadTests.Load;
using Connect.LoadTests.Results;
using Connect.LoadTests.Ring;

namespace Connect.LoadTests.Pages;

/// <summary>Lets <c>wrk</c> ask for one page of a board and for a constant of the same bytes, in turns.</summary>
public static partial class HotPageRun
{
    private const int Turns = 5, Connections = 32;
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(6), Patience = TimeSpan.FromSeconds(30);

    /// <param name="encoding">What is asked for: <c>br</c>, <c>gzip</c> or <c>identity</c>.</param>
    public static async Task<HotPage> RunAsync(RingMember node, string address, string encoding, int port, CancellationToken cancel)
    {
        var page = node.Settings.Web.Url + address;
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, AutomaticDecompression = DecompressionMethods.None }) { Timeout = Patience };
        http.DefaultRequestHeaders.AcceptEncoding.ParseAdd(encoding);
        using var answer = await http.GetAsync(page, cancel);
        answer.EnsureSuccessStatusCode();
        var bytes = await answer.Content.ReadAsByteArrayAsync(cancel);
        var packed = answer.Content.Headers.ContentEncoding.FirstOrDefault() ?? "";
        var file = Path.GetTempFileName();
        await File.WriteAllBytesAsync(file, bytes, cancel);
        var constant = $"http://127.0.0.1:{port}";
        using var server = Start(Environment.ProcessPath!, [.. OwnProgram(), "constant", "--url", constant, "--file", file, "--encoding", packed]);
        try
        {
            await AnswersAsync(http, constant, cancel);
            var board = node.Process("web") ?? throw new MeasurementException($"The board of {node.Name} does not run.");
            await WrkAsync(page, encoding, cancel); // both warm
            await WrkAsync(constant, encoding, cancel);
            var (boards, constants) = (new List<(double Rate, double Microseconds)>(), new List<(double Rate, double Microseconds)>());
            for (var turn = 0; turn < Turns; turn++)
            {
                boards.Add(await MeasuredAsync(board.Pid, page, encoding, cancel));
                constants.Add(await MeasuredAsync(server.Id, constant, encoding, cancel));
            }
            return new(encoding, bytes.Length, [.. boards.Select(b => b.Rate)], [.. constants.Select(c => c.Rate)],
                new Percentiles(boards.Select(b => b.Microseconds))[50], new Percentiles(constants.Select(c => c.Microseconds))[50]);
        }
        finally
        {
            server.Kill();
            File.Delete(file);
        }
    }

    /// <summary>This program once more: <c>dotnet X.dll</c>, or itself.</summary>
    private static string[] OwnProgram() => Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [Environment.GetCommandLineArgs()[0]] : [];

    private static async Task AnswersAsync(HttpClient http, string url, CancellationToken cancel)
    {
        var deadline = Clock.After(Clock.Now, Patience);
        while (true)
        {
            try
            {
                using var answer = await http.GetAsync(url, cancel);
                return;
            }
            catch (HttpRequestException) when (Clock.Now < deadline)
            {
                await Task.Delay(100, cancel);
            }
        }
    }

    private static async Task<(double Rate, double Microseconds)> MeasuredAsync(int pid, string url, string encoding, CancellationToken cancel)
    {
        var before = ProcessUsage.TryRead(pid)!.CpuTicks;
        var (rate, requests) = await WrkAsync(url, encoding, cancel);
        var ticks = ProcessUsage.TryRead(pid)!.CpuTicks - before;
        return (rate, ticks * 1e6 / ProcessUsage.TicksPerSecond / requests);
    }

    private static async Task<(double Rate, long Requests)> WrkAsync(string url, string encoding, CancellationToken cancel)
    {
        using var wrk = Start("wrk", ["--threads", "1", "--connections", $"{Connections}", "--duration", $"{Turn.TotalSeconds:0}s", "--header", $"Accept-Encoding: {encoding}", url]);
        var said = await wrk.StandardOutput.ReadToEndAsync(cancel).WaitAsync(Turn + Patience, cancel);
        await wrk.WaitForExitAsync(cancel).WaitAsync(Patience, cancel);
        if (wrk.ExitCode != 0 || said.Contains("Non-2xx", StringComparison.Ordinal) || said.Contains("Socket errors", StringComparison.Ordinal)) throw new MeasurementException($"wrk did not get its answers from {url}:\n{said}");
        return (double.Parse(Rate().Match(said).Groups[1].Value, CultureInfo.InvariantCulture), long.Parse(Requests().Match(said).Groups[1].Value, CultureInfo.InvariantCulture));
    }

    private static Process Start(string program, string[] arguments)
    {
        var info = new ProcessStartInfo(program) { UseShellExecute = false, RedirectStandardOutput = true };
        foreach (var argument in arguments) info.ArgumentList.Add(argument);
        try
        {
            return Process.Start(info)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new MeasurementException($"{program} does not run here ({e.Message}); scripts/setup --measure installs it.", e);
        }
    }

    [GeneratedRegex(@"Requests/sec:\s+([\d.]+)")]
    private static partial Regex Rate();

    [GeneratedRegex(@"(\d+) requests in")]
    private static partial Regex Requests();
}
